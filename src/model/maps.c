/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/maps.h"

#include <stdlib.h>

#include "base/mem.h"

/* Mappings, shared by a parent and the children that did not change theirs. */
struct space {
	struct map *maps; /* sorted by start, no overlap */
	size_t count, capacity;
	unsigned users;
	uint64_t generation;
};

struct process_space {
	uint32_t tgid;
	enum space_state state;
	struct space *space;
};

struct maps {
	struct process_space *processes;
	size_t count, capacity;
	struct index by_tgid;
	uint64_t generation;
	struct sighting *sightings; /* by DSO */
	size_t sighting_count, sighting_capacity;
};

struct maps *maps_new(void)
{
	return mem_zalloc(sizeof(struct maps));
}

static void space_put(struct space *space)
{
	if (!space || --space->users)
		return;
	free(space->maps);
	free(space);
}

void maps_free(struct maps *maps)
{
	if (!maps)
		return;
	for (size_t i = 0; i < maps->count; i++)
		space_put(maps->processes[i].space);
	free(maps->processes);
	free(maps->sightings);
	index_release(&maps->by_tgid);
	free(maps);
}

static bool tgid_is(const void *owner, uint32_t entry, const void *key)
{
	return ((const struct maps *)owner)->processes[entry].tgid == *(const uint32_t *)key;
}

static struct process_space *maps_process(const struct maps *maps, uint32_t tgid)
{
	uint32_t at = index_find(&maps->by_tgid, hash_u64(tgid), tgid_is, maps, &tgid);

	return at == INDEX_NONE ? NULL : &maps->processes[at];
}

static struct space *space_new(struct maps *maps)
{
	struct space *space = mem_zalloc(sizeof(*space));

	space->users = 1;
	space->generation = ++maps->generation;
	return space;
}

static struct process_space *maps_make(struct maps *maps, uint32_t tgid)
{
	struct process_space *process = maps_process(maps, tgid);

	if (process)
		return process;
	maps->processes = mem_grow(
		maps->processes, &maps->capacity, maps->count + 1, sizeof(*maps->processes));
	process = &maps->processes[maps->count];
	*process = (struct process_space){tgid, SPACE_UNKNOWN, space_new(maps)};
	index_add(&maps->by_tgid, hash_u64(tgid), (uint32_t)maps->count++);
	return process;
}

/* A space of the process's own, to be changed. */
static struct space *process_own(struct maps *maps, struct process_space *process)
{
	struct space *shared = process->space, *own;

	if (shared->users == 1) {
		shared->generation = ++maps->generation;
		return shared;
	}
	own = space_new(maps);
	own->maps = mem_grow(own->maps, &own->capacity, shared->count + 1, sizeof(*own->maps));
	if (shared->count)
		memcpy(own->maps, shared->maps, shared->count * sizeof(*own->maps));
	own->count = shared->count;
	space_put(shared);
	process->space = own;
	return own;
}

enum space_state maps_state(const struct maps *maps, uint32_t tgid)
{
	struct process_space *process = maps_process(maps, tgid);

	return process ? process->state : SPACE_UNKNOWN;
}

void maps_set_state(struct maps *maps, uint32_t tgid, enum space_state state)
{
	maps_make(maps, tgid)->state = state;
}

/* The first mapping that ends behind the address. */
static size_t space_at(const struct space *space, uint64_t address)
{
	size_t low = 0, high = space->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void space_insert(struct space *space, size_t at, const struct map *map)
{
	space->maps = mem_grow(
		space->maps, &space->capacity, space->count + 1, sizeof(*space->maps));
	memmove(space->maps + at + 1, space->maps + at, (space->count - at) * sizeof(*map));
	space->maps[at] = *map;
	space->count++;
}

/* Takes [start, end) out of what is mapped, cutting mappings that reach over its borders. */
static void space_clear(struct space *space, uint64_t start, uint64_t end)
{
	size_t at = space_at(space, start), stop;

	if (!space->count)
		return;
	if (at < space->count && space->maps[at].start < start) {
		struct map before = space->maps[at];

		if (before.end > end) { /* a hole in the middle: two remain */
			space->maps[at].offset += end - before.start;
			space->maps[at].start = end;
			before.end = start;
			space_insert(space, at, &before);
			return;
		}
		space->maps[at++].end = start;
	}
	for (stop = at; stop < space->count && space->maps[stop].end <= end; stop++)
		;
	memmove(space->maps + at, space->maps + stop, (space->count - stop) * sizeof(*space->maps));
	space->count -= stop - at;
	if (at < space->count && space->maps[at].start < end) {
		space->maps[at].offset += end - space->maps[at].start;
		space->maps[at].start = end;
	}
}

static void space_add(struct space *space, const struct map *map)
{
	if (map->start >= map->end)
		return;
	space_clear(space, map->start, map->end);
	space_insert(space, space_at(space, map->start), map);
}

void maps_add(struct maps *maps, uint32_t tgid, const struct map *map)
{
	space_add(process_own(maps, maps_make(maps, tgid)), map);
}

void maps_set(
	struct maps *maps, uint32_t tgid, const struct map *found, size_t count, uint64_t time)
{
	struct process_space *process = maps_make(maps, tgid);
	struct space *old = process->space, *space = space_new(maps);

	space->maps = mem_grow(space->maps, &space->capacity, count + 1, sizeof(*space->maps));
	for (size_t i = 0; i < count; i++)
		if (!space->count || found[i].start >= space->maps[space->count - 1].end)
			space->maps[space->count++] = found[i];
	for (size_t i = 0; i < old->count; i++)
		if (old->maps[i].since > time)
			space_add(space, &old->maps[i]);
	space_put(old);
	process->space = space;
	process->state = SPACE_KNOWN;
}

void maps_fork(struct maps *maps, uint32_t parent, uint32_t child)
{
	struct process_space *to = maps_make(maps, child);
	struct process_space *from = maps_process(maps, parent);

	space_put(to->space);
	if (from) {
		to->space = from->space;
		to->space->users++;
		to->state = from->state == SPACE_KNOWN ? SPACE_KNOWN : SPACE_UNKNOWN;
	} else {
		to->space = space_new(maps);
		to->state = SPACE_UNKNOWN;
	}
}

void maps_exec(struct maps *maps, uint32_t tgid)
{
	struct process_space *process = maps_make(maps, tgid);

	space_put(process->space);
	process->space = space_new(maps);
	process->state = SPACE_KNOWN;
}

void maps_exit(struct maps *maps, uint32_t tgid)
{
	uint32_t at = index_find(&maps->by_tgid, hash_u64(tgid), tgid_is, maps, &tgid);
	uint32_t last = (uint32_t)maps->count - 1;

	if (at == INDEX_NONE)
		return;
	index_remove(&maps->by_tgid, hash_u64(tgid), at);
	space_put(maps->processes[at].space);
	if (at != last) { /* the last takes its place */
		uint64_t hash = hash_u64(maps->processes[last].tgid);

		index_remove(&maps->by_tgid, hash, last);
		maps->processes[at] = maps->processes[last];
		index_add(&maps->by_tgid, hash, at);
	}
	maps->count--;
}

void maps_doubt_all(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->processes[i].tgid != MAPS_KERNEL)
			maps->processes[i].state = SPACE_UNKNOWN;
}

const struct map *maps_find(const struct maps *maps, uint32_t tgid, uint64_t address)
{
	struct process_space *process = maps_process(maps, tgid);
	size_t at;

	if (!process)
		return NULL;
	at = space_at(process->space, address);
	if (at == process->space->count || process->space->maps[at].start > address)
		return NULL;
	return &process->space->maps[at];
}

uint64_t maps_generation(const struct maps *maps, uint32_t tgid)
{
	struct process_space *process = maps_process(maps, tgid);

	return process ? process->space->generation : 0;
}

void maps_saw(struct maps *maps, uint32_t tgid, const struct map *map)
{
	size_t had = maps->sighting_count;

	if (map->dso >= had) {
		maps->sighting_count = map->dso + 1;
		maps->sightings = mem_grow(maps->sightings, &maps->sighting_capacity,
			maps->sighting_count, sizeof(*maps->sightings));
		memset(maps->sightings + had, 0,
			(maps->sighting_count - had) * sizeof(*maps->sightings));
	}
	maps->sightings[map->dso] = (struct sighting){tgid, map->start, map->end};
}

bool maps_sighting(const struct maps *maps, uint32_t dso, struct sighting *sighting)
{
	if (dso >= maps->sighting_count || !maps->sightings[dso].end)
		return false;
	*sighting = maps->sightings[dso];
	return true;
}
