/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/field.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/fields.h"

#define CLASSES_MAX 32

static const struct field_class *classes[CLASSES_MAX] = {&fields_evt, &fields_sample,
	&fields_symbol, &fields_dso, &fields_stack, &fields_proc, &fields_thread, &fields_cgroup,
	&fields_host};
static size_t class_count = 9;

const struct field_class *const *field_classes(size_t *count)
{
	*count = class_count;
	return classes;
}

void field_add_class(const struct field_class *class)
{
	if (class_count < CLASSES_MAX)
		classes[class_count++] = class;
}

const struct field *field_find(struct str name)
{
	for (size_t i = 0; i < class_count; i++)
		for (size_t k = 0; k < classes[i]->count; k++)
			if (str_equal(name, str_from(classes[i]->fields[k].name)))
				return &classes[i]->fields[k];
	return NULL;
}

/* Edits (one character more, less or other) that make @a out of @b; stops above @limit. */
static size_t edit_distance(struct str a, struct str b, size_t limit)
{
	size_t row[64], above, left;

	if (b.size >= 64 || a.size > b.size + limit || b.size > a.size + limit)
		return limit + 1;
	for (size_t j = 0; j <= b.size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		above = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			left = above + (a.data[i - 1] != b.data[j - 1]);
			above = row[j];
			row[j] = row[j] + 1 < left ? row[j] + 1 : left;
			row[j] = row[j - 1] + 1 < row[j] ? row[j - 1] + 1 : row[j];
		}
	}
	return row[b.size];
}

const char *field_nearest(struct str name)
{
	const char *best = NULL;
	size_t limit = name.size > 6 ? 3 : 2;

	for (size_t i = 0; i < class_count; i++)
		for (size_t k = 0; k < classes[i]->count; k++) {
			const char *have = classes[i]->fields[k].name;
			size_t distance = edit_distance(name, str_from(have), limit);

			if (distance > limit)
				continue;
			limit = distance ? distance - 1 : 0;
			best = have;
		}
	return best;
}

void extract_release(struct extract *extract)
{
	free(extract->node_symbols);
	*extract = (struct extract){0};
}

void extract_attach(struct extract *extract, struct rows *rows, struct model *model)
{
	extract->rows = rows;
	extract->model = model;
	extract->node_count = 0;
}

static void extract_prepare_nodes(struct extract *extract)
{
	extract->node_count = rows_node_count(extract->rows);
	extract->node_symbols = mem_grow(extract->node_symbols, &extract->node_capacity,
		extract->node_count, sizeof(*extract->node_symbols));
	memset(extract->node_symbols, 0, extract->node_count * sizeof(*extract->node_symbols));
}

uint32_t extract_symbol(struct extract *extract, uint32_t node)
{
	struct symbols *symbols = &extract->model->symbols;
	uint32_t count;

	if (!node)
		return SYMBOL_NONE;
	if (!extract->node_count)
		extract_prepare_nodes(extract);
	if (!extract->node_symbols[node]) {
		const struct chunk_node *nodes = rows_nodes(extract->rows, &count);
		const struct frame *frames = rows_frames(extract->rows, &count);
		const struct frame *frame;

		if (!nodes || !frames)
			return SYMBOL_NONE;
		frame = &frames[nodes[node].frame];
		extract->node_symbols[node] =
			1 + symbols_now(symbols, symbols_at(symbols, frame->dso, frame->address));
	}
	return extract->node_symbols[node] - 1;
}

const uint32_t *extract_entries(struct extract *extract, enum field_domain domain)
{
	switch (domain) {
	case DOMAIN_KIND:
		return rows_index(extract->rows, CHUNK_KIND);
	case DOMAIN_THREAD:
		return rows_index(extract->rows, CHUNK_THREAD);
	case DOMAIN_FRAME:
	case DOMAIN_STACK:
		return rows_index(extract->rows, CHUNK_STACK);
	case DOMAIN_NAME:
		return rows_index(extract->rows, CHUNK_NAME);
	case DOMAIN_CPU:
		return rows_index(extract->rows, CHUNK_CPU);
	default:
		return NULL;
	}
}

uint32_t extract_entry_count(struct extract *extract, enum field_domain domain)
{
	uint32_t count = 0;

	switch (domain) {
	case DOMAIN_KIND:
		rows_kinds(extract->rows, &count);
		return count;
	case DOMAIN_THREAD:
		return rows_thread_count(extract->rows);
	case DOMAIN_FRAME:
	case DOMAIN_STACK:
		return rows_node_count(extract->rows);
	case DOMAIN_NAME:
		return rows_string_count(extract->rows);
	case DOMAIN_CPU: { /* not a dictionary, but small numbers all the same */
		const uint32_t *cpus = rows_index(extract->rows, CHUNK_CPU);

		for (uint32_t row = 0; cpus && row < rows_count(extract->rows); row++)
			count = cpus[row] >= count ? cpus[row] + 1 : count;
		return count;
	}
	default:
		return rows_count(extract->rows);
	}
}
