/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists to the standard output: of texts in columns for programs, wrapped lines for people. */
#ifndef COMMAND_PRINT_LIST_H
#define COMMAND_PRINT_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "command/options.h"

struct json_object;

/* CSV, JSON ({"what": [entries]}) or an object a line; for people each verb prints its own. */
struct print_list {
	enum show_format format;
	const char *what;
	const char *const *columns; /* names, NULL behind the last */
	uint32_t numbers;	    /* bits of columns that are numbers, not texts */
	struct json_object *object, *array;
};

/* An entry: a text for each column, "" for none. */
void print_list_entry(struct print_list *list, const char *const *cells);

/* What stands around entries; called once, also without any. */
void print_list_begin(struct print_list *list);
void print_list_end(struct print_list *list);

/* Entries for people, collected: each column is as wide as the widest of its cells. */
struct print_grid {
	size_t columns;
	char **cells; /* row by row */
	size_t count, capacity;
};

void print_grid_add(struct print_grid *grid, const char *const *cells);
void print_grid(const struct print_grid *grid, enum text_charset charset);
void print_grid_release(struct print_grid *grid);

/* Prints a text, and spaces up to @width cells; returns how many it took. */
size_t print_padded(const char *text, enum text_charset charset, size_t width);

/*
 * Prints words from column @at on, lines that follow from column @indent on, none beyond @line.
 */
void print_wrapped(
	const char *text, enum text_charset charset, size_t at, size_t indent, size_t line);

#endif
