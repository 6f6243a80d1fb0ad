/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses become DSOs and offsets, while it is known what is mapped there. */
#include <stdio.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "source/sampler_local.h"

#define FOUR_GIB (UINT64_C(1) << 32)

uint32_t sampler_dso(
	struct sampler *sampler, uint64_t time, const struct dso_key *key, enum dso_status status)
{
	struct symbols *symbols = &sampler->model->symbols;
	uint32_t id = symbols_find_dso(symbols, key);

	if (id)
		return id;
	id = symbols_next_dso(symbols);
	recording_append(sampler->recording,
		&(struct record){.type = RECORD_DSO,
			.time = time,
			.name = key->path,
			.nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
				[DSO_KIND] = key->kind,
				[DSO_STATUS] = status,
				[DSO_DEV] = key->dev,
				[DSO_INODE] = key->inode,
				[DSO_GENERATION] = key->generation},
			.texts = (struct str[DSO_TEXTS]){
				[DSO_BUILD_ID] = key->build_id, [DSO_WHY] = {"", 0}}});
	return id;
}

/*
 * Names of mappings that are no file: proc(5) and perf_event_mmap_event() in the kernel's
 * kernel/events/core.c.
 */
static enum dso_kind map_kind(struct str path)
{
	if (str_equal(path, STR("[vdso]")))
		return DSO_VDSO;
	if (!path.size || path.data[0] == '[' || str_starts(path, STR("//anon")) ||
		str_starts(path, STR("/dev/zero")) || str_starts(path, STR("/SYSV")) ||
		str_starts(path, STR("/anon_hugepage")))
		return DSO_ANON;
	return DSO_FILE;
}

uint32_t sampler_map_dso(struct sampler *sampler, uint64_t time, uint32_t tgid, uint64_t start,
	struct dso_key key, bool *absolute)
{
	struct str path = key.path;
	const struct task *task;
	char name[32];

	key.kind = map_kind(path);
	if (key.kind != DSO_FILE)
		key.generation = 0;
	*absolute = key.kind == DSO_ANON;
	if (key.kind == DSO_VDSO) { /* one for all processes, and another for 32-bit ones */
		key.build_id = (struct str){"", 0};
		key.dev = 0;
		key.inode = start < FOUR_GIB;
	} else if (str_equal(path, STR("[vsyscall]"))) { /* the same page in all processes */
		key.build_id = (struct str){"", 0};
	} else if (key.kind == DSO_ANON) { /* one a process; its life tells it from the next */
		task = tasks_alive(&sampler->model->tasks, tgid);
		snprintf(name, sizeof(name), "[anon %u]", tgid);
		key.path = str_from(name);
		key.build_id = (struct str){"", 0};
		key.dev = tgid;
		key.inode = task ? task->start : 0;
	}
	return sampler_dso(sampler, time, &key, DSO_UNSEEN);
}

/* --- stacks --- */

static struct frame frame_of(struct sampler *sampler, uint32_t tgid, uint64_t address, bool kernel)
{
	const struct map *map = maps_find(
		sampler->model->maps, kernel ? MAPS_KERNEL : tgid, address);

	if (map) {
		maps_saw(sampler->model->maps, tgid, map);
		return (struct frame){address - map->start + map->offset, map->dso};
	}
	return (struct frame){address, kernel ? sampler->kernel_dso : 0};
}

/*
 * The frames of a sample, the executing one first.  All but the first of kernel and user each are
 * return addresses: they are looked up one byte before, within the call.
 */
static size_t sampler_frames(struct sampler *sampler, const struct perf_record *r)
{
	bool kernel = (r->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
	bool exact = true, skip = false;
	size_t count = 0;

	sampler->frames = mem_grow(sampler->frames, &sampler->frame_capacity, r->sample.depth + 1,
		sizeof(*sampler->frames));
	for (uint64_t i = 0; i < r->sample.depth; i++) {
		uint64_t address = r->sample.chain[i];

		if (perf_is_context(address)) {
			kernel = address == (uint64_t)PERF_CONTEXT_KERNEL;
			skip = !kernel && address != (uint64_t)PERF_CONTEXT_USER;
			exact = true;
			continue;
		}
		if (skip)
			continue;
		sampler->frames[count++] = frame_of(
			sampler, r->pid, exact || !address ? address : address - 1, kernel);
		exact = false;
	}
	if (!count)
		sampler->frames[count++] = frame_of(sampler, r->pid, r->sample.ip, kernel);
	return count;
}

static uint32_t sampler_nodes(
	struct sampler *sampler, struct chunk *chunk, const struct perf_record *sample)
{
	size_t count = sampler_frames(sampler, sample);
	uint32_t node = 0;

	while (count-- > 0) {
		struct frame frame = sampler->frames[count];
		bool added;
		uint32_t number = chunk_frame(chunk, frame, &added);

		if (added)
			symbols_want(&sampler->model->symbols, frame.dso, frame.address);
		node = chunk_node(chunk, node, number);
	}
	return node;
}

struct stack_key {
	const struct stack_cache *cache;
	uint64_t user_maps, kernel_maps;
	const uint64_t *addresses;
	uint64_t depth;
};

static bool stack_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct stack_cache *cache = owner;
	const struct cached_stack *have = &cache->stacks[entry];
	const struct stack_key *key = wanted;

	return have->user_maps == key->user_maps && have->kernel_maps == key->kernel_maps &&
	       have->depth == key->depth &&
	       !memcmp(cache->addresses + have->first, key->addresses,
		       key->depth * sizeof(*key->addresses));
}

static void stack_cache_add(
	struct stack_cache *cache, const struct stack_key *key, uint64_t hash, uint32_t node)
{
	struct cached_stack *stack;

	cache->stacks = mem_grow(
		cache->stacks, &cache->capacity, cache->count + 1, sizeof(*cache->stacks));
	cache->addresses = mem_grow(cache->addresses, &cache->address_capacity,
		cache->address_count + key->depth, sizeof(*cache->addresses));
	stack = &cache->stacks[cache->count];
	*stack = (struct cached_stack){key->user_maps, key->kernel_maps,
		(uint32_t)cache->address_count, (uint32_t)key->depth, node};
	memcpy(cache->addresses + cache->address_count, key->addresses,
		key->depth * sizeof(*key->addresses));
	cache->address_count += key->depth;
	index_add(&cache->index, hash, (uint32_t)cache->count++);
}

/* The node of the chunk at which the sample's stack ends. */
uint32_t sampler_stack(
	struct sampler *sampler, struct chunk *chunk, const struct perf_record *sample)
{
	struct stack_cache *cache = &sampler->stacks;
	const struct maps *maps = sampler->model->maps;
	struct stack_key key = {cache, maps_generation(maps, sample->pid),
		maps_generation(maps, MAPS_KERNEL), sample->sample.chain, sample->sample.depth};
	uint64_t hash;
	uint32_t at, node;

	if (cache->chunk != chunk->sequence) {
		cache->chunk = chunk->sequence;
		cache->count = cache->address_count = 0;
		index_clear(&cache->index);
	}
	if (!key.depth) { /* no chain was asked for: the address alone, by its mode */
		key.addresses = &sample->sample.ip;
		key.depth = 1;
		key.kernel_maps = key.kernel_maps << 3 | (sample->misc & 7);
	}
	hash = hash_bytes(key.addresses, key.depth * sizeof(*key.addresses));
	hash = hash_two(hash, hash_two(key.user_maps, key.kernel_maps));
	at = index_find(&cache->index, hash, stack_is, cache, &key);
	if (at != INDEX_NONE)
		return cache->stacks[at].node;
	node = sampler_nodes(sampler, chunk, sample);
	stack_cache_add(cache, &key, hash, node);
	return node;
}
