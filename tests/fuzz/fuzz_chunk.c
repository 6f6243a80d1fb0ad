/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a sealed chunk: everything that can be had from it.  Its size and checksum are put
 * right first, since no mutation would hit them; what is behind them is as it comes.
 */
#include "fuzz.h"

#include <zlib.h>

#include "record/rows.h"
#include "record/seal.h"

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_right(uint8_t *chunk, size_t size)
{
	put_u32(chunk, SEAL_MAGIC);
	put_u32(chunk + 8, (uint32_t)size);
	put_u32(chunk + 4, (uint32_t)crc32(0, chunk + 8, (uInt)(size - 8)));
}

/* Numbers into dictionaries are in range: rows.h promises it. */
static void check_dictionaries(struct rows *rows)
{
	uint32_t threads, cgroups, frames, nodes;
	const struct chunk_thread *thread = rows_threads(rows, &threads);
	const struct chunk_cgroup *cgroup = rows_cgroups(rows, &cgroups);
	const struct frame *frame = rows_frames(rows, &frames);
	const struct chunk_node *node = rows_nodes(rows, &nodes);

	for (uint32_t i = 0; thread && cgroup && i < threads; i++)
		CHECK(thread[i].cgroup < cgroups && thread[i].comm < rows_string_count(rows) &&
			thread[i].process < rows_string_count(rows));
	for (uint32_t i = 1; node && frame && i < nodes; i++)
		CHECK(node[i].parent < i && node[i].frame < frames);
}

static uint64_t read_all(struct rows *rows)
{
	uint32_t count = rows_count(rows),
		 limits[CHUNK_INDEXES] = {[CHUNK_THREAD] = rows_thread_count(rows),
			 [CHUNK_STACK] = rows_node_count(rows),
			 [CHUNK_NAME] = rows_string_count(rows)};
	uint64_t sum = 0;

	rows_kinds(rows, &limits[CHUNK_KIND]);
	for (int i = 0; i < CHUNK_INDEXES; i++) {
		const uint32_t *column = rows_index(rows, (enum chunk_index)i);

		for (uint32_t row = 0; column && row < count; row++)
			CHECK(!limits[i] || column[row] < limits[i]);
	}
	for (int i = 0; i < CHUNK_VALUES; i++) {
		const uint64_t *column = rows_value(rows, (enum chunk_value)i);

		for (uint32_t row = 0; column && row < count; row++)
			sum += column[row];
	}
	for (uint32_t row = 0; row < count; row++) {
		struct rows_record record;

		if (!rows_record(rows, row, &record)) {
			CHECK(rows_damage(rows));
			break;
		}
		for (size_t i = 0; i < record.record.name.size; i++)
			sum += (uint8_t)record.record.name.data[i];
	}
	check_dictionaries(rows);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rows *rows = rows_new();
	uint8_t *chunk;

	if (size >= SEAL_HEADER) {
		chunk = malloc(size); /* of exactly its size: what is read past it is seen */
		CHECK(chunk);
		memcpy(chunk, data, size);
		put_right(chunk, size);
		if (rows_attach_sealed(rows, chunk, size))
			read_all(rows);
		else
			CHECK(rows_damage(rows));
		free(chunk);
	}
	rows_free(rows);
	return 0;
}
