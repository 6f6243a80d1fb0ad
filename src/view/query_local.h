/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of queries: going through chunks and narrowing (query.c), rows that stand for groups of
 * records (query_groups.c), rows that stand for frames (query_stacks.c).
 */
#ifndef VIEW_QUERY_LOCAL_H
#define VIEW_QUERY_LOCAL_H

#include "view/group.h"
#include "view/query.h"
#include "view/stacks.h"

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
	bool is_of_usage;	  /* a column is */
	uint64_t records;
	uint64_t covered; /* ns of the span for which it was recorded what was used */
	uint64_t whole;	  /* of that, what looks tell of that left nobody out */
	uint8_t *kinds_wanted;
	size_t kind_capacity;

	/* Rows that stand for groups of records. */
	struct groups groups;
	struct sums *sums; /* a column, then the label */
	struct value
		*parents; /* of each group, for a tree of them: the first keys of the one above */
	size_t parent_capacity;
	struct unfolding unfolding;
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

/* A field's value at a row; what the field takes it from as extract_entries() and .column() have
 * it. */
static inline struct value query_value(struct query *query, const struct field *field,
	const uint64_t *column, const uint32_t *entries, uint32_t row)
{
	if (column)
		return field->type == VALUE_SIGNED ? value_signed((int64_t)column[row])
						   : value_unsigned(column[row]);
	return field_get(field, &query->extract, entries ? entries[row] : row);
}

/* query_groups.c */
void query_init_groups(struct query *query, struct groups_bound bound);
void query_release_groups(struct query *query);
/* Before the rows of a chunk. */
void query_prepare_groups(struct query *query);
/* The group of each row, made if it is new. */
void query_group(struct query *query, const uint32_t *rows, uint32_t count, uint32_t *groups);
/* Moves all groups into the table; @seconds: that rates are over. */
void query_fill_groups(struct query *query, struct table *table, double seconds);

/* query_stacks.c */
void query_release_mixes(struct query *query);
void query_add_stacks(struct query *query, const uint32_t *rows, uint32_t count);
/* The chunk's samples, by node, go into the tree. */
void query_fold_stacks(struct query *query);

#endif
