/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/query.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "view/query_local.h"

/*
 * Bytes of groups and their table: a part of what is our own beside the log, and where there is no
 * log in memory, of what would be for it.
 */
#define LIVE_BYTES (24u << 20)
#define FILE_BYTES (192u << 20)
#define GROUP_EXTRA 96 /* of a group beside its values: its place in the index and in the table */

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

static bool never_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	(void)depth;
	return false;
}

/* A value for each column, key and label, of the group and in the table. */
static struct groups_bound query_bound(const struct view *view, const struct recording *recording)
{
	size_t values = view->column_count + view->key_count + 1;

	return (struct groups_bound){
		.bytes = recording_is_live(recording) ? LIVE_BYTES : FILE_BYTES,
		.each = 2 * values * sizeof(struct value) + GROUP_EXTRA};
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
	query->to = query->extract.to = spec->to;
	cursor_init(
		&query->cursor, recording, RECORD_DATA, spec->from, spec->to ? spec->to - 1 : 0);
	if (view->filter)
		query_add_clauses(query, view->filter, view->filter->root, true);
	for (size_t i = 0; i < spec->filter_count; i++)
		query_add_clauses(query, spec->filters[i], spec->filters[i]->root, false);
	for (size_t i = 0; i < view->column_count; i++)
		query->is_of_usage |= is_usage(view->columns[i].field);
	query->sources = mem_zalloc((view->column_count + 1) * sizeof(*query->sources));
	query->total = mem_zalloc((view->column_count + 1) * sizeof(*query->total));
	query->filtered = mem_zalloc((view->column_count + 1) * sizeof(*query->filtered));
	if (!unfolding.is_open)
		unfolding.is_open = never_open;
	if (view_has_frames(view)) {
		stacks_init(&query->stacks, view, unfolding, query_bound(view, recording));
		return query;
	}
	query->unfolding = unfolding;
	query_init_groups(query, query_bound(view, recording));
	return query;
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
	for (size_t i = 0; i < query->view->column_count; i++)
		free(query->sources[i].has_kind);
	free(query->sources);
	free(query->total);
	free(query->filtered);
	free(query->kinds_wanted);
	if (view_has_frames(query->view)) {
		stacks_release(&query->stacks);
		query_release_mixes(query);
	} else {
		query_release_groups(query);
	}
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

static void query_add_lasting(
	struct query *query, size_t c, const uint32_t *rows, const uint32_t *groups, uint32_t count)
{
	const uint64_t *durations = rows_value(query->extract.rows, CHUNK_DURATION);
	const uint32_t *flags = rows_index(query->extract.rows, CHUNK_FLAGS);
	const struct source *source = &query->sources[c];
	const struct field *field = query->view->columns[c].field;

	for (uint32_t i = 0; durations && flags && i < count; i++) {
		if (field->is_level && flags[rows[i]] & RECORD_PARTIAL)
			continue;
		sums_add_lasting(&query->sums[c], groups[i],
			query_value(query, field, source->column, source->entries, rows[i]),
			durations[rows[i]]);
	}
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
		if (query->view->columns[c].aggregate == AGGREGATE_MEAN) {
			query_add_lasting(query, c, r, g, n);
			continue;
		}
		if (source->column || field->is_constant) {
			sums_add(&query->sums[c], g, r, n, source->column, 1);
			continue;
		}
		for (uint32_t i = 0; i < n; i++)
			sums_add_value(&query->sums[c], g[i],
				query_value(query, field, NULL, source->entries, r[i]),
				&query->groups);
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

/* The intervals of usage that end in the chunk, whatever the view is about. */
static void query_cover(struct query *query, struct rows *rows)
{
	const uint32_t *kind = rows_index(rows, CHUNK_KIND);
	const uint64_t *time = rows_value(rows, CHUNK_TIME);
	const uint64_t *duration = rows_value(rows, CHUNK_DURATION);
	const uint32_t *flags = rows_index(rows, CHUNK_FLAGS);
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);

	if (!kind || !time || !duration || !flags)
		return;
	for (uint32_t row = 0; row < rows_count(rows); row++)
		if (kinds[kind[row]].type == RECORD_HOST_USAGE && time[row] >= query->from &&
			time[row] < query->to) {
			query->covered += duration[row];
			query->whole += flags[row] & RECORD_PARTIAL ? 0 : duration[row];
		}
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

	if (query->is_of_usage && rows_have(rows, RECORD_HOST_USAGE))
		query_cover(query, rows);
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
