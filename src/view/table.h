/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a query found: rows of values, sorted, some of them below others.
 */
#ifndef VIEW_TABLE_H
#define VIEW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "view/value.h"
#include "view/view.h"

#define TABLE_TOP UINT32_MAX /* parent of rows that stand below no other */

struct table_row {
	uint64_t id;	 /* the same for the same thing in the next table, whatever its place */
	uint32_t parent; /* number of the row it stands below, as they were added */
	uint32_t depth;
	bool has_more; /* there is something below it */
	bool is_open;  /* and it is in the table */
};

struct table {
	const struct view *view;
	uint64_t from, to;	/* the span that was asked for, [from, to) */
	uint64_t lost;		/* in the chunks that the span touches */
	uint64_t records;	/* that the view's own filter let through */
	uint64_t damaged;	/* chunks that could not be read */
	bool cut;		/* there was no room for all rows */
	struct table_row *rows; /* as they were added; order says how they are shown */
	struct value *cells;	/* a row: the columns, then the keys, then the label */
	uint32_t *order;
	size_t sorted_by; /* a column; if there is an order */
	bool falling;
	uint32_t count;
	size_t row_capacity, cell_capacity;
	struct intern texts; /* what the cells point into */
};

struct table *table_new(const struct view *view);
void table_free(struct table *table);

static inline size_t table_width(const struct table *table)
{
	return table->view->column_count + table->view->key_count + 1;
}

/* Room for so many rows in all, and not more. */
void table_reserve(struct table *table, uint32_t rows);

/* Adds a row; its cells are to be filled in. */
struct value *table_add(struct table *table, struct table_row row);

static inline const struct value *table_cells(const struct table *table, uint32_t row)
{
	return table->cells + row * table_width(table);
}

static inline const struct value *table_keys(const struct table *table, uint32_t row)
{
	return table_cells(table, row) + table->view->column_count;
}

static inline struct value table_label(const struct table *table, uint32_t row)
{
	return table_keys(table, row)[table->view->key_count];
}

/*
 * Puts the rows in order: by a column, siblings of a tree among themselves; equal ones by their
 * labels and keys, so that the order is the same each time.  Cells without a value come last.
 */
void table_sort(struct table *table, size_t column, bool falling);

/* The column the view wants to be sorted by at first, and how. */
size_t view_sort_column(const struct view *view, bool *falling);

#endif
