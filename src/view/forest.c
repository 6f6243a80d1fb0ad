/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/forest.h"

#include <stdlib.h>

#include "base/mem.h"

/* The first keys of a group. */
struct wanted {
	const struct value *keys;
	size_t count;
};

static bool has_keys(const void *owner, uint32_t group, const void *arg)
{
	const struct wanted *wanted = arg;

	for (size_t i = 0; i < wanted->count; i++)
		if (value_compare(groups_keys(owner, group)[i], wanted->keys[i]))
			return false;
	return true;
}

static uint64_t hash_keys(const struct value *keys, size_t count)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < count; i++)
		hash = hash_two(hash, value_hash(keys[i]));
	return hash;
}

/* A ring comes from numbers that were used again: the walk up does not end, or comes back. */
static bool is_above_itself(const struct forest *forest, uint32_t group)
{
	uint32_t steps = 0, at = forest->rows[group].parent;

	while (at != TABLE_TOP && at != group && steps++ < forest->count)
		at = forest->rows[at].parent;
	return at != TABLE_TOP;
}

static void forest_link(struct forest *forest, const struct groups *groups, size_t keys,
	const struct value *parents)
{
	struct index by_keys = {0};

	for (uint32_t i = 0; i < groups->count; i++)
		index_add(&by_keys, hash_keys(groups_keys(groups, i), keys), i);
	for (uint32_t i = 0; i < groups->count; i++) {
		struct wanted above = {parents + i * keys, keys};
		uint32_t at = INDEX_NONE;

		if (above.keys[keys - 1].type != VALUE_NONE)
			at = index_find(
				&by_keys, hash_keys(above.keys, keys), has_keys, groups, &above);
		forest->rows[i].parent = at == INDEX_NONE || at == i ? TABLE_TOP : at;
		if (is_above_itself(forest, i))
			forest->rows[i].parent = TABLE_TOP;
	}
	index_release(&by_keys);
}

void forest_build(struct forest *forest, const struct groups *groups, size_t keys,
	const struct value *parents, const uint64_t *ids, const struct unfolding *folded)
{
	forest->count = groups->count;
	forest->rows = mem_zalloc((groups->count + 1) * sizeof(*forest->rows));
	forest->hidden = mem_zalloc(groups->count + 1);
	for (uint32_t i = 0; i < groups->count; i++)
		forest->rows[i] = (struct table_row){.id = ids[i], .parent = TABLE_TOP};
	forest_link(forest, groups, keys, parents);
	for (uint32_t i = 0; i < groups->count; i++)
		if (forest->rows[i].parent != TABLE_TOP)
			forest->rows[forest->rows[i].parent].has_more = true;
	for (uint32_t i = 0; i < groups->count; i++)
		forest->rows[i].is_open = forest->rows[i].has_more &&
					  !folded->is_open(folded->arg, ids[i], 0);
	for (uint32_t i = 0; i < groups->count; i++)
		for (uint32_t at = forest->rows[i].parent; at != TABLE_TOP;
			at = forest->rows[at].parent) {
			forest->rows[i].depth++;
			forest->hidden[i] |= !forest->rows[at].is_open;
		}
}

void forest_release(struct forest *forest)
{
	free(forest->rows);
	free(forest->hidden);
	*forest = (struct forest){0};
}
