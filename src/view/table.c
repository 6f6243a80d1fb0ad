/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/table.h"

#include <stdlib.h>

#include "base/mem.h"

struct table *table_new(const struct view *view)
{
	struct table *table = mem_zalloc(sizeof(*table));

	table->view = view;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	free(table->rows);
	free(table->cells);
	free(table->order);
	intern_release(&table->texts);
	free(table);
}

struct value *table_add(struct table *table, struct table_row row)
{
	size_t width = table_width(table);
	struct value *cells;

	table->rows = mem_grow(
		table->rows, &table->row_capacity, table->count + 1, sizeof(*table->rows));
	table->cells = mem_grow(table->cells, &table->cell_capacity, (table->count + 1) * width,
		sizeof(*table->cells));
	table->rows[table->count] = row;
	cells = table->cells + table->count++ * width;
	memset(cells, 0, width * sizeof(*cells));
	return cells;
}

struct sorting {
	const struct table *table;
	size_t column;
	bool falling;
};

static int compare_cells(const struct sorting *sorting, uint32_t a, uint32_t b)
{
	struct value x = table_cells(sorting->table, a)[sorting->column];
	struct value y = table_cells(sorting->table, b)[sorting->column];
	int order;

	if (x.type == VALUE_NONE || y.type == VALUE_NONE)
		return (x.type == VALUE_NONE) - (y.type == VALUE_NONE);
	order = value_compare(x, y);
	return sorting->falling ? -order : order;
}

static int compare_rows(const void *first, const void *second, void *arg)
{
	const struct sorting *sorting = arg;
	const struct table *table = sorting->table;
	uint32_t a = *(const uint32_t *)first, b = *(const uint32_t *)second;
	int order;

	/* Siblings side by side: the tree is walked from this afterwards. */
	if (table->rows[a].parent != table->rows[b].parent)
		return table->rows[a].parent < table->rows[b].parent ? -1 : 1;
	order = compare_cells(sorting, a, b);
	if (!order)
		order = value_compare(table_label(table, a), table_label(table, b));
	/*
	 * Keys last: they may be numbers that another run gives otherwise, and rows that differ in
	 * nothing else look the same whatever their order.
	 */
	for (size_t i = 0; !order && i < table->view->column_count; i++)
		order = value_compare(table_cells(table, a)[i], table_cells(table, b)[i]);
	for (size_t i = 0; !order && i < table->view->key_count; i++)
		order = value_compare(table_keys(table, a)[i], table_keys(table, b)[i]);
	return order ? order : (a > b) - (a < b);
}

/*
 * @sorted has the siblings side by side; puts each row's children behind it.  @first[row] is where
 * its children begin in @sorted, and table->count if it has none.
 */
static void table_walk(struct table *table, const uint32_t *sorted, const uint32_t *first)
{
	uint32_t *stack = mem_alloc((table->count + 1) * sizeof(*stack));
	uint32_t depth = 0, placed = 0, at;

	for (at = 0; at < table->count && table->rows[sorted[at]].parent != TABLE_TOP; at++)
		;
	stack[depth++] = at;
	while (depth) {
		uint32_t place = stack[depth - 1], row = sorted[place];

		table->order[placed++] = row;
		if (place + 1 < table->count &&
			table->rows[sorted[place + 1]].parent == table->rows[row].parent)
			stack[depth - 1]++;
		else
			depth--;
		if (first[row] < table->count)
			stack[depth++] = first[row];
	}
	free(stack);
}

void table_sort(struct table *table, size_t column, bool falling)
{
	struct sorting sorting = {table, column, falling};
	bool is_tree = false;
	uint32_t *first, *sorted;

	table->order = mem_realloc(
		table->order, (table->count ? table->count : 1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < table->count; i++) {
		table->order[i] = i;
		is_tree |= table->rows[i].parent != TABLE_TOP;
	}
	qsort_r(table->order, table->count, sizeof(uint32_t), compare_rows, &sorting);
	if (!is_tree || !table->count)
		return;
	sorted = mem_dup(table->order, table->count * sizeof(uint32_t));
	first = mem_alloc(table->count * sizeof(uint32_t));
	for (uint32_t i = 0; i < table->count; i++)
		first[i] = table->count;
	for (uint32_t i = table->count; i-- > 0;)
		if (table->rows[sorted[i]].parent != TABLE_TOP)
			first[table->rows[sorted[i]].parent] = i;
	table_walk(table, sorted, first);
	free(first);
	free(sorted);
}

size_t view_sort_column(const struct view *view, bool *falling)
{
	for (size_t i = 0; i < view->column_count; i++)
		if (view->columns[i].sort) {
			*falling = view->columns[i].sort < 0;
			return i;
		}
	*falling = false;
	return 0;
}
