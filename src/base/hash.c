/* SPDX-License-Identifier: GPL-2.0-or-later */
#define XXH_INLINE_ALL
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/mem.h"

static uint64_t hash_seed;

__attribute__((constructor)) static void hash_choose_seed(void)
{
	/* Without entropy the seed stays 0: slower under attack, never wrong. */
	(void)!getrandom(&hash_seed, sizeof(hash_seed), GRND_NONBLOCK);
}

uint64_t hash_bytes(const void *data, size_t size)
{
	return XXH3_64bits_withSeed(data, size, hash_seed);
}

uint64_t hash_two(uint64_t first, uint64_t second)
{
	uint64_t pair[2] = {first, second};

	return XXH3_64bits_withSeed(pair, sizeof(pair), hash_seed);
}

static void index_insert(struct index *index, uint32_t hash, uint32_t entry)
{
	uint32_t at = hash & index->mask;

	while (index->slots[at].entry != INDEX_NONE)
		at = (at + 1) & index->mask;
	index->slots[at] = (struct index_slot){hash, entry};
}

static void index_resize(struct index *index, uint32_t size)
{
	struct index old = *index;

	index->slots = mem_alloc(size * sizeof(*index->slots));
	memset(index->slots, 0xff, size * sizeof(*index->slots));
	index->mask = size - 1;
	for (uint32_t i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i].entry != INDEX_NONE)
			index_insert(index, old.slots[i].hash, old.slots[i].entry);
	free(old.slots);
}

void index_add(struct index *index, uint64_t hash, uint32_t entry)
{
	if (!index->slots)
		index_resize(index, 64);
	else if (index->used >= (index->mask + 1) / 2)
		index_resize(index, (index->mask + 1) * 2);
	index_insert(index, (uint32_t)hash, entry);
	index->used++;
}

void index_remove(struct index *index, uint64_t hash, uint32_t entry)
{
	uint32_t hole = (uint32_t)hash & index->mask, at;

	while (index->slots[hole].entry != entry)
		hole = (hole + 1) & index->mask;
	/*
	 * Close the gap: an entry further on moves into the hole unless its home lies between the
	 * two, so that a search never stops short of what it looks for.
	 */
	for (at = (hole + 1) & index->mask; index->slots[at].entry != INDEX_NONE;
		at = (at + 1) & index->mask) {
		uint32_t home = index->slots[at].hash & index->mask;

		if (((at - home) & index->mask) < ((at - hole) & index->mask))
			continue;
		index->slots[hole] = index->slots[at];
		hole = at;
	}
	index->slots[hole].entry = INDEX_NONE;
	index->used--;
}

void index_renumber(struct index *index, const uint32_t *now)
{
	for (uint32_t i = 0; index->slots && i <= index->mask; i++)
		if (index->slots[i].entry != INDEX_NONE)
			index->slots[i].entry = now[index->slots[i].entry];
}

void index_clear(struct index *index)
{
	if (index->used)
		memset(index->slots, 0xff, (index->mask + 1) * sizeof(*index->slots));
	index->used = 0;
}

void index_release(struct index *index)
{
	free(index->slots);
	*index = (struct index){0};
}
