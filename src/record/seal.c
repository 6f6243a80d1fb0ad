/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/seal.h"

#include <endian.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "record/column.h"

/*
 * Level 1: the lower ones are larger by a tenth, the higher ones gain 2 % and cost half as much
 * time again (make bench, "levels").
 */
#define SEAL_LEVEL 1

struct section {
	uint8_t what;
	uint16_t type;
	uint32_t unpacked, stored;
};

struct sealer {
	ZSTD_CCtx *zstd;
	struct buf plain;  /* of the section at hand */
	struct buf bodies; /* of all sections */
	struct section *sections;
	size_t section_count, section_capacity;
	uint64_t *values; /* gathered for a column */
	uint32_t *order;
	size_t value_capacity, order_capacity;
};

struct sealer *sealer_new(void)
{
	struct sealer *sealer = mem_zalloc(sizeof(*sealer));

	sealer->zstd = ZSTD_createCCtx();
	if (sealer->zstd)
		ZSTD_CCtx_setParameter(sealer->zstd, ZSTD_c_compressionLevel, SEAL_LEVEL);
	return sealer;
}

void sealer_free(struct sealer *sealer)
{
	if (!sealer)
		return;
	ZSTD_freeCCtx(sealer->zstd);
	buf_release(&sealer->plain);
	buf_release(&sealer->bodies);
	free(sealer->sections);
	free(sealer->values);
	free(sealer->order);
	free(sealer);
}

static uint64_t *sealer_values(struct sealer *sealer, size_t count)
{
	sealer->values = mem_grow(
		sealer->values, &sealer->value_capacity, count ? count : 1, sizeof(uint64_t));
	return sealer->values;
}

/* Stores what stands in sealer->plain, compressed if that makes it smaller. */
static void sealer_store(struct sealer *sealer, unsigned what, unsigned type)
{
	const struct buf *plain = &sealer->plain;
	size_t room = ZSTD_compressBound(plain->size), stored = plain->size;
	char *body = buf_reserve(&sealer->bodies, room);

	if (sealer->zstd && plain->size > COLUMN_HEADER + 16) {
		size_t packed = ZSTD_compress2(sealer->zstd, body, room, plain->data, plain->size);

		if (!ZSTD_isError(packed) && packed < stored)
			stored = packed;
	}
	if (stored == plain->size && plain->size)
		memcpy(body, plain->data, plain->size);
	sealer->bodies.size += stored;
	sealer->sections = mem_grow(sealer->sections, &sealer->section_capacity,
		++sealer->section_count, sizeof(*sealer->sections));
	sealer->sections[sealer->section_count - 1] = (struct section){
		(uint8_t)what, (uint16_t)type, (uint32_t)plain->size, (uint32_t)stored};
	buf_clear(&sealer->plain);
}

static void seal_rows(struct sealer *sealer, const struct chunk *chunk)
{
	uint64_t *deltas = sealer_values(sealer, chunk->rows);
	uint64_t before = chunk->time_first;

	for (unsigned i = 0; i < CHUNK_INDEXES; i++) {
		column_pack_u32(&sealer->plain, chunk->index[i], chunk->rows);
		sealer_store(sealer, SEAL_INDEX + i, 0);
	}
	for (uint32_t row = 0; row < chunk->rows; row++) {
		deltas[row] = chunk->value[CHUNK_TIME][row] - before;
		before = chunk->value[CHUNK_TIME][row];
	}
	column_pack(&sealer->plain, deltas, chunk->rows);
	sealer_store(sealer, SEAL_VALUE + CHUNK_TIME, 0);
	for (unsigned i = CHUNK_TIME + 1; i < CHUNK_VALUES; i++) {
		column_pack(&sealer->plain, chunk->value[i], chunk->rows);
		sealer_store(sealer, SEAL_VALUE + i, 0);
	}
}

/* The rows in the order of their kinds, and within a kind in their own: a counting sort. */
static const uint32_t *seal_order(struct sealer *sealer, const struct chunk *chunk)
{
	const uint32_t *kinds = chunk->index[CHUNK_KIND];
	uint32_t *next = mem_alloc(chunk->kind_count * sizeof(*next));
	uint32_t start = 0;

	sealer->order = mem_grow(
		sealer->order, &sealer->order_capacity, chunk->rows, sizeof(*sealer->order));
	for (uint32_t kind = 0; kind < chunk->kind_count; kind++) {
		next[kind] = start;
		start += chunk->kinds[kind].count;
	}
	for (uint32_t row = 0; row < chunk->rows; row++)
		sealer->order[next[kinds[row]]++] = row;
	free(next);
	return sealer->order;
}

/* The slots of one kind, whose rows are @rows. */
static void seal_kind_slots(struct sealer *sealer, const struct chunk *chunk,
	const struct chunk_kind *kind, const uint32_t *rows)
{
	uint64_t *values = sealer_values(sealer, kind->count);

	for (unsigned slot = 0; slot < (unsigned)kind->nums + kind->texts; slot++) {
		const uint64_t *from = chunk->slot[slot];

		for (uint32_t i = 0; i < kind->count; i++)
			values[i] = from ? from[rows[i]] : 0;
		column_pack(&sealer->plain, values, kind->count);
	}
}

static void seal_slots(struct sealer *sealer, const struct chunk *chunk)
{
	const uint32_t *order = seal_order(sealer, chunk);

	for (unsigned type = 0; type < RECORD_TYPES; type++) {
		const uint32_t *rows = order;

		for (uint32_t kind = 0; kind < chunk->kind_count; kind++) {
			if (chunk->kinds[kind].type == type)
				seal_kind_slots(sealer, chunk, &chunk->kinds[kind], rows);
			rows += chunk->kinds[kind].count;
		}
		if (sealer->plain.size)
			sealer_store(sealer, SEAL_SLOTS, type);
	}
}

static void seal_strings(struct sealer *sealer, const struct chunk *chunk)
{
	const struct chunk_strings *strings = &chunk->strings;
	uint64_t *sizes = sealer_values(sealer, strings->count);

	for (uint32_t i = 0; i < strings->count; i++)
		sizes[i] = strings->ends[i] - (i ? strings->ends[i - 1] : 0);
	column_pack(&sealer->plain, sizes, strings->count);
	sealer_store(sealer, SEAL_STRING_SIZES, 0);
	buf_add(&sealer->plain, strings->bytes, strings->size);
	sealer_store(sealer, SEAL_STRING_BYTES, 0);
}

/* Packs one field of an array of structs, written as an expression of its entry number `at`. */
#define SEAL_FIELD(sealer, values, count, expression)         \
	do {                                                  \
		for (uint32_t at = 0; at < (count); at++)     \
			(values)[at] = (expression);          \
		column_pack(&(sealer)->plain, values, count); \
	} while (0)

static void seal_dictionaries(struct sealer *sealer, const struct chunk *c)
{
	uint32_t largest = c->thread_count;
	uint64_t *values;

	largest = c->cgroup_count > largest ? c->cgroup_count : largest;
	largest = c->frame_count > largest ? c->frame_count : largest;
	largest = c->node_count > largest ? c->node_count : largest;
	values = sealer_values(sealer, largest);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].tid);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].tgid);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].cgroup);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].comm);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].process);
	SEAL_FIELD(sealer, values, c->thread_count, c->threads[at].start);
	sealer_store(sealer, SEAL_THREADS, 0);
	SEAL_FIELD(sealer, values, c->cgroup_count, c->cgroups[at].hierarchy);
	SEAL_FIELD(sealer, values, c->cgroup_count, c->cgroups[at].id);
	sealer_store(sealer, SEAL_CGROUPS, 0);
	SEAL_FIELD(sealer, values, c->frame_count, c->frames[at].dso);
	SEAL_FIELD(sealer, values, c->frame_count, c->frames[at].address);
	sealer_store(sealer, SEAL_FRAMES, 0);
	SEAL_FIELD(sealer, values, c->node_count, at - c->nodes[at].parent);
	SEAL_FIELD(sealer, values, c->node_count, c->nodes[at].frame);
	sealer_store(sealer, SEAL_NODES, 0);
}

static void seal_header_write(
	const struct sealer *sealer, const struct chunk *chunk, struct buf *out)
{
	size_t size = SEAL_HEADER + SEAL_KIND * (size_t)chunk->kind_count +
		      SEAL_SECTION * sealer->section_count + sealer->bodies.size;

	buf_add_u32(out, SEAL_MAGIC);
	buf_add_u32(out, 0); /* the checksum, when all is there */
	buf_add_u32(out, (uint32_t)size);
	buf_add_u16(out, SEAL_VERSION);
	buf_add_char(out, (char)chunk->kept);
	buf_add_char(out, chunk->keyframe ? SEAL_FLAG_KEYFRAME : 0);
	buf_add_u64(out, chunk->sequence);
	buf_add_u64(out, chunk->time_first);
	buf_add_u64(out, chunk->time_last);
	buf_add_u64(out, chunk->longest);
	buf_add_u64(out, chunk->lost);
	buf_add_u32(out, chunk->rows);
	buf_add_u32(out, chunk->strings.count);
	buf_add_u32(out, chunk->strings.size);
	buf_add_u32(out, chunk->thread_count);
	buf_add_u32(out, chunk->cgroup_count);
	buf_add_u32(out, chunk->frame_count);
	buf_add_u32(out, chunk->node_count);
	buf_add_u16(out, (uint16_t)chunk->kind_count);
	buf_add_u16(out, (uint16_t)sealer->section_count);
	for (uint32_t i = 0; i < chunk->kind_count; i++) {
		const struct chunk_kind *kind = &chunk->kinds[i];

		buf_add_u16(out, kind->type);
		buf_add_char(out, (char)kind->nums);
		buf_add_char(out, (char)kind->texts);
		buf_add_u32(out, kind->sub);
		buf_add_u32(out, kind->count);
	}
	for (size_t i = 0; i < sealer->section_count; i++) {
		const struct section *section = &sealer->sections[i];

		buf_add_char(out, (char)section->what);
		buf_add_char(out, 0);
		buf_add_u16(out, section->type);
		buf_add_u32(out, section->unpacked);
		buf_add_u32(out, section->stored);
	}
}

static uint32_t seal_checksum(const void *data, size_t size)
{
	return (uint32_t)crc32(0, (const Bytef *)data + 8, (uInt)(size - 8));
}

void seal(struct sealer *sealer, const struct chunk *chunk, struct buf *out)
{
	size_t start = out->size;
	uint32_t checksum;

	buf_clear(&sealer->bodies);
	sealer->section_count = 0;
	seal_rows(sealer, chunk);
	seal_slots(sealer, chunk);
	seal_strings(sealer, chunk);
	seal_dictionaries(sealer, chunk);
	seal_header_write(sealer, chunk, out);
	buf_add(out, sealer->bodies.data, sealer->bodies.size);
	checksum = htole32(seal_checksum(out->data + start, out->size - start));
	memcpy(out->data + start + 4, &checksum, sizeof(checksum));
}

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static uint64_t get_u64(const uint8_t *at)
{
	return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

bool seal_header_read(const void *data, size_t size, struct seal_header *h)
{
	const uint8_t *at = data;
	uint32_t dictionaries[5];

	if (size < SEAL_HEADER || get_u32(at) != SEAL_MAGIC)
		return false;
	*h = (struct seal_header){.size = get_u32(at + 8),
		.version = get_u16(at + 12),
		.kept = at[14],
		.flags = at[15],
		.sequence = get_u64(at + 16),
		.time_first = get_u64(at + 24),
		.time_last = get_u64(at + 32),
		.longest = get_u64(at + 40),
		.lost = get_u64(at + 48),
		.rows = get_u32(at + 56),
		.strings = dictionaries[0] = get_u32(at + 60),
		.string_bytes = get_u32(at + 64),
		.threads = dictionaries[1] = get_u32(at + 68),
		.cgroups = dictionaries[2] = get_u32(at + 72),
		.frames = dictionaries[3] = get_u32(at + 76),
		.nodes = dictionaries[4] = get_u32(at + 80),
		.kinds = get_u16(at + 84),
		.sections = get_u16(at + 86)};
	for (int i = 0; i < 5; i++)
		if (!dictionaries[i] || dictionaries[i] > SEAL_MAX_ENTRIES)
			return false;
	return h->version == SEAL_VERSION && h->kept < RECORD_CLASSES && h->rows &&
	       h->rows <= SEAL_MAX_ROWS && h->kinds && h->string_bytes <= SEAL_MAX_UNPACKED &&
	       h->size <= SEAL_MAX_SIZE &&
	       h->size >= SEAL_HEADER + (uint32_t)h->kinds * SEAL_KIND +
				  (uint32_t)h->sections * SEAL_SECTION;
}

bool seal_check(const void *data, size_t size)
{
	return size >= SEAL_HEADER &&
	       get_u32((const uint8_t *)data + 4) == seal_checksum(data, size);
}
