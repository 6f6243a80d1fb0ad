/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/rows.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "record/column.h"

/* A memory that is used again for the next chunk. */
struct space {
	void *data;
	size_t capacity; /* bytes */
};

struct section_row {
	uint32_t what, type;
	uint32_t unpacked, stored;
	const uint8_t *body;
};

/* Dictionaries and columns that have been unpacked for the chunk at hand. */
enum part { PART_STRINGS, PART_THREADS, PART_CGROUPS, PART_FRAMES, PART_NODES, PARTS };

struct rows {
	const struct chunk *chunk; /* open; NULL: sealed */
	uint32_t open_rows;	   /* of the open chunk when it was attached */
	struct seal_header header;
	const char *damage;
	ZSTD_DCtx *zstd;

	struct section_row *sections;
	struct chunk_kind *kinds;
	size_t section_capacity, kind_capacity;

	struct space plain; /* of the section unpacked last */
	struct space index[CHUNK_INDEXES], value[CHUNK_VALUES], slot[RECORD_TYPES][RECORD_SLOTS];
	bool have_index[CHUNK_INDEXES], have_value[CHUNK_VALUES];
	bool have_slot[RECORD_TYPES][RECORD_SLOTS];
	/* Slots of a type, unpacked once for all its slots. */
	struct space slots[RECORD_TYPES];
	size_t slots_size[RECORD_TYPES];
	bool have_slots[RECORD_TYPES];

	bool have_part[PARTS];
	struct space threads, cgroups, frames, nodes, string_ends, string_bytes, scratch,
		scratch_u32;
};

struct rows *rows_new(void)
{
	struct rows *rows = mem_zalloc(sizeof(*rows));

	rows->zstd = ZSTD_createDCtx();
	return rows;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	ZSTD_freeDCtx(rows->zstd);
	free(rows->sections);
	free(rows->kinds);
	free(rows->plain.data);
	for (int i = 0; i < CHUNK_INDEXES; i++)
		free(rows->index[i].data);
	for (int i = 0; i < CHUNK_VALUES; i++)
		free(rows->value[i].data);
	for (int type = 0; type < RECORD_TYPES; type++) {
		free(rows->slots[type].data);
		for (int i = 0; i < RECORD_SLOTS; i++)
			free(rows->slot[type][i].data);
	}
	free(rows->threads.data);
	free(rows->cgroups.data);
	free(rows->frames.data);
	free(rows->nodes.data);
	free(rows->string_ends.data);
	free(rows->string_bytes.data);
	free(rows->scratch.data);
	free(rows->scratch_u32.data);
	free(rows);
}

/* Room for @count things of @size bytes; what stood there before is lost. */
static void *space_for(struct space *space, size_t count, size_t size)
{
	size_t bytes = (count ? count : 1) * size;

	if (bytes > space->capacity) {
		free(space->data);
		space->capacity = bytes + bytes / 4;
		space->data = mem_alloc(space->capacity);
	}
	return space->data;
}

static void rows_forget(struct rows *rows)
{
	rows->chunk = NULL;
	rows->damage = NULL;
	memset(rows->have_index, 0, sizeof(rows->have_index));
	memset(rows->have_value, 0, sizeof(rows->have_value));
	memset(rows->have_slot, 0, sizeof(rows->have_slot));
	memset(rows->have_slots, 0, sizeof(rows->have_slots));
	memset(rows->have_part, 0, sizeof(rows->have_part));
}

static void *rows_damaged(struct rows *rows, const char *what)
{
	if (!rows->damage)
		rows->damage = what;
	return NULL;
}

void rows_attach(struct rows *rows, const struct chunk *chunk)
{
	rows_forget(rows);
	rows->chunk = chunk;
	rows->open_rows = chunk->rows;
}

static uint32_t le32_at(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool rows_read_kinds(struct rows *rows, const uint8_t *at)
{
	uint64_t total = 0;

	rows->kinds = mem_grow(
		rows->kinds, &rows->kind_capacity, rows->header.kinds, sizeof(*rows->kinds));
	for (uint32_t i = 0; i < rows->header.kinds; i++, at += SEAL_KIND) {
		rows->kinds[i] = (struct chunk_kind){(uint16_t)(at[0] | at[1] << 8), at[2], at[3],
			le32_at(at + 4), le32_at(at + 8)};
		total += rows->kinds[i].count;
	}
	return total == rows->header.rows;
}

static bool rows_read_sections(struct rows *rows, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *body = at + (size_t)rows->header.sections * SEAL_SECTION;

	rows->sections = mem_grow(rows->sections, &rows->section_capacity, rows->header.sections,
		sizeof(*rows->sections));
	for (uint32_t i = 0; i < rows->header.sections; i++, at += SEAL_SECTION) {
		struct section_row *section = &rows->sections[i];

		*section = (struct section_row){at[0], (uint32_t)(at[2] | at[3] << 8),
			le32_at(at + 4), le32_at(at + 8), body};
		if (section->stored > (size_t)(end - body) || section->unpacked > SEAL_MAX_UNPACKED)
			return false;
		body += section->stored;
	}
	return true;
}

bool rows_attach_sealed(struct rows *rows, const void *data, size_t size)
{
	const uint8_t *at = data;

	rows_forget(rows);
	if (!seal_header_read(data, size, &rows->header) || rows->header.size != size)
		return rows_damaged(rows, "no chunk header");
	if (!seal_check(data, size))
		return rows_damaged(rows, "wrong checksum");
	if (!rows_read_kinds(rows, at + SEAL_HEADER))
		return rows_damaged(rows, "kinds and rows disagree");
	if (!rows_read_sections(
		    rows, at + SEAL_HEADER + (size_t)rows->header.kinds * SEAL_KIND, at + size))
		return rows_damaged(rows, "a section is longer than the chunk");
	return true;
}

const char *rows_damage(const struct rows *rows)
{
	return rows->damage;
}

uint32_t rows_count(const struct rows *rows)
{
	return rows->chunk ? rows->open_rows : rows->header.rows;
}

enum record_class rows_class(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->kept : (enum record_class)rows->header.kept;
}

uint64_t rows_sequence(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->sequence : rows->header.sequence;
}

void rows_span(const struct rows *rows, uint64_t *first, uint64_t *last)
{
	*first = rows->chunk ? rows->chunk->time_first : rows->header.time_first;
	*last = rows->chunk ? rows->chunk->time_last : rows->header.time_last;
}

uint64_t rows_longest(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->longest : rows->header.longest;
}

const struct chunk_kind *rows_kinds(const struct rows *rows, uint32_t *count)
{
	*count = rows->chunk ? rows->chunk->kind_count : rows->header.kinds;
	return rows->chunk ? rows->chunk->kinds : rows->kinds;
}

bool rows_have(const struct rows *rows, enum record_type type)
{
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);

	for (uint32_t i = 0; i < count; i++)
		if (kinds[i].type == type && kinds[i].count)
			return true;
	return false;
}

/* Unpacks a section into @space; a reader of its bytes, at == NULL if there is none. */
static struct column_reader rows_section(
	struct rows *rows, unsigned what, unsigned type, struct space *space)
{
	for (uint32_t i = 0; i < rows->header.sections; i++) {
		const struct section_row *section = &rows->sections[i];
		uint8_t *out;

		if (section->what != what || section->type != type)
			continue;
		if (section->stored == section->unpacked)
			return (struct column_reader){
				section->body, section->body + section->unpacked};
		out = space_for(space, section->unpacked, 1);
		if (ZSTD_decompressDCtx(rows->zstd, out, section->unpacked, section->body,
			    section->stored) != section->unpacked)
			break;
		return (struct column_reader){out, out + section->unpacked};
	}
	rows_damaged(rows, "a section is missing or does not unpack");
	return (struct column_reader){NULL, NULL};
}

/* What the numbers in a column of rows have to be below. */
static uint64_t rows_limit(const struct rows *rows, enum chunk_index column)
{
	switch (column) {
	case CHUNK_KIND:
		return rows->header.kinds;
	case CHUNK_THREAD:
		return rows->header.threads;
	case CHUNK_STACK:
		return rows->header.nodes;
	case CHUNK_NAME:
		return rows->header.strings;
	case CHUNK_CPU:
		return SEAL_MAX_CPUS;
	default:
		return COLUMN_ANY;
	}
}

/* The kinds' counts are what slots are unpacked by: they have to be those of the column. */
static bool rows_check_kinds(const struct rows *rows, const uint32_t *kinds)
{
	uint32_t *counts = mem_zalloc(rows->header.kinds * sizeof(*counts));
	bool same = true;

	for (uint32_t row = 0; row < rows->header.rows; row++)
		counts[kinds[row]]++;
	for (uint32_t i = 0; i < rows->header.kinds; i++)
		same &= counts[i] == rows->kinds[i].count;
	free(counts);
	return same;
}

const uint32_t *rows_index(struct rows *rows, enum chunk_index column)
{
	struct column_reader reader;
	uint32_t *values;

	if (rows->chunk)
		return rows->chunk->index[column];
	if (rows->have_index[column])
		return rows->index[column].data;
	values = space_for(&rows->index[column], rows->header.rows, sizeof(*values));
	reader = rows_section(rows, SEAL_INDEX + column, 0, &rows->plain);
	if (!reader.at)
		return NULL;
	if (!column_unpack_index(&reader, values, rows->header.rows, rows_limit(rows, column)))
		return rows_damaged(rows, "a number points out of its dictionary");
	if (column == CHUNK_KIND && !rows_check_kinds(rows, values))
		return rows_damaged(rows, "kinds and rows disagree");
	rows->have_index[column] = true;
	return values;
}

const uint64_t *rows_value(struct rows *rows, enum chunk_value column)
{
	struct column_reader reader;
	uint64_t *values;

	if (rows->chunk)
		return rows->chunk->value[column];
	if (rows->have_value[column])
		return rows->value[column].data;
	values = space_for(&rows->value[column], rows->header.rows, sizeof(*values));
	reader = rows_section(rows, SEAL_VALUE + column, 0, &rows->plain);
	if (!reader.at)
		return NULL;
	if (!column_unpack(&reader, values, rows->header.rows))
		return rows_damaged(rows, "a column is too short");
	if (column == CHUNK_TIME) {
		uint64_t time = rows->header.time_first;

		for (uint32_t row = 0; row < rows->header.rows; row++)
			values[row] = time += values[row];
	}
	rows->have_value[column] = true;
	return values;
}

/*
 * Unpacks the column of the slot of each kind of the type behind one another; @starts is set to
 * where those of each kind begin.  Kinds of the type without the slot get zeros; those of others
 * are left as they are.
 */
static bool rows_unpack_kinds(struct rows *rows, enum record_type type, bool text, unsigned number,
	uint64_t *parts, uint32_t *starts)
{
	struct column_reader reader = {
		rows->slots[type].data, (uint8_t *)rows->slots[type].data + rows->slots_size[type]};
	uint32_t start = 0;

	for (uint32_t kind = 0; kind < rows->header.kinds; kind++) {
		const struct chunk_kind *have = &rows->kinds[kind];
		unsigned slots = have->type == type ? (unsigned)have->nums + have->texts : 0;
		unsigned wanted = text ? have->nums + number : number;
		bool has = text ? number < have->texts : number < have->nums;
		bool taken = false;

		starts[kind] = start;
		for (unsigned slot = 0; slot < slots; slot++) {
			bool take = has && slot == wanted;

			if (!column_unpack(&reader, take ? parts + start : NULL, have->count))
				return false;
			taken |= take;
		}
		if (!taken && have->type == type)
			memset(parts + start, 0, have->count * sizeof(*parts));
		start += have->count;
	}
	return true;
}

/* Lays a slot out by row: each row takes the next value of its kind. */
static bool rows_unpack_slot(
	struct rows *rows, enum record_type type, bool text, unsigned number, uint64_t *values)
{
	const uint32_t *kinds = rows_index(rows, CHUNK_KIND);
	uint32_t *starts;
	uint64_t *parts;

	if (!kinds)
		return false;
	starts = space_for(&rows->scratch_u32, rows->header.kinds, sizeof(*starts));
	if (rows->header.kinds == 1)
		return rows_unpack_kinds(rows, type, text, number, values, starts);
	parts = space_for(&rows->scratch, rows->header.rows, sizeof(*parts));
	if (!rows_unpack_kinds(rows, type, text, number, parts, starts))
		return false;
	for (uint32_t row = 0; row < rows->header.rows; row++) {
		uint32_t kind = kinds[row];

		values[row] = rows->kinds[kind].type == type ? parts[starts[kind]++] : 0;
	}
	return true;
}

/* An older writer may not have known the slot. */
static bool rows_have_slot(
	const struct rows *rows, enum record_type type, bool text, unsigned number)
{
	for (uint32_t i = 0; i < rows->header.kinds; i++)
		if (rows->kinds[i].type == type &&
			number < (text ? rows->kinds[i].texts : rows->kinds[i].nums))
			return true;
	return false;
}

static bool rows_unpack_slots(struct rows *rows, enum record_type type)
{
	struct column_reader reader;

	if (rows->have_slots[type])
		return true;
	reader = rows_section(rows, SEAL_SLOTS, type, &rows->slots[type]);
	if (!reader.at)
		return false;
	rows->slots_size[type] = (size_t)(reader.end - reader.at);
	if (reader.at != rows->slots[type].data) /* stored as it is, within the chunk */
		memcpy(space_for(&rows->slots[type], rows->slots_size[type], 1), reader.at,
			rows->slots_size[type]);
	rows->have_slots[type] = true;
	return true;
}

/*
 * Slots of several types share an array: those of others are left out.  With thousands of samples
 * around a few records of usage this is gone through for each of their slots: by a mask, not a
 * branch.
 */
static void rows_open_slot(struct rows *rows, enum record_type type, unsigned at, uint64_t *values)
{
	const struct chunk *chunk = rows->chunk;
	const uint32_t *kinds = chunk->index[CHUNK_KIND];
	const uint64_t *slot = chunk->slot[at];
	uint64_t *masks;

	if (!slot) {
		memset(values, 0, rows->open_rows * sizeof(*values));
		return;
	}
	masks = space_for(&rows->scratch, chunk->kind_count, sizeof(*masks));
	for (uint32_t kind = 0; kind < chunk->kind_count; kind++)
		masks[kind] = chunk->kinds[kind].type == type ? UINT64_MAX : 0;
	for (uint32_t row = 0; row < rows->open_rows; row++)
		values[row] = slot[row] & masks[kinds[row]];
}

static const uint64_t *rows_slot(
	struct rows *rows, enum record_type type, bool text, unsigned number)
{
	unsigned at = text ? record_schema(type)->nums + number : number;
	struct space *space = &rows->slot[type][at];
	uint64_t *values;

	if (rows->have_slot[type][at])
		return space->data;
	if (rows->chunk && rows->chunk->slot[at] && rows->chunk->kind_count == 1 &&
		rows->chunk->kinds[0].type == type)
		return rows->chunk->slot[at];
	values = space_for(space, rows_count(rows), sizeof(*values));
	if (rows->chunk) {
		rows_open_slot(rows, type, at, values);
	} else if (!rows_have_slot(rows, type, text, number)) {
		memset(values, 0, rows->header.rows * sizeof(*values));
	} else if (!rows_unpack_slots(rows, type) ||
		   !rows_unpack_slot(rows, type, text, number, values)) {
		return rows_damaged(rows, "the slots of a type do not unpack");
	}
	rows->have_slot[type][at] = true;
	return values;
}

const uint64_t *rows_num(struct rows *rows, enum record_type type, unsigned num)
{
	return rows_slot(rows, type, false, num);
}

const uint64_t *rows_text(struct rows *rows, enum record_type type, unsigned text)
{
	const uint64_t *values = rows_slot(rows, type, true, text);

	for (uint32_t row = 0; values && row < rows_count(rows); row++)
		if (values[row] >= rows_string_count(rows))
			return rows_damaged(rows, "a number points out of its dictionary");
	return values;
}

/* Unpacks the next column of a dictionary section; false if it is not as long. */
static bool rows_field(struct rows *rows, struct column_reader *reader, uint32_t count,
	uint64_t limit, uint32_t **values)
{
	*values = space_for(&rows->scratch_u32, count, sizeof(**values));
	return reader->at && column_unpack_index(reader, *values, count, limit);
}

/* When threads began; files of older writers do not tell. */
static bool rows_thread_starts(struct rows *rows, struct column_reader *reader,
	struct chunk_thread *threads, uint32_t count)
{
	uint64_t *starts = space_for(&rows->scratch, count, sizeof(*starts));
	bool is_told = reader->at != reader->end;

	if (is_told && !column_unpack(reader, starts, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		threads[i].start = is_told ? starts[i] : 0;
		threads[i].unused = 0;
	}
	return true;
}

const struct chunk_thread *rows_threads(struct rows *rows, uint32_t *count)
{
	const struct seal_header *h = &rows->header;
	struct column_reader reader;
	struct chunk_thread *threads;
	uint32_t *part;
	bool whole = true;

	*count = rows->chunk ? rows->chunk->thread_count : h->threads;
	if (rows->chunk)
		return rows->chunk->threads;
	if (rows->have_part[PART_THREADS])
		return rows->threads.data;
	threads = space_for(&rows->threads, h->threads, sizeof(*threads));
	reader = rows_section(rows, SEAL_THREADS, 0, &rows->plain);
#define THREAD_FIELD(field, limit)                                                    \
	do {                                                                          \
		whole = whole && rows_field(rows, &reader, h->threads, limit, &part); \
		for (uint32_t i = 0; whole && i < h->threads; i++)                    \
			threads[i].field = part[i];                                   \
	} while (0)
	THREAD_FIELD(tid, COLUMN_ANY);
	THREAD_FIELD(tgid, COLUMN_ANY);
	THREAD_FIELD(cgroup, h->cgroups);
	THREAD_FIELD(comm, h->strings);
	THREAD_FIELD(process, h->strings);
#undef THREAD_FIELD
	if (!whole || !rows_thread_starts(rows, &reader, threads, h->threads))
		return rows_damaged(rows, "the dictionary of threads does not unpack");
	rows->have_part[PART_THREADS] = true;
	return threads;
}

const struct chunk_cgroup *rows_cgroups(struct rows *rows, uint32_t *count)
{
	struct column_reader reader;
	struct chunk_cgroup *cgroups;
	uint32_t *hierarchy;
	uint64_t *ids;

	*count = rows->chunk ? rows->chunk->cgroup_count : rows->header.cgroups;
	if (rows->chunk)
		return rows->chunk->cgroups;
	if (rows->have_part[PART_CGROUPS])
		return rows->cgroups.data;
	cgroups = space_for(&rows->cgroups, *count, sizeof(*cgroups));
	ids = space_for(&rows->scratch, *count, sizeof(*ids));
	reader = rows_section(rows, SEAL_CGROUPS, 0, &rows->plain);
	if (!rows_field(rows, &reader, *count, COLUMN_ANY, &hierarchy) ||
		!column_unpack(&reader, ids, *count))
		return rows_damaged(rows, "the dictionary of cgroups does not unpack");
	for (uint32_t i = 0; i < *count; i++)
		cgroups[i] = (struct chunk_cgroup){ids[i], hierarchy[i]};
	rows->have_part[PART_CGROUPS] = true;
	return cgroups;
}

const struct frame *rows_frames(struct rows *rows, uint32_t *count)
{
	struct column_reader reader;
	struct frame *frames;
	uint32_t *dso;
	uint64_t *addresses;

	*count = rows->chunk ? rows->chunk->frame_count : rows->header.frames;
	if (rows->chunk)
		return rows->chunk->frames;
	if (rows->have_part[PART_FRAMES])
		return rows->frames.data;
	frames = space_for(&rows->frames, *count, sizeof(*frames));
	addresses = space_for(&rows->scratch, *count, sizeof(*addresses));
	reader = rows_section(rows, SEAL_FRAMES, 0, &rows->plain);
	if (!rows_field(rows, &reader, *count, COLUMN_ANY, &dso) ||
		!column_unpack(&reader, addresses, *count))
		return rows_damaged(rows, "the dictionary of frames does not unpack");
	for (uint32_t i = 0; i < *count; i++)
		frames[i] = (struct frame){addresses[i], dso[i]};
	rows->have_part[PART_FRAMES] = true;
	return frames;
}

/* Node 0 is its own parent; every other one stands behind its parent, so there are no circles. */
static bool nodes_form_tree(const struct chunk_node *nodes, uint32_t count)
{
	if (nodes[0].parent)
		return false;
	for (uint32_t i = 1; i < count; i++)
		if (nodes[i].parent >= i)
			return false;
	return true;
}

const struct chunk_node *rows_nodes(struct rows *rows, uint32_t *count)
{
	struct column_reader reader;
	struct chunk_node *nodes;
	uint32_t *part;

	*count = rows->chunk ? rows->chunk->node_count : rows->header.nodes;
	if (rows->chunk)
		return rows->chunk->nodes;
	if (rows->have_part[PART_NODES])
		return rows->nodes.data;
	nodes = space_for(&rows->nodes, *count, sizeof(*nodes));
	reader = rows_section(rows, SEAL_NODES, 0, &rows->plain);
	if (!rows_field(rows, &reader, *count, *count, &part))
		return rows_damaged(rows, "the tree of stacks does not unpack");
	for (uint32_t i = 0; i < *count; i++)
		nodes[i].parent = i - part[i];
	if (!rows_field(rows, &reader, *count, rows->header.frames, &part))
		return rows_damaged(rows, "the tree of stacks does not unpack");
	for (uint32_t i = 0; i < *count; i++)
		nodes[i].frame = part[i];
	if (!nodes_form_tree(nodes, *count))
		return rows_damaged(rows, "the tree of stacks is none");
	rows->have_part[PART_NODES] = true;
	return nodes;
}

uint32_t rows_thread_count(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->thread_count : rows->header.threads;
}

uint32_t rows_node_count(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->node_count : rows->header.nodes;
}

uint32_t rows_string_count(const struct rows *rows)
{
	return rows->chunk ? rows->chunk->strings.count : rows->header.strings;
}

static bool rows_unpack_strings(struct rows *rows)
{
	const struct seal_header *h = &rows->header;
	uint32_t *ends = space_for(&rows->string_ends, h->strings, sizeof(*ends));
	struct column_reader reader = rows_section(rows, SEAL_STRING_SIZES, 0, &rows->plain);
	uint64_t end = 0;

	if (!reader.at || !column_unpack_index(&reader, ends, h->strings, COLUMN_ANY))
		return false;
	for (uint32_t i = 0; i < h->strings; i++) {
		end += ends[i];
		if (end > h->string_bytes)
			return false;
		ends[i] = (uint32_t)end;
	}
	reader = rows_section(rows, SEAL_STRING_BYTES, 0, &rows->plain);
	if (!reader.at || (size_t)(reader.end - reader.at) != h->string_bytes)
		return false;
	memcpy(space_for(&rows->string_bytes, h->string_bytes, 1), reader.at, h->string_bytes);
	rows->have_part[PART_STRINGS] = true;
	return true;
}

struct str rows_string(struct rows *rows, uint32_t number)
{
	const uint32_t *ends;
	const char *bytes;
	uint32_t start;

	if (number >= rows_string_count(rows))
		return (struct str){"", 0};
	if (!rows->chunk && !rows->have_part[PART_STRINGS] && !rows_unpack_strings(rows)) {
		rows_damaged(rows, "the strings do not unpack");
		return (struct str){"", 0};
	}
	ends = rows->chunk ? rows->chunk->strings.ends : rows->string_ends.data;
	bytes = rows->chunk ? rows->chunk->strings.bytes : rows->string_bytes.data;
	start = number ? ends[number - 1] : 0;
	return (struct str){bytes + start, ends[number] - start};
}

static bool rows_record_thread(struct rows *rows, uint32_t number, struct rows_record *out)
{
	uint32_t threads, cgroups;
	const struct chunk_thread *thread = rows_threads(rows, &threads);
	const struct chunk_cgroup *cgroup = rows_cgroups(rows, &cgroups);
	struct str comm, process;

	if (!thread || !cgroup)
		return false;
	thread += number;
	comm = rows_string(rows, thread->comm);
	process = rows_string(rows, thread->process);
	out->thread = (struct thread){.tid = thread->tid,
		.tgid = thread->tgid,
		.start = thread->start,
		.cgroup_hierarchy = cgroup[thread->cgroup].hierarchy,
		.cgroup_id = cgroup[thread->cgroup].id};
	memcpy(out->thread.comm, comm.data, comm.size < 16 ? comm.size : 16);
	memcpy(out->thread.process, process.data, process.size < 16 ? process.size : 16);
	out->record.thread = number ? &out->thread : NULL;
	return true;
}

bool rows_record(struct rows *rows, uint32_t row, struct rows_record *out)
{
	const uint32_t *index[CHUNK_INDEXES];
	const uint64_t *value[CHUNK_VALUES];
	const struct chunk_kind *kind;
	const struct record_schema *schema;
	uint32_t count;

	for (int i = 0; i < CHUNK_INDEXES; i++)
		if (!(index[i] = rows_index(rows, (enum chunk_index)i)))
			return false;
	for (int i = 0; i < CHUNK_VALUES; i++)
		if (!(value[i] = rows_value(rows, (enum chunk_value)i)))
			return false;
	kind = &rows_kinds(rows, &count)[index[CHUNK_KIND][row]];
	*out = (struct rows_record){
		.record = {.type = kind->type < RECORD_TYPES ? kind->type : RECORD_NONE,
			.sub = kind->sub,
			.time = value[CHUNK_TIME][row],
			.duration = value[CHUNK_DURATION][row],
			.result = (int64_t)value[CHUNK_RESULT][row],
			.cpu = index[CHUNK_CPU][row],
			.flags = index[CHUNK_FLAGS][row],
			.stack = index[CHUNK_STACK][row],
			.name = rows_string(rows, index[CHUNK_NAME][row])}};
	schema = record_schema(out->record.type);
	for (unsigned i = 0; i < schema->nums; i++) {
		const uint64_t *nums = rows_num(rows, out->record.type, i);

		if (!nums)
			return false;
		out->nums[i] = nums[row];
	}
	for (unsigned i = 0; i < schema->texts; i++) {
		const uint64_t *texts = rows_slot(rows, out->record.type, true, i);

		if (!texts)
			return false;
		out->texts[i] = rows_string(rows, (uint32_t)texts[row]);
	}
	out->record.nums = out->nums;
	out->record.texts = out->texts;
	return rows_record_thread(rows, index[CHUNK_THREAD][row], out) && !rows->damage;
}
