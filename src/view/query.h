/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view run over a span of a recording, in slices: so that a key press never waits for data.
 */
#ifndef VIEW_QUERY_H
#define VIEW_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "record/cursor.h"
#include "view/stacks.h"
#include "view/table.h"
#include "view/view.h"

struct query;

struct query_spec {
	const struct view *view;
	const struct filter *const
		*filters; /* narrowing the view: all have to let a record through */
	size_t filter_count;
	uint64_t from, to;	    /* [from, to), CLOCK_MONOTONIC */
	struct unfolding unfolding; /* of trees; is_open NULL: only the top */
};

/* The view, the filters, the recording and the model stay the caller's, and stay. */
struct query *query_new(
	const struct query_spec *spec, struct recording *recording, struct model *model);
void query_free(struct query *query);

/*
 * Works for about @budget_ns; returns whether there is more to do.  Records appended meanwhile may
 * or may not be counted if they are of the span.
 */
bool query_step(struct query *query, uint64_t budget_ns);

/* The table of what was found so far, sorted as the view says; the caller frees it. */
struct table *query_table(struct query *query);

/* Runs a query to its end. */
struct table *query_run(
	const struct query_spec *spec, struct recording *recording, struct model *model);

#endif
