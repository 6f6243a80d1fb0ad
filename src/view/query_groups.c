/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries whose rows stand for groups of records: by keys, in a list or a tree of them. */
#include <stdlib.h>

#include "base/mem.h"
#include "view/forest.h"
#include "view/query_local.h"

/* Distinct domains of the keys; rows have theirs by value. */
static void query_choose_codes(struct query *query)
{
	const struct view *view = query->view;

	for (size_t i = 0; i < view->key_count; i++) {
		enum field_domain domain = view->keys[i]->domain;
		bool have = false;

		if (domain == DOMAIN_STACK)
			domain = DOMAIN_FRAME; /* the same numbers */
		for (size_t k = 0; k < query->code_count; k++)
			have |= domain != DOMAIN_ROW && query->codes[k] == domain;
		if (have)
			continue;
		query->codes[query->code_count] = domain;
		query->code_fields[query->code_count++] = view->keys[i];
	}
}

void query_init_groups(struct query *query, struct groups_bound bound)
{
	const struct view *view = query->view;

	query_choose_codes(query);
	groups_init(&query->groups, view->key_count, bound);
	query->sums = mem_zalloc((view->column_count + 1) * sizeof(*query->sums));
	for (size_t i = 0; i < view->column_count; i++)
		sums_init(&query->sums[i], view->columns[i].aggregate,
			view->columns[i].field->type == VALUE_SIGNED);
	sums_init(&query->sums[view->column_count], AGGREGATE_NONE, false);
}

void query_release_groups(struct query *query)
{
	for (size_t i = 0; i <= query->view->column_count; i++)
		sums_release(&query->sums[i]);
	free(query->sums);
	free(query->parents);
	groups_release(&query->groups);
	free(query->entry_groups);
	free(query->tuples);
	index_release(&query->tuple_index);
}

void query_prepare_groups(struct query *query)
{
	uint32_t entries;

	query->tuple_count = 0;
	index_clear(&query->tuple_index);
	if (query->code_count != 1 || query->codes[0] == DOMAIN_ROW)
		return;
	entries = extract_entry_count(&query->extract, query->codes[0]);
	query->entry_groups = mem_grow(
		query->entry_groups, &query->entry_capacity, entries, sizeof(uint32_t));
	memset(query->entry_groups, 0xff, entries * sizeof(uint32_t));
}

static struct value field_value_at(struct query *query, const struct field *field, uint32_t row)
{
	return query_value(query, field, field->column ? field->column(&query->extract) : NULL,
		extract_entries(&query->extract, field->domain), row);
}

/* The keys of the group above, as the row tells them; @row UINT32_MAX: there is none. */
static void query_take_parents(struct query *query, uint32_t group, uint32_t row)
{
	const struct view *view = query->view;
	size_t at = (size_t)group * view->parent_count;

	if (view->path != PATH_PARENTS)
		return;
	query->parents = mem_grow(query->parents, &query->parent_capacity, at + view->parent_count,
		sizeof(*query->parents));
	for (size_t i = 0; i < view->parent_count; i++)
		query->parents[at + i] = row == UINT32_MAX
						 ? value_none()
						 : field_value_at(query, view->parents[i], row);
}

/* The group of a row whose codes were not met in this chunk before. */
static uint32_t query_new_group(struct query *query, uint32_t row)
{
	const struct view *view = query->view;
	struct value keys[VIEW_KEYS];
	uint32_t group;
	bool added;

	for (size_t i = 0; i < view->key_count; i++)
		keys[i] = field_value_at(query, view->keys[i], row);
	group = groups_find(&query->groups, keys, &added);
	if (!added)
		return group;
	for (size_t i = 0; i <= view->column_count; i++)
		sums_reserve(&query->sums[i], group + 1);
	if (group == query->groups.others) { /* there is nothing that all of them are */
		query_take_parents(query, group, UINT32_MAX);
		return group;
	}
	for (size_t i = 0; i < view->column_count; i++)
		if (view->columns[i].aggregate == AGGREGATE_NONE)
			sums_add_value(&query->sums[i], group,
				field_value_at(query, view->columns[i].field, row), &query->groups);
	query_take_parents(query, group, row);
	sums_add_value(&query->sums[view->column_count], group,
		view->label ? field_value_at(query, view->label, row) : keys[0], &query->groups);
	return group;
}

static bool tuple_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct query *query = owner;

	return !memcmp(query->tuples[entry].code, wanted,
		query->code_count * sizeof(*query->tuples[entry].code));
}

static uint32_t query_tuple_group(struct query *query, const uint64_t *code, uint32_t row)
{
	uint64_t hash = hash_bytes(code, query->code_count * sizeof(*code));
	uint32_t at = index_find(&query->tuple_index, hash, tuple_is, query, code);
	struct tuple *tuple;

	if (at != INDEX_NONE)
		return query->tuples[at].group;
	query->tuples = mem_grow(query->tuples, &query->tuple_capacity, query->tuple_count + 1,
		sizeof(*query->tuples));
	tuple = &query->tuples[query->tuple_count];
	memcpy(tuple->code, code, query->code_count * sizeof(*code));
	tuple->group = query_new_group(query, row);
	index_add(&query->tuple_index, hash, (uint32_t)query->tuple_count++);
	return tuple->group;
}

/* Groups of the rows whose codes are several, or values of their own. */
static void query_group_tuples(
	struct query *query, const uint32_t *rows, uint32_t count, uint32_t *groups)
{
	const uint32_t *entries[VIEW_KEYS];
	const uint64_t *column[VIEW_KEYS];

	for (size_t k = 0; k < query->code_count; k++) {
		const struct field *field = query->code_fields[k];

		entries[k] = extract_entries(&query->extract, query->codes[k]);
		column[k] = field->column ? field->column(&query->extract) : NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t code[VIEW_KEYS];

		for (size_t k = 0; k < query->code_count; k++)
			code[k] = column[k]    ? column[k][rows[i]]
				  : entries[k] ? entries[k][rows[i]]
					       : value_hash(field_get(query->code_fields[k],
							 &query->extract, rows[i]));
		groups[i] = query_tuple_group(query, code, rows[i]);
	}
}

void query_group(struct query *query, const uint32_t *rows, uint32_t count, uint32_t *groups)
{
	const uint32_t *entries;

	if (query->code_count != 1 || query->codes[0] == DOMAIN_ROW) {
		query_group_tuples(query, rows, count, groups);
		return;
	}
	entries = extract_entries(&query->extract, query->codes[0]);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *group = &query->entry_groups[entries[rows[i]]];

		if (*group == INDEX_NONE)
			*group = query_new_group(query, rows[i]);
		groups[i] = *group;
	}
}

static uint64_t query_group_id(const struct query *query, uint32_t group)
{
	const struct value *keys = groups_keys(&query->groups, group);
	uint64_t id = 0;

	if (group == query->groups.others)
		return UINT64_MAX;
	for (size_t k = 0; k < query->view->key_count; k++)
		id = hash_two(id, value_hash(keys[k]));
	return id;
}

/* What is not a sum of all those that there was no room for is left out; it says so itself. */
static void query_fill_others(const struct query *query, struct value *cells)
{
	const struct view *view = query->view;
	const struct field *name = view->label ? view->label : view->keys[0];

	for (size_t c = 0; c < view->column_count; c++) {
		enum aggregate aggregate = view->columns[c].aggregate;

		if (view->columns[c].field == name)
			cells[c] = value_text(STR(GROUPS_OTHERS));
		else if (aggregate == AGGREGATE_NONE || aggregate == AGGREGATE_LAST)
			cells[c] = value_none();
	}
	cells[view->column_count + view->key_count] = value_text(STR(GROUPS_OTHERS));
}

static void query_fill_group(struct query *query, struct table *table, uint32_t group,
	struct table_row row, double seconds)
{
	const struct view *view = query->view;
	size_t width = view->column_count;
	struct value *cells = table_add(table, row);

	for (size_t c = 0; c < width; c++) {
		const struct field *field = view->columns[c].field;
		uint64_t covered = field->is_level ? query->whole : query->covered;

		cells[c] = sums_get(
			&query->sums[c], group, is_usage(field) ? (double)covered / 1e9 : seconds);
		if (view->columns[c].share)
			cells[c] = column_value(&view->columns[c], value_number(cells[c]),
				query->total[c], query->filtered[c], query->filtered[c], seconds);
	}
	memcpy(cells + width, groups_keys(&query->groups, group), view->key_count * sizeof(*cells));
	cells[width + view->key_count] = sums_get(&query->sums[width], group, 0);
	if (group == query->groups.others)
		query_fill_others(query, cells);
}

/* As a tree: parents come by the numbers of rows, which those that are folded away have not. */
static void query_fill_forest(
	struct query *query, struct table *table, const uint64_t *ids, double seconds)
{
	uint32_t *places = mem_alloc((query->groups.count + 1) * sizeof(*places));
	struct forest forest;
	uint32_t count = 0;

	forest_build(&forest, &query->groups, query->view->parent_count, query->parents, ids,
		&query->unfolding);
	for (uint32_t i = 0; i < forest.count; i++)
		if (!forest.hidden[i])
			places[i] = count++;
	table_reserve(table, count);
	for (uint32_t i = 0; i < forest.count; i++) {
		struct table_row row = forest.rows[i];

		if (forest.hidden[i])
			continue;
		row.parent = row.parent == TABLE_TOP ? TABLE_TOP : places[row.parent];
		query_fill_group(query, table, i, row, seconds);
	}
	forest_release(&forest);
	free(places);
}

static void query_fill_list(
	struct query *query, struct table *table, const uint64_t *ids, double seconds)
{
	table_reserve(table, query->groups.count);
	for (uint32_t group = 0; group < query->groups.count; group++)
		query_fill_group(query, table, group,
			(struct table_row){.id = ids[group], .parent = TABLE_TOP}, seconds);
}

void query_fill_groups(struct query *query, struct table *table, double seconds)
{
	uint32_t count = query->groups.count;
	uint64_t *ids = mem_alloc((count + 1) * sizeof(*ids));

	for (uint32_t group = 0; group < count; group++)
		ids[group] = query_group_id(query, group);
	if (query->view->path == PATH_PARENTS)
		query_fill_forest(query, table, ids, seconds);
	else
		query_fill_list(query, table, ids, seconds);
	free(ids);
	table->cut = query->groups.others != INDEX_NONE;
	for (size_t i = 0; i <= query->view->column_count; i++)
		table->cut |= query->sums[i].cut;
	/* The texts of the cells move with them. */
	table->texts = query->groups.texts;
	query->groups.texts = (struct intern){0};
	groups_release(&query->groups);
	groups_init(&query->groups, query->view->key_count, query->groups.bound);
}
