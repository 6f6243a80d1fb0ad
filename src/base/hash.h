/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hash tables over arrays.
 *
 * An index maps a hash to the number of an entry in an array that its owner keeps; the owner says
 * when two entries are the same.  One cache line a lookup, no allocation an entry: every record
 * that is taken in and every group of a query passes through one, millions a second, which a
 * chained table (uthash: three pointers and a malloc an entry) does not carry.  The hash function
 * is xxHash, seeded once a run so that nobody outside can choose colliding names.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define INDEX_NONE UINT32_MAX

struct index_slot {
	uint32_t hash;
	uint32_t entry; /* INDEX_NONE: free */
};

struct index {
	struct index_slot *slots; /* NULL until the first entry */
	uint32_t mask;		  /* slots - 1; a power of two of slots */
	uint32_t used;
};

uint64_t hash_bytes(const void *data, size_t size);
uint64_t hash_two(uint64_t first, uint64_t second);

static inline uint64_t hash_u64(uint64_t value)
{
	return hash_two(value, 0);
}

static inline uint64_t hash_str(struct str text)
{
	return hash_bytes(text.data, text.size);
}

typedef bool index_equal(const void *owner, uint32_t entry, const void *key);

/* The entry under @hash that @equal accepts, or INDEX_NONE. */
static inline uint32_t index_find(const struct index *index, uint64_t hash, index_equal *equal,
	const void *owner, const void *key)
{
	uint32_t at = (uint32_t)hash & index->mask;

	if (!index->slots)
		return INDEX_NONE;
	for (; index->slots[at].entry != INDEX_NONE; at = (at + 1) & index->mask)
		if (index->slots[at].hash == (uint32_t)hash &&
			equal(owner, index->slots[at].entry, key))
			return index->slots[at].entry;
	return INDEX_NONE;
}

/* Adds an entry that is not in there yet. */
void index_add(struct index *index, uint64_t hash, uint32_t entry);

/* Takes an entry out; it must be in there. */
void index_remove(struct index *index, uint64_t hash, uint32_t entry);

/* Entries have moved in their array: @now holds the new number of each; all of them stay. */
void index_renumber(struct index *index, const uint32_t *now);

/* Forgets all entries and keeps the memory. */
void index_clear(struct index *index);
void index_release(struct index *index);

#endif
