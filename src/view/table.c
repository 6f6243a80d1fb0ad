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

void table_reserve(struct table *table, uint32_t rows)
{
	size_t cells = rows * table_width(table);

	if (rows <= table->row_capacity)
		return;
	table->rows = mem_realloc(table->rows, rows * sizeof(*table->rows));
	table->cells = mem_realloc(table->cells, cells * sizeof(*table->cells));
	table->row_capacity = rows;
	table->cell_capacity = cells;
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

static int compare_rows(const struct sorting *sorting, uint32_t a, uint32_t b)
{
	const struct table *table = sorting->table;
	int order;

	/* Siblings side by side: the tree is walked from this afterwards. */
	if (table->rows[a].parent != table->rows[b].parent)
		return table->rows[a].parent < table->rows[b].parent ? -1 : 1;
	order = compare_cells(sorting, a, b);
	/* Equal ones by what they are shares of, if anything: processes at rest, and not recorded.
	 */
	for (size_t i = 0; !order && i < table->view->column_count; i++)
		if (table->view->columns[i].share)
			order = compare_cells(&(struct sorting){table, i, true}, a, b);
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
 * Sorts by merging.  Thousands of rows that are at rest come in order already, as they were met:
 * where one half ends before the other begins, there is nothing to merge.
 */
static void merge_sort(
	const struct sorting *sorting, uint32_t *rows, uint32_t *room, uint32_t count)
{
	uint32_t half = count / 2, left = 0, right = half;

	if (count < 2)
		return;
	merge_sort(sorting, rows, room, half);
	merge_sort(sorting, rows + half, room, count - half);
	if (compare_rows(sorting, rows[half - 1], rows[half]) <= 0)
		return;
	memcpy(room, rows, half * sizeof(*rows));
	for (uint32_t i = 0; left < half; i++)
		rows[i] = right < count && compare_rows(sorting, rows[right], room[left]) < 0
				  ? rows[right++]
				  : room[left++];
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
	uint32_t *first, *sorted, *room;

	if (table->order && table->sorted_by == column && table->falling == falling)
		return;
	table->sorted_by = column;
	table->falling = falling;
	table->order = mem_realloc(
		table->order, (table->count ? table->count : 1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < table->count; i++) {
		table->order[i] = i;
		is_tree |= table->rows[i].parent != TABLE_TOP;
	}
	room = mem_alloc((table->count / 2 + 1) * sizeof(*room));
	merge_sort(&sorting, table->order, room, table->count);
	free(room);
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
