/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/field.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "view/fields.h"

#define CLASSES_MAX 32

static const struct field_class *classes[CLASSES_MAX] = {&fields_evt, &fields_sample,
	&fields_symbol, &fields_dso, &fields_stack, &fields_proc, &fields_thread, &fields_user,
	&fields_container, &fields_container_usage, &fields_k8s, &fields_cgroup, &fields_detail,
	&fields_host};
static size_t class_count = 14;

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

/* --- fields with an argument --- */

#define NAMED_MAX 256 /* that files and people may name */

static const struct field *named[NAMED_MAX];
static size_t named_count;

/* A field like @like, of the rest of the name behind what both begin with; found again later. */
static const struct field *field_named(const struct field *like, struct str name, size_t prefix)
{
	struct field *field;
	char *text;

	for (size_t i = 0; i < named_count; i++)
		if (str_equal(name, str_from(named[i]->name)))
			return named[i];
	if (named_count == NAMED_MAX || memchr(name.data, '\0', name.size))
		return NULL;
	text = mem_printf("%.*s", (int)name.size, name.data);
	field = mem_dup(like, sizeof(*like));
	field->name = text;
	field->argument = field->title = text + prefix;
	named[named_count++] = field;
	return field;
}

const struct field *field_find(struct str name)
{
	for (size_t i = 0; i < class_count; i++)
		for (size_t k = 0; k < classes[i]->count; k++) {
			const struct field *field = &classes[i]->fields[k];
			size_t prefix = strlen(field->name);

			if (str_equal(name, str_from(field->name)))
				return field;
			if (!field->argument)
				continue;
			prefix -= strlen(field->argument);
			if (name.size > prefix && !memcmp(name.data, field->name, prefix))
				return field_named(field, name, prefix);
		}
	return NULL;
}

const char *field_nearest(struct str name)
{
	const char *best = NULL;
	size_t limit = name.size > 6 ? 3 : 2;

	for (size_t i = 0; i < class_count; i++)
		for (size_t k = 0; k < classes[i]->count; k++) {
			const char *have = classes[i]->fields[k].name;
			size_t distance = text_distance(name, str_from(have), limit);

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
	free(extract->processes);
	free(extract->has_process);
	free(extract->room);
	*extract = (struct extract){0};
}

void extract_attach(struct extract *extract, struct rows *rows, struct model *model)
{
	extract->rows = rows;
	extract->model = model;
	extract->node_count = 0;
	extract->thread_count = 0;
}

char *extract_room(struct extract *extract, size_t size)
{
	extract->room = mem_grow(extract->room, &extract->room_capacity, size, 1);
	return extract->room;
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
