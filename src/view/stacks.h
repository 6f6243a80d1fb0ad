/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples folded by the frames of their stacks: a flat list (a record counts once for each function
 * on its stack), or a tree of callers or callees that is unfolded as far as someone looks.
 *
 * A chunk stores stacks as a tree already, so what lies below a frame is a sum over its nodes, and
 * the work depends on the distinct stacks, not on the samples.  A function that calls itself counts
 * once: at its outermost call.
 */
#ifndef VIEW_STACKS_H
#define VIEW_STACKS_H

#include "view/group.h"
#include "view/table.h"

/* Which rows of a tree are unfolded. */
struct unfolding {
	bool (*is_open)(const void *arg, uint64_t id, uint32_t depth);
	const void *arg;
};

struct stacks {
	const struct view *view;
	struct unfolding unfolding;
	struct groups groups; /* of frames, by the view's key */
	struct sums *sums;    /* a column, by group: what is shown and not summed */
	struct stack_row *rows;
	double *weights; /* of a row: a number a column */
	uint32_t row_count, rows_most;
	size_t row_capacity, weight_capacity;
	struct index by_path;
	/* Of the chunk at hand, by node. */
	uint32_t *node_groups;
	double *below; /* a number a column: of the node and all below it */
	struct span {
		uint32_t first, count; /* in targets */
	} * spans;
	uint32_t *targets; /* rows that a node counts for */
	size_t group_capacity, below_capacity, span_capacity, target_capacity;
	uint32_t target_count;
};

void stacks_init(struct stacks *stacks, const struct view *view, struct unfolding unfolding,
	struct groups_bound bound);
void stacks_release(struct stacks *stacks);

/*
 * Adds a chunk's samples: @weights has for each column a number for each node, of the samples whose
 * stack ends there.  Frames for which @matches says no begin no row of their own; NULL: all do.
 */
void stacks_add(struct stacks *stacks, struct extract *extract, double *const *weights,
	bool (*matches)(void *arg, uint32_t node), void *arg);

/* Adds the rows to a table: shares of @total and @filtered, which have a number a column. */
void stacks_fill(const struct stacks *stacks, struct table *table, const double *total,
	const double *filtered, double seconds);

/* Column values that both kinds of query write: a share, a rate, or as it is. */
struct value column_value(const struct view_column *column, double sum, double total,
	double filtered, double parent, double seconds);

#endif
