/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/chunk.h"

#include <stdlib.h>

#include "base/mem.h"

/* Rows there is room for at first; state and fact chunks often hold only a few. */
#define CHUNK_FIRST_ROWS 64

struct chunk *chunk_new(enum record_class kept, uint64_t sequence)
{
	struct chunk *chunk = mem_zalloc(sizeof(*chunk));

	chunk->kept = kept;
	chunk->sequence = sequence;
	chunk->time_first = UINT64_MAX;
	chunk_string(chunk, (struct str){"", 0});
	chunk->threads = mem_grow(
		chunk->threads, &chunk->thread_capacity, 1, sizeof(*chunk->threads));
	chunk->threads[0] = (struct chunk_thread){0};
	chunk->cgroups = mem_grow(
		chunk->cgroups, &chunk->cgroup_capacity, 1, sizeof(*chunk->cgroups));
	chunk->cgroups[0] = (struct chunk_cgroup){0};
	chunk->nodes = mem_grow(chunk->nodes, &chunk->node_capacity, 1, sizeof(*chunk->nodes));
	chunk->nodes[0] = (struct chunk_node){0};
	chunk->frames = mem_grow(chunk->frames, &chunk->frame_capacity, 1, sizeof(*chunk->frames));
	chunk->frames[0] = (struct frame){0};
	chunk->thread_count = chunk->cgroup_count = chunk->node_count = chunk->frame_count = 1;
	return chunk;
}

void chunk_free(struct chunk *chunk)
{
	if (!chunk)
		return;
	for (int i = 0; i < CHUNK_INDEXES; i++)
		free(chunk->index[i]);
	for (int i = 0; i < CHUNK_VALUES; i++)
		free(chunk->value[i]);
	for (int i = 0; i < RECORD_SLOTS; i++)
		free(chunk->slot[i]);
	free(chunk->kinds);
	free(chunk->threads);
	free(chunk->cgroups);
	free(chunk->nodes);
	free(chunk->frames);
	free(chunk->strings.ends);
	free(chunk->strings.bytes);
	index_release(&chunk->string_index);
	index_release(&chunk->thread_index);
	index_release(&chunk->cgroup_index);
	index_release(&chunk->node_index);
	index_release(&chunk->frame_index);
	index_release(&chunk->kind_index);
	free(chunk);
}

static struct str chunk_string_at(const struct chunk *chunk, uint32_t entry)
{
	uint32_t start = entry ? chunk->strings.ends[entry - 1] : 0;

	return (struct str){chunk->strings.bytes + start, chunk->strings.ends[entry] - start};
}

static bool string_is(const void *owner, uint32_t entry, const void *key)
{
	return str_equal(chunk_string_at(owner, entry), *(const struct str *)key);
}

uint32_t chunk_string(struct chunk *chunk, struct str text)
{
	struct chunk_strings *strings = &chunk->strings;
	uint64_t hash = hash_str(text);
	uint32_t entry = index_find(&chunk->string_index, hash, string_is, chunk, &text);

	if (entry != INDEX_NONE)
		return entry;
	entry = strings->count++;
	strings->ends = mem_grow(
		strings->ends, &chunk->string_capacity, strings->count, sizeof(*strings->ends));
	strings->bytes = mem_grow(
		strings->bytes, &chunk->byte_capacity, strings->size + text.size + 1, 1);
	if (text.size)
		memcpy(strings->bytes + strings->size, text.data, text.size);
	strings->size += (uint32_t)text.size;
	strings->ends[entry] = strings->size;
	index_add(&chunk->string_index, hash, entry);
	return entry;
}

static uint64_t cgroup_hash(const struct chunk_cgroup *cgroup)
{
	return hash_two(cgroup->id, cgroup->hierarchy);
}

static bool cgroup_is(const void *owner, uint32_t entry, const void *key)
{
	const struct chunk *chunk = owner;
	const struct chunk_cgroup *cgroup = key;

	return chunk->cgroups[entry].id == cgroup->id &&
	       chunk->cgroups[entry].hierarchy == cgroup->hierarchy;
}

static uint32_t chunk_cgroup(struct chunk *chunk, uint32_t hierarchy, uint64_t id)
{
	struct chunk_cgroup cgroup = {id, hierarchy};
	uint64_t hash = cgroup_hash(&cgroup);
	uint32_t entry;

	if (!id)
		return 0;
	entry = index_find(&chunk->cgroup_index, hash, cgroup_is, chunk, &cgroup);
	if (entry != INDEX_NONE)
		return entry;
	entry = chunk->cgroup_count++;
	chunk->cgroups = mem_grow(chunk->cgroups, &chunk->cgroup_capacity, chunk->cgroup_count,
		sizeof(*chunk->cgroups));
	chunk->cgroups[entry] = cgroup;
	index_add(&chunk->cgroup_index, hash, entry);
	return entry;
}

static bool thread_is(const void *owner, uint32_t entry, const void *key)
{
	return !memcmp(
		&((const struct chunk *)owner)->threads[entry], key, sizeof(struct chunk_thread));
}

static struct str comm_str(const char comm[16])
{
	return (struct str){comm, strnlen(comm, 16)};
}

/* A thread's name or cgroup may change within a chunk: what it is now is part of the key. */
uint32_t chunk_thread(struct chunk *chunk, const struct thread *thread)
{
	struct thread *cache = (struct thread *)thread;
	struct chunk_thread entry;
	uint64_t hash;
	uint32_t at;

	if (!thread)
		return 0;
	if (thread->chunk == chunk->sequence + 1)
		return thread->at;
	entry = (struct chunk_thread){thread->start, thread->tid, thread->tgid,
		chunk_cgroup(chunk, thread->cgroup_hierarchy, thread->cgroup_id),
		chunk_string(chunk, comm_str(thread->comm)),
		chunk_string(chunk, comm_str(thread->process)), 0};
	hash = hash_bytes(&entry, sizeof(entry));
	at = index_find(&chunk->thread_index, hash, thread_is, chunk, &entry);
	if (at == INDEX_NONE) {
		at = chunk->thread_count++;
		chunk->threads = mem_grow(chunk->threads, &chunk->thread_capacity,
			chunk->thread_count, sizeof(*chunk->threads));
		chunk->threads[at] = entry;
		index_add(&chunk->thread_index, hash, at);
	}
	cache->chunk = chunk->sequence + 1;
	cache->at = at;
	return at;
}

static bool frame_is(const void *owner, uint32_t entry, const void *key)
{
	const struct frame *have = &((const struct chunk *)owner)->frames[entry], *want = key;

	return have->address == want->address && have->dso == want->dso;
}

uint32_t chunk_frame(struct chunk *chunk, struct frame frame, bool *added)
{
	uint64_t hash = hash_two(frame.address, frame.dso);
	uint32_t at = index_find(&chunk->frame_index, hash, frame_is, chunk, &frame);

	*added = at == INDEX_NONE;
	if (!*added)
		return at;
	at = chunk->frame_count++;
	chunk->frames = mem_grow(
		chunk->frames, &chunk->frame_capacity, chunk->frame_count, sizeof(*chunk->frames));
	chunk->frames[at] = frame;
	index_add(&chunk->frame_index, hash, at);
	return at;
}

static bool node_is(const void *owner, uint32_t entry, const void *key)
{
	const struct chunk_node *have = &((const struct chunk *)owner)->nodes[entry], *want = key;

	return have->parent == want->parent && have->frame == want->frame;
}

uint32_t chunk_node(struct chunk *chunk, uint32_t parent, uint32_t frame)
{
	struct chunk_node node = {parent, frame};
	uint64_t hash = hash_u64((uint64_t)parent << 32 | frame);
	uint32_t at = index_find(&chunk->node_index, hash, node_is, chunk, &node);

	if (at != INDEX_NONE)
		return at;
	at = chunk->node_count++;
	chunk->nodes = mem_grow(
		chunk->nodes, &chunk->node_capacity, chunk->node_count, sizeof(*chunk->nodes));
	chunk->nodes[at] = node;
	index_add(&chunk->node_index, hash, at);
	return at;
}

static bool kind_is(const void *owner, uint32_t entry, const void *key)
{
	const struct chunk_kind *have = &((const struct chunk *)owner)->kinds[entry];
	const struct record *want = key;

	return have->type == want->type && have->sub == want->sub;
}

static uint32_t chunk_kind(struct chunk *chunk, const struct record *record)
{
	const struct record_schema *schema = record_schema(record->type);
	uint32_t at = chunk->last_kind;
	uint64_t hash;

	if (at < chunk->kind_count && kind_is(chunk, at, record))
		return at;
	hash = hash_u64((uint64_t)record->type << 32 | record->sub);
	at = index_find(&chunk->kind_index, hash, kind_is, chunk, record);
	if (at == INDEX_NONE) {
		at = chunk->kind_count++;
		chunk->kinds = mem_grow(chunk->kinds, &chunk->kind_capacity, chunk->kind_count,
			sizeof(*chunk->kinds));
		chunk->kinds[at] = (struct chunk_kind){
			(uint16_t)record->type, schema->nums, schema->texts, record->sub, 0};
		index_add(&chunk->kind_index, hash, at);
	}
	chunk->last_kind = at;
	return at;
}

static void chunk_grow(struct chunk *chunk)
{
	size_t old = chunk->capacity, rows = old ? old * 4 : CHUNK_FIRST_ROWS;

	if (chunk->rows < old)
		return;
	chunk->capacity = rows;
	for (int i = 0; i < CHUNK_INDEXES; i++)
		chunk->index[i] = mem_realloc(chunk->index[i], rows * sizeof(uint32_t));
	for (int i = 0; i < CHUNK_VALUES; i++)
		chunk->value[i] = mem_realloc(chunk->value[i], rows * sizeof(uint64_t));
	for (int i = 0; i < RECORD_SLOTS; i++) {
		if (!chunk->slot[i])
			continue;
		chunk->slot[i] = mem_realloc(chunk->slot[i], rows * sizeof(uint64_t));
		memset(chunk->slot[i] + old, 0, (rows - old) * sizeof(uint64_t));
	}
}

static void chunk_set_slot(struct chunk *chunk, unsigned slot, uint32_t row, uint64_t value)
{
	if (!chunk->slot[slot]) {
		if (!value)
			return;
		chunk->slot[slot] = mem_zalloc(chunk->capacity * sizeof(uint64_t));
	}
	chunk->slot[slot][row] = value;
}

void chunk_append(struct chunk *chunk, const struct record *record)
{
	uint32_t kind = chunk_kind(chunk, record), row = chunk->rows;
	const struct chunk_kind *slots = &chunk->kinds[kind];

	chunk_grow(chunk);
	chunk->kinds[kind].count++;
	chunk->index[CHUNK_KIND][row] = kind;
	chunk->index[CHUNK_THREAD][row] = chunk_thread(chunk, record->thread);
	chunk->index[CHUNK_CPU][row] = record->cpu;
	chunk->index[CHUNK_STACK][row] = record->stack;
	chunk->index[CHUNK_NAME][row] = record->name.size ? chunk_string(chunk, record->name) : 0;
	chunk->index[CHUNK_FLAGS][row] = record->flags;
	chunk->value[CHUNK_TIME][row] = record->time;
	chunk->value[CHUNK_DURATION][row] = record->duration;
	chunk->value[CHUNK_RESULT][row] = (uint64_t)record->result;
	for (unsigned i = 0; record->nums && i < slots->nums; i++)
		chunk_set_slot(chunk, i, row, record->nums[i]);
	for (unsigned i = 0; record->texts && i < slots->texts; i++)
		chunk_set_slot(chunk, slots->nums + i, row, chunk_string(chunk, record->texts[i]));
	if (record->time < chunk->time_first)
		chunk->time_first = record->time;
	if (record->time > chunk->time_last)
		chunk->time_last = record->time;
	if (record->duration > chunk->longest)
		chunk->longest = record->duration;
	if (record->type == RECORD_LOST && record->sub != LOST_EVICTED && record->nums)
		chunk->lost += record->nums[LOST_COUNT];
	chunk->rows++;
}

static size_t chunk_dictionary_size(const struct chunk *chunk)
{
	return chunk->strings.size + chunk->strings.count * sizeof(uint32_t) +
	       chunk->thread_count * sizeof(*chunk->threads) +
	       chunk->node_count * sizeof(*chunk->nodes) +
	       chunk->frame_count * sizeof(*chunk->frames);
}

bool chunk_is_full(const struct chunk *chunk)
{
	return chunk->rows >= CHUNK_ROWS || chunk_dictionary_size(chunk) >= CHUNK_DICTIONARY;
}

size_t chunk_size(const struct chunk *chunk)
{
	size_t rows = CHUNK_INDEXES * sizeof(uint32_t) + CHUNK_VALUES * sizeof(uint64_t);

	for (int i = 0; i < RECORD_SLOTS; i++)
		rows += chunk->slot[i] ? sizeof(uint64_t) : 0;
	return sizeof(*chunk) + rows * chunk->capacity + 3 * chunk_dictionary_size(chunk);
}
