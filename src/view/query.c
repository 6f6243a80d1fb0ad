/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "view/group.h"

#define MIXED_MAX 8 /* clauses that look at the row and the frame both */

/* A part of a filter that has to be true by itself. */
struct clause {
	struct filter_run *run;
	bool of_view; /* the view's own, and not a narrowing */
	bool rows, frames;
	unsigned mixed; /* its number among those that look at both */
};

/* How one column takes its value from a row. */
struct source {
	const uint64_t *column;	 /* whole numbers of the row itself */
	const uint32_t *entries; /* numbers into the domain of its field */
	uint8_t *has_kind;	 /* by kind: whether its records have the field */
	size_t kind_capacity;
	bool all_kinds;
};

/* Samples by node, apart for each answer to the clauses that need the row and the frame. */
struct mix {
	uint64_t bits[MIXED_MAX]; /* a clause */
	double **weights;	  /* a column, by node; NULL: not a number */
	size_t *capacity;
};

struct query {
	const struct view *view;
	struct model *model;
	struct cursor cursor;
	uint64_t from, to;
	struct clause *clauses;
	size_t clause_count, clause_capacity;
	unsigned mixed_count;
	struct extract extract;
	struct source *sources;	  /* a column */
	double *total, *filtered; /* a column */
	uint64_t records;
	uint8_t *kinds_wanted;
	size_t kind_capacity;

	/* Rows that stand for groups of records. */
	struct groups groups;
	struct sums *sums;		    /* a column, then the label */
	enum field_domain codes[VIEW_KEYS]; /* domains that tell keys apart; rows by their value */
	const struct field *code_fields[VIEW_KEYS];
	size_t code_count;
	uint32_t *entry_groups; /* with one code: group by entry */
	size_t entry_capacity;
	struct tuple {
		uint64_t code[VIEW_KEYS];
		uint32_t group;
	} * tuples; /* with several: groups by their codes, of this chunk */
	size_t tuple_count, tuple_capacity;
	struct index tuple_index;

	/* Rows that stand for frames. */
	struct stacks stacks;
	struct mix *mixes;
	size_t mix_count, mix_capacity, mix_room;
};

/* The operands of a filter's ands, one by one. */
static void query_add_clauses(
	struct query *query, const struct filter *filter, uint32_t root, bool of_view)
{
	struct clause *clause;

	if (root == FILTER_NONE)
		return;
	if (filter->nodes[root].kind == FILTER_AND) {
		query_add_clauses(query, filter, filter->nodes[root].left, of_view);
		query_add_clauses(query, filter, filter->nodes[root].right, of_view);
		return;
	}
	query->clauses = mem_grow(query->clauses, &query->clause_capacity, query->clause_count + 1,
		sizeof(*query->clauses));
	clause = &query->clauses[query->clause_count++];
	*clause = (struct clause){.run = filter_run_new(filter, root),
		.of_view = of_view,
		.rows = filter_looks_at_rows(filter, root),
		.frames = filter_looks_at_frames(filter, root)};
	/*
	 * A view's own filter is about records: what it says of a frame is said of the one that was
	 * executing.  So is everything in views whose rows are not frames.
	 */
	if (of_view || !view_has_frames(query->view)) {
		clause->rows = true;
		clause->frames = false;
	}
	if (clause->rows && clause->frames) {
		clause->mixed = query->mixed_count++;
		clause->frames = clause->mixed < MIXED_MAX;
	}
}

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

static bool never_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	(void)depth;
	return false;
}

struct query *query_new(
	const struct query_spec *spec, struct recording *recording, struct model *model)
{
	struct query *query = mem_zalloc(sizeof(*query));
	const struct view *view = spec->view;
	struct unfolding unfolding = spec->unfolding;

	query->view = view;
	query->model = model;
	query->from = spec->from;
	query->to = spec->to;
	cursor_init(
		&query->cursor, recording, RECORD_DATA, spec->from, spec->to ? spec->to - 1 : 0);
	if (view->filter)
		query_add_clauses(query, view->filter, view->filter->root, true);
	for (size_t i = 0; i < spec->filter_count; i++)
		query_add_clauses(query, spec->filters[i], spec->filters[i]->root, false);
	query->sources = mem_zalloc((view->column_count + 1) * sizeof(*query->sources));
	query->total = mem_zalloc((view->column_count + 1) * sizeof(*query->total));
	query->filtered = mem_zalloc((view->column_count + 1) * sizeof(*query->filtered));
	if (!unfolding.is_open)
		unfolding.is_open = never_open;
	if (view_has_frames(view)) {
		stacks_init(&query->stacks, view, unfolding);
		return query;
	}
	query_choose_codes(query);
	groups_init(&query->groups, view->key_count);
	query->sums = mem_zalloc((view->column_count + 1) * sizeof(*query->sums));
	for (size_t i = 0; i < view->column_count; i++)
		sums_init(&query->sums[i], view->columns[i].aggregate,
			view->columns[i].field->type == VALUE_SIGNED);
	sums_init(&query->sums[view->column_count], AGGREGATE_NONE, false);
	return query;
}

static void query_free_mixes(struct query *query)
{
	for (size_t i = 0; i < query->mix_room; i++) {
		for (size_t c = 0; c < query->view->column_count; c++)
			free(query->mixes[i].weights[c]);
		free(query->mixes[i].weights);
		free(query->mixes[i].capacity);
	}
	free(query->mixes);
}

void query_free(struct query *query)
{
	if (!query)
		return;
	cursor_release(&query->cursor);
	for (size_t i = 0; i < query->clause_count; i++)
		filter_run_free(query->clauses[i].run);
	free(query->clauses);
	extract_release(&query->extract);
	for (size_t i = 0; i <= query->view->column_count; i++) {
		free(query->sources[i].has_kind);
		if (query->sums)
			sums_release(&query->sums[i]);
	}
	free(query->sources);
	free(query->sums);
	free(query->total);
	free(query->filtered);
	free(query->kinds_wanted);
	groups_release(&query->groups);
	free(query->entry_groups);
	free(query->tuples);
	index_release(&query->tuple_index);
	if (view_has_frames(query->view))
		stacks_release(&query->stacks);
	query_free_mixes(query);
	free(query);
}

/* Which kinds of the chunk are rows of the view; false: none is. */
static bool query_choose_kinds(struct query *query, struct rows *rows, bool *all)
{
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);
	bool any = false;

	query->kinds_wanted = mem_grow(query->kinds_wanted, &query->kind_capacity, count, 1);
	*all = true;
	for (uint32_t i = 0; i < count; i++) {
		query->kinds_wanted[i] = !query->view->types ||
					 (kinds[i].type < RECORD_TYPES &&
						 (query->view->types & FIELD_TYPE(kinds[i].type)));
		any |= query->kinds_wanted[i];
		*all &= query->kinds_wanted[i];
	}
	return any;
}

/* Looks up where the columns are in this chunk. */
static void query_bind_columns(struct query *query, struct rows *rows)
{
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);

	for (size_t i = 0; i < query->view->column_count; i++) {
		const struct field *field = query->view->columns[i].field;
		struct source *source = &query->sources[i];

		source->column = field->column ? field->column(&query->extract) : NULL;
		source->entries = extract_entries(&query->extract, field->domain);
		source->has_kind = mem_grow(source->has_kind, &source->kind_capacity, count, 1);
		source->all_kinds = true;
		for (uint32_t k = 0; k < count; k++) {
			source->has_kind[k] = !field->types ||
					      (kinds[k].type < RECORD_TYPES &&
						      (field->types & FIELD_TYPE(kinds[k].type)));
			source->all_kinds &= source->has_kind[k] || !query->kinds_wanted[k];
		}
	}
}

static struct value field_value(struct query *query, const struct field *field,
	const uint64_t *column, const uint32_t *entries, uint32_t row)
{
	if (column)
		return field->type == VALUE_SIGNED ? value_signed((int64_t)column[row])
						   : value_unsigned(column[row]);
	return field->get(&query->extract, entries ? entries[row] : row);
}

static struct value field_value_at(struct query *query, const struct field *field, uint32_t row)
{
	return field_value(query, field, field->column ? field->column(&query->extract) : NULL,
		extract_entries(&query->extract, field->domain), row);
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
	for (size_t i = 0; i < view->column_count; i++)
		if (view->columns[i].aggregate == AGGREGATE_NONE)
			sums_add_value(&query->sums[i], group,
				field_value_at(query, view->columns[i].field, row),
				&query->groups.texts);
	sums_add_value(&query->sums[view->column_count], group,
		view->label ? field_value_at(query, view->label, row) : keys[0],
		&query->groups.texts);
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
					       : value_hash(query->code_fields[k]->get(
							 &query->extract, rows[i]));
		groups[i] = query_tuple_group(query, code, rows[i]);
	}
}

static void query_group(struct query *query, const uint32_t *rows, uint32_t count, uint32_t *groups)
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

/* Rows that have the field of a column, and their groups; the whole selection, mostly. */
static uint32_t query_having(struct query *query, const struct source *source, const uint32_t *rows,
	const uint32_t *groups, uint32_t count, uint32_t *out_rows, uint32_t *out_groups)
{
	const uint32_t *kinds = rows_index(query->extract.rows, CHUNK_KIND);
	uint32_t kept = 0;

	for (uint32_t i = 0; kinds && i < count; i++) {
		out_rows[kept] = rows[i];
		if (groups)
			out_groups[kept] = groups[i];
		kept += source->has_kind[kinds[rows[i]]];
	}
	return kept;
}

static void query_sum(
	struct query *query, const uint32_t *rows, const uint32_t *groups, uint32_t count)
{
	uint32_t some_rows[FILTER_SLICE], some_groups[FILTER_SLICE];

	for (size_t c = 0; c < query->view->column_count; c++) {
		const struct field *field = query->view->columns[c].field;
		const struct source *source = &query->sources[c];
		const uint32_t *r = rows, *g = groups;
		uint32_t n = count;

		if (query->view->columns[c].aggregate == AGGREGATE_NONE)
			continue;
		if (!source->all_kinds) {
			n = query_having(
				query, source, rows, groups, count, some_rows, some_groups);
			r = some_rows;
			g = some_groups;
		}
		if (source->column || field->is_constant) {
			sums_add(&query->sums[c], g, r, n, source->column, 1);
			continue;
		}
		for (uint32_t i = 0; i < n; i++)
			sums_add_value(&query->sums[c], g[i],
				field_value(query, field, NULL, source->entries, r[i]),
				&query->groups.texts);
	}
}

/* Adds to the sums that shares are made of. */
static void query_add_whole(
	struct query *query, enum share share, double *whole, const uint32_t *rows, uint32_t count)
{
	uint32_t some[FILTER_SLICE];

	for (size_t c = 0; c < query->view->column_count; c++) {
		const struct view_column *column = &query->view->columns[c];
		const struct source *source = &query->sources[c];
		const uint32_t *r = rows;
		uint32_t n = count;

		if (column->share != share &&
			!(column->share == SHARE_PARENT && share == SHARE_FILTERED))
			continue;
		if (!source->all_kinds) {
			n = query_having(query, source, rows, NULL, count, some, NULL);
			r = some;
		}
		if (column->aggregate == AGGREGATE_COUNT || !source->column)
			whole[c] += n;
		else
			for (uint32_t i = 0; i < n; i++)
				whole[c] += (double)source->column[r[i]];
	}
}

/* The samples with these answers; a new mix, cleared for so many nodes, if there is none yet. */
static struct mix *query_mix(struct query *query, const uint64_t *bits, uint32_t nodes)
{
	const struct view *view = query->view;
	struct mix *mix;

	for (size_t i = 0; i < query->mix_count; i++)
		if (!memcmp(query->mixes[i].bits, bits, sizeof(query->mixes[i].bits)))
			return &query->mixes[i];
	if (query->mix_count == query->mix_room) {
		query->mixes = mem_grow(query->mixes, &query->mix_capacity, query->mix_room + 1,
			sizeof(*query->mixes));
		mix = &query->mixes[query->mix_room++];
		mix->weights = mem_zalloc(view->column_count * sizeof(*mix->weights));
		mix->capacity = mem_zalloc(view->column_count * sizeof(*mix->capacity));
	}
	mix = &query->mixes[query->mix_count++];
	memcpy(mix->bits, bits, sizeof(mix->bits));
	for (size_t c = 0; c < view->column_count; c++) {
		if (view->columns[c].aggregate == AGGREGATE_NONE)
			continue;
		mix->weights[c] = mem_grow(
			mix->weights[c], &mix->capacity[c], nodes, sizeof(double));
		memset(mix->weights[c], 0, nodes * sizeof(double));
	}
	return mix;
}

static void query_row_bits(struct query *query, uint32_t row, uint64_t *bits)
{
	for (size_t i = 0; i < query->clause_count; i++)
		if (query->clauses[i].rows && query->clauses[i].frames)
			bits[query->clauses[i].mixed] = filter_run_row_bits(
				query->clauses[i].run, row);
}

static void query_weigh(struct query *query, struct mix *mix, const uint32_t *stack,
	const uint32_t *rows, uint32_t count)
{
	for (size_t c = 0; c < query->view->column_count; c++) {
		const uint64_t *column = query->sources[c].column;
		double *weights = mix->weights[c];

		if (query->view->columns[c].aggregate == AGGREGATE_NONE)
			continue;
		if (!column || query->view->columns[c].aggregate == AGGREGATE_COUNT)
			for (uint32_t i = 0; i < count; i++)
				weights[stack[rows[i]]]++;
		else
			for (uint32_t i = 0; i < count; i++)
				weights[stack[rows[i]]] += (double)column[rows[i]];
	}
}

static void query_add_stacks(struct query *query, const uint32_t *rows, uint32_t count)
{
	const uint32_t *stack = rows_index(query->extract.rows, CHUNK_STACK);
	uint64_t bits[MIXED_MAX] = {0};
	uint32_t nodes;

	rows_nodes(query->extract.rows, &nodes);
	if (!stack || !count)
		return;
	if (!query->mixed_count) {
		query_weigh(query, query_mix(query, bits, nodes), stack, rows, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		query_row_bits(query, rows[i], bits);
		query_weigh(query, query_mix(query, bits, nodes), stack, &rows[i], 1);
	}
}

struct frame_match {
	struct query *query;
	const uint64_t *bits; /* of the samples that are folded */
};

static bool frame_matches(void *arg, uint32_t node)
{
	const struct frame_match *match = arg;
	struct query *query = match->query;

	for (size_t i = 0; i < query->clause_count; i++)
		if (query->clauses[i].frames &&
			!filter_run_frame_given(query->clauses[i].run,
				query->clauses[i].rows ? match->bits[query->clauses[i].mixed] : 0,
				node))
			return false;
	return true;
}

/* The chunk's samples, by node, go into the tree. */
static void query_fold_stacks(struct query *query)
{
	for (size_t i = 0; i < query->mix_count; i++) {
		struct frame_match match = {query, query->mixes[i].bits};

		stacks_add(&query->stacks, &query->extract, query->mixes[i].weights, frame_matches,
			&match);
	}
	query->mix_count = 0;
}

static uint32_t query_narrow(
	struct query *query, bool of_view, const uint32_t *in, uint32_t count, uint32_t *out)
{
	bool first = true;

	for (size_t i = 0; i < query->clause_count && count; i++) {
		const struct clause *clause = &query->clauses[i];

		if (clause->of_view != of_view || !clause->rows || clause->frames)
			continue;
		count = filter_run_select(clause->run, first ? in : out, count, out);
		first = false;
	}
	if (first && in != out)
		memcpy(out, in, count * sizeof(*in));
	return count;
}

static void query_slice(struct query *query, const uint32_t *rows, uint32_t count)
{
	uint32_t chosen[FILTER_SLICE], groups[FILTER_SLICE];

	count = query_narrow(query, true, rows, count, chosen);
	query_add_whole(query, SHARE_TOTAL, query->total, chosen, count);
	count = query_narrow(query, false, chosen, count, chosen);
	query_add_whole(query, SHARE_FILTERED, query->filtered, chosen, count);
	query->records += count;
	if (view_has_frames(query->view)) {
		query_add_stacks(query, chosen, count);
		return;
	}
	query_group(query, chosen, count, groups);
	query_sum(query, chosen, groups, count);
}

/* Picks the rows of a slice that are of wanted kinds and of the span. */
static uint32_t query_pick(struct query *query, struct rows *rows, uint32_t first, uint32_t count,
	bool all_kinds, bool whole_span, uint32_t *out)
{
	const uint32_t *kinds = all_kinds ? NULL : rows_index(rows, CHUNK_KIND);
	const uint64_t *times = whole_span ? NULL : rows_value(rows, CHUNK_TIME);
	uint32_t kept = 0;

	if ((!all_kinds && !kinds) || (!whole_span && !times))
		return 0;
	for (uint32_t row = first; row < first + count; row++) {
		if (kinds && !query->kinds_wanted[kinds[row]])
			continue;
		if (times && (times[row] < query->from || times[row] >= query->to))
			continue;
		out[kept++] = row;
	}
	return kept;
}

static void query_prepare_groups(struct query *query)
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

/*
 * Whether the chunk can hold a record that the query is about.  What only narrows the view counts
 * for its total nevertheless: with shares of it, such chunks are gone through.
 */
static bool query_may_pass(struct query *query)
{
	bool has_total = false;

	for (size_t i = 0; i < query->view->column_count; i++)
		has_total |= query->view->columns[i].share == SHARE_TOTAL;
	for (size_t i = 0; i < query->clause_count; i++) {
		const struct clause *clause = &query->clauses[i];

		if (!clause->rows || clause->frames || (has_total && !clause->of_view))
			continue;
		if (!filter_run_may_pass(clause->run))
			return false;
	}
	return true;
}

/* Unpacks what the query needs; false if the chunk is damaged. */
static bool query_bind(struct query *query, struct rows *rows)
{
	query_bind_columns(query, rows);
	if (view_has_frames(query->view)) {
		rows_index(rows, CHUNK_STACK);
	} else {
		query_prepare_groups(query);
		for (size_t k = 0; k < query->code_count; k++)
			extract_entries(&query->extract, query->codes[k]);
	}
	return !rows_damage(rows);
}

static void query_chunk(struct query *query, struct rows *rows)
{
	uint32_t count = rows_count(rows);
	uint64_t first, last;
	bool all_kinds, whole_span;

	if (!query_choose_kinds(query, rows, &all_kinds))
		return;
	extract_attach(&query->extract, rows, query->model);
	for (size_t i = 0; i < query->clause_count; i++)
		filter_run_attach(query->clauses[i].run, &query->extract);
	if (!query_may_pass(query))
		return;
	if (!query_bind(query, rows)) {
		query->cursor.damaged++;
		return;
	}
	rows_span(rows, &first, &last);
	whole_span = first >= query->from && last < query->to;
	for (uint32_t at = 0; at < count; at += FILTER_SLICE) {
		uint32_t slice[FILTER_SLICE];
		uint32_t size = count - at < FILTER_SLICE ? count - at : FILTER_SLICE;

		size = query_pick(query, rows, at, size, all_kinds, whole_span, slice);
		if (size)
			query_slice(query, slice, size);
	}
	if (view_has_frames(query->view))
		query_fold_stacks(query);
	if (rows_damage(rows))
		query->cursor.damaged++;
}

bool query_step(struct query *query, uint64_t budget_ns)
{
	uint64_t end = clock_now() + budget_ns;

	do {
		struct rows *rows = cursor_next(&query->cursor);

		if (!rows)
			return false;
		query_chunk(query, rows);
	} while (clock_now() < end);
	return true;
}

static void query_fill_groups(struct query *query, struct table *table, double seconds)
{
	const struct view *view = query->view;
	size_t width = view->column_count;

	for (uint32_t group = 0; group < query->groups.count; group++) {
		const struct value *keys = groups_keys(&query->groups, group);
		struct table_row row = {.parent = TABLE_TOP};
		struct value *cells;

		for (size_t k = 0; k < view->key_count; k++)
			row.id = hash_two(row.id, value_hash(keys[k]));
		cells = table_add(table, row);
		for (size_t c = 0; c < width; c++) {
			cells[c] = sums_get(&query->sums[c], group, seconds);
			if (view->columns[c].share)
				cells[c] = column_value(&view->columns[c], value_number(cells[c]),
					query->total[c], query->filtered[c], query->filtered[c],
					seconds);
		}
		memcpy(cells + width, keys, view->key_count * sizeof(*keys));
		cells[width + view->key_count] = sums_get(&query->sums[width], group, 0);
	}
	/* The texts of the cells move with them. */
	table->texts = query->groups.texts;
	query->groups.texts = (struct intern){0};
	groups_release(&query->groups);
	groups_init(&query->groups, view->key_count);
}

/* Records that were lost within the span, as far as chunks tell it apart. */
static uint64_t query_lost(const struct query *query)
{
	const struct recording *recording = query->cursor.recording;
	size_t count = recording_count(recording, RECORD_DATA);
	uint64_t lost = 0;

	for (size_t i = 0; i < count; i++) {
		struct chunk_info info = recording_info(recording, RECORD_DATA, i);

		if (info.time_last >= query->from && info.time_first < query->to)
			lost += info.lost;
	}
	return lost;
}

struct table *query_table(struct query *query)
{
	struct table *table = table_new(query->view);
	double seconds = query->to == UINT64_MAX ? 0 : (double)(query->to - query->from) / 1e9;
	bool falling;
	size_t sort = view_sort_column(query->view, &falling);

	table->from = query->from;
	table->to = query->to;
	table->records = query->records;
	table->damaged = query->cursor.damaged;
	table->lost = query_lost(query);
	if (view_has_frames(query->view))
		stacks_fill(&query->stacks, table, query->total, query->filtered, seconds);
	else
		query_fill_groups(query, table, seconds);
	table_sort(table, sort, falling);
	return table;
}

struct table *query_run(
	const struct query_spec *spec, struct recording *recording, struct model *model)
{
	struct query *query = query_new(spec, recording, model);
	struct table *table;

	while (query_step(query, 100 * NS_PER_MS))
		;
	table = query_table(query);
	query_free(query);
	return table;
}
