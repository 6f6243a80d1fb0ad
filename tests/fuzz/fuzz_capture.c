/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a capture: opened, folded into a model, and every view run over it.  Checksums of
 * chunks that have kept their beginning are put right, so that what they hold is read; and of the
 * index, if the first byte says so.
 */
#include "fuzz.h"

#include <zlib.h>

#include "record/capture.h"
#include "record/seal.h"
#include "view/query.h"

static uint32_t u32_at(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_checksum(uint8_t *at, const uint8_t *from, size_t size)
{
	uint32_t sum = (uint32_t)crc32(0, from, (uInt)size);

	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(sum >> 8 * i);
}

static void put_right(uint8_t *file, size_t size, bool index_too)
{
	size_t at = CAPTURE_HEADER;

	memcpy(file, CAPTURE_MAGIC "\1\0\0\0\0\0\0\0", CAPTURE_HEADER);
	while (at + SEAL_HEADER <= size && u32_at(file + at) == SEAL_MAGIC) {
		uint32_t length = u32_at(file + at + 8);

		if (length < SEAL_HEADER || length > size - at)
			break;
		put_checksum(file + at + 4, file + at + 8, length - 8);
		at += length;
	}
	if (index_too && size - at >= CAPTURE_INDEX_HEADER + CAPTURE_FOOTER)
		put_checksum(file + at + 4, file + at + 8, size - at - CAPTURE_FOOTER - 8);
}

static bool always_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	return depth < 8;
}

static void run_views(struct recording *recording, struct model *model)
{
	static struct view_set views;

	if (!views.count)
		view_set_load(&views);
	for (size_t i = 0; i < views.count; i++)
		table_free(query_run(&(struct query_spec){.view = views.views[i],
					     .from = 0,
					     .to = UINT64_MAX,
					     .unfolding = {always_open, NULL}},
			recording, model));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = {0};
	struct recording *recording;
	struct model *model;
	uint8_t *file;
	char path[64];
	int fd;

	if (size < 1 + CAPTURE_HEADER)
		return 0;
	file = malloc(size - 1);
	CHECK(file);
	memcpy(file, data + 1, size - 1);
	put_right(file, size - 1, data[0] & 1);
	fd = fuzz_file(file, size - 1);
	free(file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	recording = recording_open_file(path, &error);
	close(fd);
	CHECK(recording); /* the header is right: whatever follows is damage */
	model = model_new();
	model_load(model, recording);
	run_views(recording, model);
	model_free(model);
	recording_free(recording);
	return 0;
}
