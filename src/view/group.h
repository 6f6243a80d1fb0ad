/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: the distinct values of a key, and the sums of columns for each.
 *
 * A group has a number, from 0 in the order in which it was met.  Sums are arrays by group number,
 * a loop over rows each, so that adding a row is an addition.
 */
#ifndef VIEW_GROUP_H
#define VIEW_GROUP_H

#include "base/hash.h"
#include "base/intern.h"
#include "view/value.h"
#include "view/view.h"

#define GROUPS_MAX (1u << 20)
#define GROUPS_OTHERS "(others)" /* the name of the group of what there was no room for */

/* How much there may be; what comes after is counted as one group without a key. */
struct groups_bound {
	size_t bytes; /* of groups and texts */
	size_t each;  /* of them for a group, whatever is kept of it elsewhere; 0: no bound */
};

struct groups {
	size_t key_count;
	struct groups_bound bound;
	struct value *keys; /* key_count a group; texts are interned */
	uint32_t count;
	uint32_t others; /* the group of those that there was no room for, or INDEX_NONE */
	size_t capacity;
	struct index index;
	struct intern texts;
};

void groups_init(struct groups *groups, size_t key_count, struct groups_bound bound);
void groups_release(struct groups *groups);

/* Whether there is no room for more groups and texts. */
bool groups_are_full(const struct groups *groups);

/* The group with these values, a new one if there is none yet (*added). */
uint32_t groups_find(struct groups *groups, const struct value *keys, bool *added);

static inline const struct value *groups_keys(const struct groups *groups, uint32_t group)
{
	return groups->keys + group * groups->key_count;
}

/* One column, all groups. */
struct sums {
	enum aggregate aggregate;
	bool is_signed;
	double *sum;
	uint64_t *count;      /* of values; and of distinct ones; not with any */
	uint64_t *low, *high; /* min and max */
	struct value *any;    /* AGGREGATE_NONE and _LAST, none: none yet; texts are interned */
	struct histogram **histograms;
	struct index distinct_index; /* of (group, value) that were met */
	struct distinct {
		uint32_t group;
		uint64_t hash;
	} * distinct;
	size_t distinct_count, distinct_capacity;
	bool cut;	   /* there were more distinct ones than are kept */
	uint32_t groups;   /* that are cleared */
	uint32_t capacity; /* that there is room for */
};

void sums_init(struct sums *sums, enum aggregate aggregate, bool is_signed);
void sums_release(struct sums *sums);

/* Room for so many groups; what is new is empty. */
void sums_reserve(struct sums *sums, uint32_t groups);

/*
 * Adds rows: groups[i] gets column[rows[i]], or @constant where column is NULL.  For all
 * aggregates of numbers.
 */
void sums_add(struct sums *sums, const uint32_t *groups, const uint32_t *rows, uint32_t count,
	const uint64_t *column, uint64_t constant);

/* Adds one value of any kind; its text is kept with those of the groups, if there is room. */
void sums_add_value(struct sums *sums, uint32_t group, struct value value, struct groups *groups);

/* AGGREGATE_MEAN: adds a value that held for @ns. */
void sums_add_lasting(struct sums *sums, uint32_t group, struct value value, uint64_t ns);

/* What has come together for a group; @seconds is what rates and means are made for. */
struct value sums_get(const struct sums *sums, uint32_t group, double seconds);

#endif
