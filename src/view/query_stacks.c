/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries whose rows stand for frames: samples are weighed by node of the chunk's tree of stacks.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "view/query_local.h"

void query_release_mixes(struct query *query)
{
	for (size_t i = 0; i < query->mix_room; i++) {
		for (size_t c = 0; c < query->view->column_count; c++)
			free(query->mixes[i].weights[c]);
		free(query->mixes[i].weights);
		free(query->mixes[i].capacity);
	}
	free(query->mixes);
}

/* The samples with these answers; a new mix, cleared for so many nodes, if there is none yet. */
static struct mix *query_mix(struct query *query, const uint64_t *bits, uint32_t nodes)
{
	const struct view *view = query->view;
	struct mix *mix;

	for (size_t i = 0; i < query->mix_count; i++)
		if (!memcmp(query->mixes[i].bits, bits, sizeof(query->mixes[i].bits)))
			return &query->mixes[i];
	if (query->mix_count == query->mix_room) {
		query->mixes = mem_grow(query->mixes, &query->mix_capacity, query->mix_room + 1,
			sizeof(*query->mixes));
		mix = &query->mixes[query->mix_room++];
		mix->weights = mem_zalloc(view->column_count * sizeof(*mix->weights));
		mix->capacity = mem_zalloc(view->column_count * sizeof(*mix->capacity));
	}
	mix = &query->mixes[query->mix_count++];
	memcpy(mix->bits, bits, sizeof(mix->bits));
	for (size_t c = 0; c < view->column_count; c++) {
		if (view->columns[c].aggregate == AGGREGATE_NONE)
			continue;
		mix->weights[c] = mem_grow(
			mix->weights[c], &mix->capacity[c], nodes, sizeof(double));
		memset(mix->weights[c], 0, nodes * sizeof(double));
	}
	return mix;
}

static void query_row_bits(struct query *query, uint32_t row, uint64_t *bits)
{
	for (size_t i = 0; i < query->clause_count; i++)
		if (query->clauses[i].rows && query->clauses[i].frames)
			bits[query->clauses[i].mixed] = filter_run_row_bits(
				query->clauses[i].run, row);
}

static void query_weigh(struct query *query, struct mix *mix, const uint32_t *stack,
	const uint32_t *rows, uint32_t count)
{
	for (size_t c = 0; c < query->view->column_count; c++) {
		const uint64_t *column = query->sources[c].column;
		double *weights = mix->weights[c];

		if (query->view->columns[c].aggregate == AGGREGATE_NONE)
			continue;
		if (!column || query->view->columns[c].aggregate == AGGREGATE_COUNT)
			for (uint32_t i = 0; i < count; i++)
				weights[stack[rows[i]]]++;
		else
			for (uint32_t i = 0; i < count; i++)
				weights[stack[rows[i]]] += (double)column[rows[i]];
	}
}

void query_add_stacks(struct query *query, const uint32_t *rows, uint32_t count)
{
	const uint32_t *stack = rows_index(query->extract.rows, CHUNK_STACK);
	uint64_t bits[MIXED_MAX] = {0};
	uint32_t nodes;

	rows_nodes(query->extract.rows, &nodes);
	if (!stack || !count)
		return;
	if (!query->mixed_count) {
		query_weigh(query, query_mix(query, bits, nodes), stack, rows, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		query_row_bits(query, rows[i], bits);
		query_weigh(query, query_mix(query, bits, nodes), stack, &rows[i], 1);
	}
}

struct frame_match {
	struct query *query;
	const uint64_t *bits; /* of the samples that are folded */
};

static bool frame_matches(void *arg, uint32_t node)
{
	const struct frame_match *match = arg;
	struct query *query = match->query;

	for (size_t i = 0; i < query->clause_count; i++)
		if (query->clauses[i].frames &&
			!filter_run_frame_given(query->clauses[i].run,
				query->clauses[i].rows ? match->bits[query->clauses[i].mixed] : 0,
				node))
			return false;
	return true;
}

void query_fold_stacks(struct query *query)
{
	for (size_t i = 0; i < query->mix_count; i++) {
		struct frame_match match = {query, query->mixes[i].bits};

		stacks_add(&query->stacks, &query->extract, query->mixes[i].weights, frame_matches,
			&match);
	}
	query->mix_count = 0;
}
