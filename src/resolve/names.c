/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/names.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "base/mem.h"

/* How many entries before an address are looked at for one that reaches over it. */
#define NESTING 32

void name_table_init(struct name_table *table)
{
	*table = (struct name_table){0};
	buf_add_char(&table->names, '\0');
}

void name_table_release(struct name_table *table)
{
	free(table->entries);
	buf_release(&table->names);
	*table = (struct name_table){0};
}

uint32_t name_table_text(struct name_table *table, struct str text)
{
	uint32_t at = (uint32_t)table->names.size;

	buf_add(&table->names, text.data, text.size);
	buf_add_char(&table->names, '\0');
	return at;
}

void name_table_add(struct name_table *table, struct name_entry entry)
{
	table->entries = mem_grow(
		table->entries, &table->capacity, table->count + 1, sizeof(*table->entries));
	table->entries[table->count++] = entry;
}

static size_t underscores(const char *name)
{
	return strspn(name, "_");
}

/*
 * Which of two names for one address is shown: those of a rank above, then the one with fewer
 * leading underscores, then the longer, then by bytes.  As perf chooses.
 */
static int compare_names(
	const struct name_table *table, const struct name_entry *a, const struct name_entry *b)
{
	const char *x = table->names.data + a->name, *y = table->names.data + b->name;
	size_t x_size = strlen(x), y_size = strlen(y);

	if (!a->name != !b->name)
		return a->name ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (underscores(x) != underscores(y))
		return underscores(x) < underscores(y) ? -1 : 1;
	if (x_size != y_size)
		return x_size > y_size ? -1 : 1;
	return strcmp(x, y);
}

static int compare_starts(const void *first, const void *second)
{
	const struct name_entry *a = first, *b = second;

	return (a->start > b->start) - (a->start < b->start);
}

/*
 * Sorts by starts.  The kernel's names are in order but for those of BPF programs at their end:
 * only what is behind the first that is out of order is sorted, and then merged in.
 */
static void sort_starts(struct name_table *table)
{
	struct name_entry *entries = table->entries, *rest;
	size_t first = 1, left, to = table->count;

	while (first < table->count && entries[first].start >= entries[first - 1].start)
		first++;
	left = table->count - first;
	if (!left)
		return;
	qsort(entries + first, left, sizeof(*entries), compare_starts);
	rest = mem_dup(entries + first, left * sizeof(*entries));
	while (left)
		entries[--to] = first && entries[first - 1].start > rest[left - 1].start
					? entries[--first]
					: rest[--left];
	free(rest);
}

void name_table_sort(struct name_table *table)
{
	size_t kept = 0;

	if (!table->count)
		return;
	sort_starts(table);
	for (size_t i = 1; i < table->count; i++) {
		struct name_entry *best = &table->entries[kept], *next = &table->entries[i];
		uint64_t end = best->end > next->end ? best->end : next->end;

		if (next->start != best->start) {
			table->entries[++kept] = *next;
			continue;
		}
		if (compare_names(table, next, best) < 0)
			*best = *next;
		if (best->end == best->start)
			best->end = end; /* the other knows the size */
	}
	table->count = kept + 1;
}

static uint64_t entry_end(const struct name_table *table, size_t at)
{
	const struct name_entry *entry = &table->entries[at];

	if (entry->end > entry->start)
		return entry->end;
	return at + 1 < table->count ? table->entries[at + 1].start : UINT64_MAX;
}

const struct name_entry *name_table_find(
	const struct name_table *table, uint64_t address, uint64_t *start, uint64_t *end)
{
	size_t low = 0, high = table->count, at;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	*start = 0;
	*end = low < table->count ? table->entries[low].start : UINT64_MAX;
	for (at = low; at-- > 0 && low - at <= NESTING;) {
		uint64_t stop = entry_end(table, at);

		if (stop > address) {
			if (table->entries[at].start > *start)
				*start = table->entries[at].start;
			if (stop < *end)
				*end = stop;
			return table->entries[at].name ? &table->entries[at] : NULL;
		}
		if (stop > *start)
			*start = stop;
	}
	return NULL;
}

char *name_demangle(const char *linkage)
{
	if (strncmp(linkage, "_Z", 2) && strncmp(linkage, "_R", 2) && strncmp(linkage, "__Z", 3))
		return NULL;
	/* DMGL_AUTO: Rust's two manglings are tried before C++'s.  The depth of names is bounded.
	 */
	return cplus_demangle(linkage, DMGL_AUTO);
}
