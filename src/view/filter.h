/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language: sysdig's.
 *
 *   FIELD OP VALUE    OP one of = != < <= > >= contains icontains startswith endswith glob
 *   FIELD in (VALUE, …)    FIELD exists    and  or  not  ( )
 *
 * A record that lacks a field fails every comparison with it.  Values are words or quoted with ' or
 * "; numbers take the suffixes of their unit (1ms, 4k).  Compiled once; each comparison is
 * computed once for every entry of the dictionary it depends on, then looked up by number.
 */
#ifndef VIEW_FILTER_H
#define VIEW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/field.h"

#define FILTER_NONE UINT32_MAX
#define FILTER_DEPTH 64	  /* of nesting that is accepted */
#define FILTER_NODES 1024 /* that are accepted: trees are walked by calls */
#define FILTER_SLICE 1024 /* rows that are picked from at a time */

enum filter_op {
	FILTER_EQ,
	FILTER_NE,
	FILTER_LT,
	FILTER_LE,
	FILTER_GT,
	FILTER_GE,
	FILTER_CONTAINS,
	FILTER_ICONTAINS,
	FILTER_STARTSWITH,
	FILTER_ENDSWITH,
	FILTER_GLOB,
	FILTER_IN,
	FILTER_EXISTS,
	FILTER_OPS
};

enum filter_kind { FILTER_CHECK, FILTER_AND, FILTER_OR, FILTER_NOT };

struct filter_node {
	enum filter_kind kind;
	uint32_t left, right; /* nodes; FILTER_NOT has left only; of a check: left is its number */
};

struct filter_check {
	const struct field *field;
	enum filter_op op;
	struct value *values; /* one, or several for FILTER_IN */
	size_t count;
};

struct filter {
	char *text;  /* as it was written */
	char *words; /* values point in here */
	struct filter_node *nodes;
	size_t node_count, node_capacity;
	struct filter_check *checks;
	size_t check_count, check_capacity;
	uint32_t root; /* FILTER_NONE: empty, lets everything through */
};

struct filter_error {
	size_t column; /* of the byte that the message is about, from 0 */
	char text[200];
};

/* NULL with @error filled if it is not a filter.  Only white space is an empty one. */
struct filter *filter_parse(const char *text, struct filter_error *error);
void filter_free(struct filter *filter);

/* Whether anything below the node looks at a frame (symbol.*, dso.*), and at anything else. */
bool filter_looks_at_frames(const struct filter *filter, uint32_t node);
bool filter_looks_at_rows(const struct filter *filter, uint32_t node);

/* A filter on its way through a recording; the extract stays the caller's. */
struct filter_run;
struct filter_run *filter_run_new(const struct filter *filter, uint32_t root);
void filter_run_free(struct filter_run *run);
void filter_run_attach(struct filter_run *run, struct extract *extract);

/*
 * Whether any record of the chunk can pass, as far as its dictionaries tell: asked before columns
 * are unpacked.
 */
bool filter_run_may_pass(struct filter_run *run);

/*
 * Picks from @count row numbers in @in, which rise and are FILTER_SLICE at most, those that pass,
 * in their order; returns how many.  @out may be @in.
 */
uint32_t filter_run_select(
	struct filter_run *run, const uint32_t *in, uint32_t count, uint32_t *out);

/* Whether the frame at a node passes; for what looks at frames only. */
bool filter_run_frame(struct filter_run *run, uint32_t node);

/*
 * For what looks at both: the answers of one row to the checks that look at no frame, as bits; and
 * whether the frame at a node passes given them.  At most 64 such checks are told apart.
 */
uint64_t filter_run_row_bits(struct filter_run *run, uint32_t row);
bool filter_run_frame_given(struct filter_run *run, uint64_t bits, uint32_t node);

/*
 * Writes a value so that filter_parse() reads it back.  Only a forged capture has a text with a NUL
 * in it: it is cut there, and what is written is a filter all the same.
 */
void filter_quote(struct buf *out, struct value value);

#endif
