/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/mem.h"
#include "view/filter.h"

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* What is known of one check in the chunk at hand. */
struct check_run {
	uint8_t *answers; /* enum answer by entry of the field's domain; not for DOMAIN_ROW */
	size_t capacity;
	uint8_t *has_kind; /* by kind: whether its records have the field */
	size_t kind_capacity;
	bool all_kinds;
};

struct filter_run {
	const struct filter *filter;
	uint32_t root;
	struct extract *extract;
	struct check_run *checks;
};

bool filter_looks_at_frames(const struct filter *filter, uint32_t node)
{
	const struct filter_node *n;

	if (node == FILTER_NONE)
		return false;
	n = &filter->nodes[node];
	if (n->kind == FILTER_CHECK)
		return filter->checks[n->left].field->domain == DOMAIN_FRAME;
	return filter_looks_at_frames(filter, n->left) ||
	       (n->kind != FILTER_NOT && filter_looks_at_frames(filter, n->right));
}

bool filter_looks_at_rows(const struct filter *filter, uint32_t node)
{
	const struct filter_node *n;

	if (node == FILTER_NONE)
		return false;
	n = &filter->nodes[node];
	if (n->kind == FILTER_CHECK)
		return filter->checks[n->left].field->domain != DOMAIN_FRAME;
	return filter_looks_at_rows(filter, n->left) ||
	       (n->kind != FILTER_NOT && filter_looks_at_rows(filter, n->right));
}

struct filter_run *filter_run_new(const struct filter *filter, uint32_t root)
{
	struct filter_run *run = mem_zalloc(sizeof(*run));

	run->filter = filter;
	run->root = root;
	run->checks = mem_zalloc(filter->check_count * sizeof(*run->checks));
	return run;
}

void filter_run_free(struct filter_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->filter->check_count; i++) {
		free(run->checks[i].answers);
		free(run->checks[i].has_kind);
	}
	free(run->checks);
	free(run);
}

void filter_run_attach(struct filter_run *run, struct extract *extract)
{
	uint32_t kind_count;
	const struct chunk_kind *kinds = rows_kinds(extract->rows, &kind_count);

	run->extract = extract;
	for (size_t i = 0; i < run->filter->check_count; i++) {
		const struct field *field = run->filter->checks[i].field;
		struct check_run *check = &run->checks[i];
		uint32_t entries = field->domain == DOMAIN_ROW
					   ? 0
					   : extract_entry_count(extract, field->domain);

		check->answers = mem_grow(check->answers, &check->capacity, entries, 1);
		if (entries)
			memset(check->answers, ANSWER_UNKNOWN, entries);
		check->has_kind = mem_grow(check->has_kind, &check->kind_capacity, kind_count, 1);
		check->all_kinds = true;
		for (uint32_t k = 0; k < kind_count; k++) {
			check->has_kind[k] = !field->types ||
					     (kinds[k].type < RECORD_TYPES &&
						     (field->types & FIELD_TYPE(kinds[k].type)));
			check->all_kinds &= check->has_kind[k];
		}
	}
}

static bool text_passes(enum filter_op op, struct str text, struct str wanted)
{
	switch (op) {
	case FILTER_CONTAINS:
		return !wanted.size || (text.size && memmem(text.data, text.size, wanted.data,
							     wanted.size) != NULL);
	case FILTER_ICONTAINS:
		return text_contains_folded(text, wanted);
	case FILTER_STARTSWITH:
		return str_starts(text, wanted);
	case FILTER_ENDSWITH:
		return str_ends(text, wanted);
	default:
		return text_glob(wanted, text);
	}
}

static bool value_passes(const struct filter_check *check, struct value value)
{
	int order;

	if (value.type == VALUE_NONE)
		return false;
	switch (check->op) {
	case FILTER_EXISTS:
		return true;
	case FILTER_IN:
		for (size_t i = 0; i < check->count; i++)
			if (!value_compare(value, check->values[i]))
				return true;
		return false;
	case FILTER_CONTAINS:
	case FILTER_ICONTAINS:
	case FILTER_STARTSWITH:
	case FILTER_ENDSWITH:
	case FILTER_GLOB:
		return text_passes(check->op, value_str(value), value_str(check->values[0]));
	default:
		break;
	}
	order = value_compare(value, check->values[0]);
	switch (check->op) {
	case FILTER_EQ:
		return order == 0;
	case FILTER_NE:
		return order != 0;
	case FILTER_LT:
		return order < 0;
	case FILTER_LE:
		return order <= 0;
	case FILTER_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* A field of the row itself, whole numbers in a column, compared with a whole number. */
static uint32_t select_by_column(enum filter_op op, const uint64_t *column, uint64_t wanted,
	const uint32_t *in, uint32_t count, uint32_t *out)
{
	uint32_t kept = 0;

#define SELECT_WHERE(comparison)                       \
	for (uint32_t i = 0; i < count; i++) {         \
		uint32_t row = in[i];                  \
                                                       \
		out[kept] = row;                       \
		kept += column[row] comparison wanted; \
	}                                              \
	return kept
	switch (op) {
	case FILTER_EQ:
		SELECT_WHERE(==);
	case FILTER_NE:
		SELECT_WHERE(!=);
	case FILTER_LT:
		SELECT_WHERE(<);
	case FILTER_LE:
		SELECT_WHERE(<=);
	case FILTER_GT:
		SELECT_WHERE(>);
	default:
		SELECT_WHERE(>=);
	}
#undef SELECT_WHERE
}

static struct value row_value(
	const struct field *field, const uint64_t *column, struct extract *extract, uint32_t row)
{
	if (!column)
		return field_get(field, extract, row);
	return field->type == VALUE_SIGNED ? value_signed((int64_t)column[row])
					   : value_unsigned(column[row]);
}

static uint32_t select_by_row(struct filter_run *run, const struct filter_check *check,
	const uint32_t *in, uint32_t count, uint32_t *out)
{
	const struct field *field = check->field;
	const uint64_t *column = field->column ? field->column(run->extract) : NULL;
	uint32_t kept = 0;

	if (column && check->op <= FILTER_GE && field->type == VALUE_UNSIGNED &&
		check->values[0].type == VALUE_UNSIGNED)
		return select_by_column(check->op, column, check->values[0].u, in, count, out);
	for (uint32_t i = 0; i < count; i++)
		if (value_passes(check, row_value(field, column, run->extract, in[i])))
			out[kept++] = in[i];
	return kept;
}

static bool check_entry(struct filter_run *run, uint32_t number, uint32_t entry)
{
	const struct filter_check *check = &run->filter->checks[number];
	uint8_t *answer = &run->checks[number].answers[entry];

	if (*answer == ANSWER_UNKNOWN)
		*answer = value_passes(check, field_get(check->field, run->extract, entry))
				  ? ANSWER_YES
				  : ANSWER_NO;
	return *answer == ANSWER_YES;
}

/* A check of one dictionary that none of its entries passes lets no record through. */
static bool may_pass(struct filter_run *run, uint32_t at)
{
	const struct filter_node *node = &run->filter->nodes[at];
	enum field_domain domain;
	uint32_t entries;

	if (node->kind == FILTER_AND)
		return may_pass(run, node->left) && may_pass(run, node->right);
	if (node->kind == FILTER_OR)
		return may_pass(run, node->left) || may_pass(run, node->right);
	if (node->kind == FILTER_NOT)
		return true;
	domain = run->filter->checks[node->left].field->domain;
	if (domain != DOMAIN_THREAD && domain != DOMAIN_KIND && domain != DOMAIN_NAME)
		return true; /* too many entries to ask them all, or not a dictionary */
	entries = extract_entry_count(run->extract, domain);
	for (uint32_t entry = 0; entry < entries; entry++)
		if (check_entry(run, node->left, entry))
			return true;
	return false;
}

bool filter_run_may_pass(struct filter_run *run)
{
	return run->root == FILTER_NONE || may_pass(run, run->root);
}

static uint32_t select_check(
	struct filter_run *run, uint32_t number, const uint32_t *in, uint32_t count, uint32_t *out)
{
	const struct filter_check *check = &run->filter->checks[number];
	const uint32_t *entries;
	uint32_t kept = 0;

	if (!run->checks[number].all_kinds) {
		const uint32_t *kinds = rows_index(run->extract->rows, CHUNK_KIND);

		for (uint32_t i = 0; kinds && i < count; i++) {
			out[kept] = in[i];
			kept += run->checks[number].has_kind[kinds[in[i]]];
		}
		in = out;
		count = kept;
		kept = 0;
	}
	if (check->field->domain == DOMAIN_ROW)
		return select_by_row(run, check, in, count, out);
	entries = extract_entries(run->extract, check->field->domain);
	for (uint32_t i = 0; entries && i < count; i++) {
		uint32_t row = in[i];

		out[kept] = row;
		kept += check_entry(run, number, entries[row]);
	}
	return kept;
}

/* What is in @all (sorted) and not in @some (sorted, a part of it). */
static uint32_t select_rest(const uint32_t *all, uint32_t count, const uint32_t *some,
	uint32_t some_count, uint32_t *out)
{
	uint32_t kept = 0, next = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (next < some_count && all[i] == some[next])
			next++;
		else
			out[kept++] = all[i];
	}
	return kept;
}

static uint32_t select_merge(
	const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count, uint32_t *out)
{
	uint32_t i = 0, k = 0, kept = 0;

	while (i < a_count || k < b_count)
		out[kept++] = k == b_count || (i < a_count && a[i] < b[k]) ? a[i++] : b[k++];
	return kept;
}

static uint32_t select_node(
	struct filter_run *run, uint32_t at, const uint32_t *in, uint32_t count, uint32_t *out);

static uint32_t select_not(
	struct filter_run *run, uint32_t operand, const uint32_t *in, uint32_t count, uint32_t *out)
{
	uint32_t passed[FILTER_SLICE];
	uint32_t passed_count = select_node(run, operand, in, count, passed);

	return select_rest(in, count, passed, passed_count, out);
}

static uint32_t select_or(struct filter_run *run, uint32_t left, uint32_t right, const uint32_t *in,
	uint32_t count, uint32_t *out)
{
	uint32_t first[FILTER_SLICE], rest[FILTER_SLICE];
	uint32_t first_count = select_node(run, left, in, count, first);
	uint32_t rest_count = select_rest(in, count, first, first_count, rest);

	rest_count = select_node(run, right, rest, rest_count, rest);
	return select_merge(first, first_count, rest, rest_count, out);
}

static uint32_t select_node(
	struct filter_run *run, uint32_t at, const uint32_t *in, uint32_t count, uint32_t *out)
{
	const struct filter_node *node = &run->filter->nodes[at];

	if (!count)
		return 0;
	switch (node->kind) {
	case FILTER_CHECK:
		return select_check(run, node->left, in, count, out);
	case FILTER_AND:
		count = select_node(run, node->left, in, count, out);
		return select_node(run, node->right, out, count, out);
	case FILTER_OR:
		return select_or(run, node->left, node->right, in, count, out);
	default:
		return select_not(run, node->left, in, count, out);
	}
}

uint32_t filter_run_select(
	struct filter_run *run, const uint32_t *in, uint32_t count, uint32_t *out)
{
	if (run->root != FILTER_NONE)
		return select_node(run, run->root, in, count, out);
	if (in != out)
		memcpy(out, in, count * sizeof(*in));
	return count;
}

/* Numbers of the checks below @at that look at no frame, as bits, asked of one row. */
static uint64_t row_bits(struct filter_run *run, uint32_t at, uint32_t row)
{
	const struct filter_node *node = &run->filter->nodes[at];
	uint32_t out;

	if (node->kind == FILTER_NOT)
		return row_bits(run, node->left, row);
	if (node->kind != FILTER_CHECK)
		return row_bits(run, node->left, row) | row_bits(run, node->right, row);
	if (run->filter->checks[node->left].field->domain == DOMAIN_FRAME || node->left >= 64)
		return 0;
	return (uint64_t)select_check(run, node->left, &row, 1, &out) << node->left;
}

uint64_t filter_run_row_bits(struct filter_run *run, uint32_t row)
{
	return row_bits(run, run->root, row);
}

static bool frame_passes(struct filter_run *run, uint32_t at, uint64_t bits, uint32_t entry)
{
	const struct filter_node *node = &run->filter->nodes[at];

	switch (node->kind) {
	case FILTER_CHECK:
		if (run->filter->checks[node->left].field->domain == DOMAIN_FRAME)
			return check_entry(run, node->left, entry);
		return node->left < 64 && (bits >> node->left & 1);
	case FILTER_AND:
		return frame_passes(run, node->left, bits, entry) &&
		       frame_passes(run, node->right, bits, entry);
	case FILTER_OR:
		return frame_passes(run, node->left, bits, entry) ||
		       frame_passes(run, node->right, bits, entry);
	default:
		return !frame_passes(run, node->left, bits, entry);
	}
}

bool filter_run_frame_given(struct filter_run *run, uint64_t bits, uint32_t node)
{
	return run->root == FILTER_NONE || frame_passes(run, run->root, bits, node);
}

bool filter_run_frame(struct filter_run *run, uint32_t node)
{
	return filter_run_frame_given(run, 0, node);
}
