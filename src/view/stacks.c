/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/stacks.h"

#include <stdlib.h>

#include "base/mem.h"

struct stack_row {
	uint64_t id; /* of the path: parent's id and the keys */
	uint32_t parent, group, depth;
	bool has_more, is_open;
};

void stacks_init(struct stacks *stacks, const struct view *view, struct unfolding unfolding,
	struct groups_bound bound)
{
	*stacks = (struct stacks){.view = view, .unfolding = unfolding};
	/* A half of it for the functions, the other for where they stand. */
	bound.bytes /= 2;
	groups_init(&stacks->groups, view->key_count, bound);
	stacks->rows_most = (uint32_t)(bound.bytes / bound.each);
	stacks->sums = mem_zalloc((view->column_count + 1) * sizeof(*stacks->sums));
	for (size_t i = 0; i <= view->column_count; i++)
		sums_init(&stacks->sums[i], AGGREGATE_NONE, false);
}

void stacks_release(struct stacks *stacks)
{
	for (size_t i = 0; stacks->sums && i <= stacks->view->column_count; i++)
		sums_release(&stacks->sums[i]);
	free(stacks->sums);
	groups_release(&stacks->groups);
	free(stacks->rows);
	free(stacks->weights);
	index_release(&stacks->by_path);
	free(stacks->node_groups);
	free(stacks->below);
	free(stacks->spans);
	free(stacks->targets);
}

/* What the row shows besides its numbers; the last one is the label. */
static void stacks_describe(struct stacks *stacks, struct extract *x, uint32_t group, uint32_t node)
{
	const struct view *view = stacks->view;

	for (size_t i = 0; i <= view->column_count; i++) {
		const struct field *field = i < view->column_count ? view->columns[i].field
					    : view->label	   ? view->label
								   : view->keys[0];

		sums_reserve(&stacks->sums[i], group + 1);
		if (i < view->column_count && view->columns[i].aggregate != AGGREGATE_NONE)
			continue;
		if (group != stacks->groups.others)
			sums_add_value(&stacks->sums[i], group, field_get(field, x, node),
				&stacks->groups);
		else if (field == (view->label ? view->label : view->keys[0]))
			sums_add_value(&stacks->sums[i], group, value_text(STR(GROUPS_OTHERS)),
				&stacks->groups);
	}
}

static uint32_t stacks_group(struct stacks *stacks, struct extract *x, uint32_t node)
{
	struct value keys[VIEW_KEYS];
	uint32_t group;
	bool added;

	for (size_t i = 0; i < stacks->view->key_count; i++)
		keys[i] = field_get(stacks->view->keys[i], x, node);
	group = groups_find(&stacks->groups, keys, &added);
	if (added)
		stacks_describe(stacks, x, group, node);
	return group;
}

static bool path_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct stack_row *row = &((const struct stacks *)owner)->rows[entry], *key = wanted;

	return row->parent == key->parent && row->group == key->group;
}

static uint64_t group_id(const struct stacks *stacks, uint32_t group)
{
	const struct value *keys = groups_keys(&stacks->groups, group);
	uint64_t id = 0;

	for (size_t i = 0; i < stacks->groups.key_count; i++)
		id = hash_two(id, value_hash(keys[i]));
	return id;
}

/* The row of a group below another row; INDEX_NONE when there is no room for more. */
static uint32_t stacks_row(struct stacks *stacks, uint32_t parent, uint32_t group)
{
	struct stack_row key = {.parent = parent, .group = group};
	uint64_t hash = hash_u64((uint64_t)parent << 32 | group);
	uint32_t at = index_find(&stacks->by_path, hash, path_is, stacks, &key);
	size_t width = stacks->view->column_count;

	if (at != INDEX_NONE || stacks->row_count == stacks->rows_most)
		return at;
	key.id = hash_two(
		parent == TABLE_TOP ? 0 : stacks->rows[parent].id, group_id(stacks, group));
	key.depth = parent == TABLE_TOP ? 0 : stacks->rows[parent].depth + 1;
	key.is_open = stacks->view->path != PATH_NONE &&
		      stacks->unfolding.is_open(stacks->unfolding.arg, key.id, key.depth);
	at = stacks->row_count++;
	stacks->rows = mem_grow(
		stacks->rows, &stacks->row_capacity, stacks->row_count, sizeof(*stacks->rows));
	stacks->weights = mem_grow(stacks->weights, &stacks->weight_capacity,
		stacks->row_count * width, sizeof(*stacks->weights));
	stacks->rows[at] = key;
	memset(stacks->weights + at * width, 0, width * sizeof(*stacks->weights));
	index_add(&stacks->by_path, hash, at);
	return at;
}

/* Adds what a node has to a row: its own weight in columns of self, all below it in others. */
static void stacks_count(
	struct stacks *stacks, uint32_t row, double *const *weights, uint32_t node, bool with_below)
{
	size_t width = stacks->view->column_count;
	double *to = stacks->weights + row * width;
	const double *below = stacks->below + node * width;

	for (size_t i = 0; i < width; i++) {
		if (stacks->view->columns[i].field->is_self)
			to[i] += weights[i] ? weights[i][node] : 0;
		else if (with_below)
			to[i] += below[i];
	}
}

/* Sums of each node and all below it; whether anything was counted there at all. */
static void stacks_sum_below(struct stacks *stacks, const struct chunk_node *nodes, uint32_t count,
	double *const *weights)
{
	size_t width = stacks->view->column_count;
	double *below;

	stacks->below = mem_grow(
		stacks->below, &stacks->below_capacity, count * width + 1, sizeof(*below));
	below = stacks->below;
	for (uint32_t node = 0; node < count; node++)
		for (size_t i = 0; i < width; i++)
			below[node * width + i] = weights[i] ? weights[i][node] : 0;
	for (uint32_t node = count; node-- > 1;)
		for (size_t i = 0; i < width; i++)
			below[nodes[node].parent * width + i] += below[node * width + i];
}

static bool is_counted(const struct stacks *stacks, uint32_t node)
{
	size_t width = stacks->view->column_count;

	for (size_t i = 0; i < width; i++)
		if (stacks->below[node * width + i] != 0)
			return true;
	return false;
}

/* Whether a caller further out is of the same group. */
static bool is_inner_call(
	const struct stacks *stacks, const struct chunk_node *nodes, uint32_t node)
{
	uint32_t group = stacks->node_groups[node];

	for (node = nodes[node].parent; node; node = nodes[node].parent)
		if (stacks->node_groups[node] == group)
			return true;
	return false;
}

static void stacks_target(struct stacks *stacks, uint32_t row)
{
	stacks->targets = mem_grow(stacks->targets, &stacks->target_capacity,
		stacks->target_count + 1, sizeof(*stacks->targets));
	stacks->targets[stacks->target_count++] = row;
}

/* Down from @node's rows: the rows that its caller counts for get it as a child. */
static void stacks_add_callee(struct stacks *stacks, const struct chunk_node *nodes, uint32_t node,
	double *const *weights)
{
	struct span above = stacks->spans[nodes[node].parent];

	for (uint32_t i = 0; i < above.count; i++) {
		uint32_t parent = stacks->targets[above.first + i], row;

		stacks->rows[parent].has_more = true;
		if (!stacks->rows[parent].is_open)
			continue;
		row = stacks_row(stacks, parent, stacks->node_groups[node]);
		if (row == INDEX_NONE)
			continue;
		stacks_count(stacks, row, weights, node, true);
		stacks_target(stacks, row);
	}
}

/* Up from the row of @node: its callers, as far as the rows are open. */
static void stacks_add_callers(struct stacks *stacks, const struct chunk_node *nodes, uint32_t node,
	uint32_t row, double *const *weights)
{
	for (uint32_t caller = nodes[node].parent; caller; caller = nodes[caller].parent) {
		stacks->rows[row].has_more = true;
		if (!stacks->rows[row].is_open)
			return;
		row = stacks_row(stacks, row, stacks->node_groups[caller]);
		if (row == INDEX_NONE)
			return;
		stacks_count(stacks, row, weights, node, true);
	}
}

static void stacks_add_node(struct stacks *stacks, const struct chunk_node *nodes, uint32_t node,
	double *const *weights, bool matches)
{
	uint32_t row = matches ? stacks_row(stacks, TABLE_TOP, stacks->node_groups[node])
			       : INDEX_NONE;
	bool is_inner = row != INDEX_NONE && is_inner_call(stacks, nodes, node);

	stacks->spans[node] = (struct span){stacks->target_count, 0};
	if (row != INDEX_NONE) {
		stacks_count(stacks, row, weights, node, !is_inner);
		if (!is_inner && stacks->view->path == PATH_CALLEES)
			stacks_target(stacks, row);
		if (!is_inner && stacks->view->path == PATH_CALLERS)
			stacks_add_callers(stacks, nodes, node, row, weights);
	}
	if (stacks->view->path == PATH_CALLEES)
		stacks_add_callee(stacks, nodes, node, weights);
	stacks->spans[node].count = stacks->target_count - stacks->spans[node].first;
}

void stacks_add(struct stacks *stacks, struct extract *extract, double *const *weights,
	bool (*matches)(void *arg, uint32_t node), void *arg)
{
	uint32_t count;
	const struct chunk_node *nodes = rows_nodes(extract->rows, &count);

	if (!nodes)
		return;
	stacks->node_groups = mem_grow(
		stacks->node_groups, &stacks->group_capacity, count, sizeof(uint32_t));
	stacks->spans = mem_grow(
		stacks->spans, &stacks->span_capacity, count, sizeof(*stacks->spans));
	stacks->target_count = 0;
	stacks_sum_below(stacks, nodes, count, weights);
	stacks->spans[0] = (struct span){0, 0};
	for (uint32_t node = 1; node < count; node++) { /* callers before what they call */
		if (!is_counted(stacks, node)) {
			stacks->spans[node] = (struct span){0, 0};
			stacks->node_groups[node] = INDEX_NONE;
			continue;
		}
		stacks->node_groups[node] = stacks_group(stacks, extract, node);
		stacks_add_node(stacks, nodes, node, weights, !matches || matches(arg, node));
	}
}

struct value column_value(const struct view_column *column, double sum, double total,
	double filtered, double parent, double seconds)
{
	double whole = column->share == SHARE_TOTAL	 ? total
		       : column->share == SHARE_FILTERED ? filtered
							 : parent;

	if (column->share)
		return whole > 0 ? value_real(100 * sum / whole) : value_none();
	if (column->aggregate == AGGREGATE_RATE)
		return value_real(seconds > 0 ? sum / seconds : 0);
	return value_unsigned((uint64_t)sum);
}

static struct value stacks_text(struct table *table, struct value value)
{
	if (value.type == VALUE_TEXT)
		value = value_text(intern(&table->texts, value_str(value)));
	return value;
}

void stacks_fill(const struct stacks *stacks, struct table *table, const double *total,
	const double *filtered, double seconds)
{
	const struct view *view = stacks->view;
	size_t width = view->column_count;

	table->cut = stacks->row_count == stacks->rows_most || stacks->groups.others != INDEX_NONE;
	table_reserve(table, stacks->row_count);
	for (uint32_t i = 0; i < stacks->row_count; i++) {
		const struct stack_row *row = &stacks->rows[i];
		const double *sums = stacks->weights + i * width;
		const double *above = row->parent == TABLE_TOP
					      ? filtered
					      : stacks->weights + row->parent * width;
		const struct value *keys = groups_keys(&stacks->groups, row->group);
		struct value *cells = table_add(
			table, (struct table_row){row->id, row->parent, row->depth, row->has_more,
				       row->is_open});

		for (size_t c = 0; c < width; c++)
			cells[c] = view->columns[c].aggregate == AGGREGATE_NONE
					   ? stacks_text(table,
						     sums_get(&stacks->sums[c], row->group, 0))
					   : column_value(&view->columns[c], sums[c], total[c],
						     filtered[c], above[c], seconds);
		for (size_t k = 0; k < view->key_count; k++)
			cells[width + k] = stacks_text(table, keys[k]);
		cells[width + view->key_count] = stacks_text(
			table, sums_get(&stacks->sums[width], row->group, 0));
	}
}
