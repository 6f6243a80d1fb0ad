/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/intern.h"

#include <stdlib.h>

#include "base/mem.h"

#define BLOCK_SIZE 16384

static bool string_is(const void *owner, uint32_t entry, const void *key)
{
	return str_equal(((const struct intern *)owner)->strings[entry], *(const struct str *)key);
}

static char *intern_store(struct intern *pool, struct str text)
{
	size_t need = text.size + 1;
	char *at;

	if (need > pool->block_size - pool->block_used) {
		pool->block_size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
		pool->block_used = 0;
		pool->block = mem_alloc(pool->block_size);
		pool->blocks = mem_grow(pool->blocks, &pool->block_capacity, pool->block_count + 1,
			sizeof(*pool->blocks));
		pool->blocks[pool->block_count++] = pool->block;
		pool->bytes += pool->block_size;
	}
	at = pool->block + pool->block_used;
	if (text.size)
		memcpy(at, text.data, text.size);
	at[text.size] = '\0';
	pool->block_used += need;
	return at;
}

struct str intern(struct intern *pool, struct str text)
{
	uint64_t hash = hash_str(text);
	uint32_t at = index_find(&pool->index, hash, string_is, pool, &text);

	if (at != INDEX_NONE)
		return pool->strings[at];
	at = (uint32_t)pool->count++;
	pool->strings = mem_grow(
		pool->strings, &pool->capacity, pool->count, sizeof(*pool->strings));
	pool->strings[at] = (struct str){intern_store(pool, text), text.size};
	index_add(&pool->index, hash, at);
	return pool->strings[at];
}

void intern_release(struct intern *pool)
{
	for (size_t i = 0; i < pool->block_count; i++)
		free(pool->blocks[i]);
	free(pool->blocks);
	free(pool->strings);
	index_release(&pool->index);
	*pool = (struct intern){0};
}
