/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/print_list.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "command/print.h"

static void print_csv_line(const char *const *cells, const char *const *columns, uint32_t numbers)
{
	struct buf line = {0};

	for (size_t i = 0; columns[i]; i++) {
		buf_add_text(&line, i ? "," : "");
		if (numbers & (1u << i))
			buf_add_text(&line, cells[i]);
		else
			print_csv_text(&line, str_from(cells[i]));
	}
	printf("%s\r\n", line.data);
	buf_release(&line);
}

static struct json_object *json_cell(const char *cell, bool is_number)
{
	if (!*cell)
		return NULL;
	return is_number ? json_object_new_int64(strtoll(cell, NULL, 10))
			 : print_json_text(str_from(cell));
}

static struct json_object *json_entry(
	const char *const *cells, const char *const *columns, uint32_t numbers)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; columns[i]; i++)
		json_object_object_add(
			object, columns[i], json_cell(cells[i], numbers & (1u << i)));
	return object;
}

void print_list_begin(struct print_list *list)
{
	if (list->format == FORMAT_CSV) {
		print_csv_line(list->columns, list->columns, 0);
	} else if (list->format == FORMAT_JSON) {
		list->object = json_object_new_object();
		list->array = json_object_new_array();
		json_object_object_add(list->object, list->what, list->array);
	}
}

void print_list_entry(struct print_list *list, const char *const *cells)
{
	switch (list->format) {
	case FORMAT_CSV:
		print_csv_line(cells, list->columns, list->numbers);
		break;
	case FORMAT_JSON:
		json_object_array_add(list->array, json_entry(cells, list->columns, list->numbers));
		break;
	default:
		print_json_line(stdout, json_entry(cells, list->columns, list->numbers));
	}
}

void print_list_end(struct print_list *list)
{
	if (list->object)
		print_json_line(stdout, list->object);
}

size_t print_padded(const char *text, enum text_charset charset, size_t width)
{
	struct buf escaped = {0};
	size_t cells;

	text_escape(&escaped, str_from(text), charset);
	cells = text_cells(buf_str(&escaped));
	printf("%s%*s", escaped.data ? escaped.data : "", cells < width ? (int)(width - cells) : 0,
		"");
	buf_release(&escaped);
	return cells < width ? width : cells;
}

void print_grid_add(struct print_grid *grid, const char *const *cells)
{
	grid->cells = mem_grow(
		grid->cells, &grid->capacity, grid->count + grid->columns, sizeof(*grid->cells));
	for (size_t i = 0; i < grid->columns; i++)
		grid->cells[grid->count++] = mem_strdup(cells[i]);
}

static size_t cells_of(const char *text, enum text_charset charset)
{
	struct buf escaped = {0};
	size_t cells;

	text_escape(&escaped, str_from(text), charset);
	cells = text_cells(buf_str(&escaped));
	buf_release(&escaped);
	return cells;
}

void print_grid(const struct print_grid *grid, enum text_charset charset)
{
	size_t *widths = mem_zalloc(grid->columns * sizeof(*widths));

	for (size_t i = 0; i < grid->count; i++) {
		size_t cells = cells_of(grid->cells[i], charset);
		size_t *width = &widths[i % grid->columns];

		*width = cells > *width ? cells : *width;
	}
	for (size_t i = 0; i < grid->count; i++) {
		bool is_last = (i + 1) % grid->columns == 0;

		print_padded(grid->cells[i], charset, is_last ? 0 : widths[i % grid->columns]);
		fputs(is_last ? "\n" : "  ", stdout);
	}
	free(widths);
}

void print_grid_release(struct print_grid *grid)
{
	for (size_t i = 0; i < grid->count; i++)
		free(grid->cells[i]);
	free(grid->cells);
	*grid = (struct print_grid){0};
}

void print_wrapped(
	const char *text, enum text_charset charset, size_t at, size_t indent, size_t line)
{
	struct buf escaped = {0};
	char *word, *rest;

	text_escape(&escaped, str_from(text), charset);
	rest = escaped.data;
	for (bool first = true; (word = strsep(&rest, " ")); first = false) {
		size_t cells = text_cells(str_from(word));

		if (!first && at + 1 + cells > line) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		fputs(word, stdout);
		at += cells;
	}
	putchar('\n');
	buf_release(&escaped);
}
