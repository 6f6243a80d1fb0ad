/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/print_list.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "command/print.h"

static void print_csv_line(const char *const *cells, const char *const *columns)
{
	struct buf line = {0};

	for (size_t i = 0; columns[i]; i++) {
		buf_add_text(&line, i ? "," : "");
		print_csv_text(&line, str_from(cells[i]));
	}
	printf("%s\r\n", line.data);
	buf_release(&line);
}

static struct json_object *json_entry(const char *const *cells, const char *const *columns)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; columns[i]; i++)
		json_object_object_add(
			object, columns[i], *cells[i] ? print_json_text(str_from(cells[i])) : NULL);
	return object;
}

void print_list_begin(struct print_list *list)
{
	if (list->format == FORMAT_CSV) {
		print_csv_line(list->columns, list->columns);
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
		print_csv_line(cells, list->columns);
		break;
	case FORMAT_JSON:
		json_object_array_add(list->array, json_entry(cells, list->columns));
		break;
	default:
		print_json_line(stdout, json_entry(cells, list->columns));
	}
}

void print_list_end(struct print_list *list)
{
	if (list->object)
		print_json_line(stdout, list->object);
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
