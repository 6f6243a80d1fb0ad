/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables to a file: as text, CSV, JSON or a JSON object a row. */
#ifndef COMMAND_PRINT_H
#define COMMAND_PRINT_H

#include <stdio.h>

#include "command/options.h"
#include "model/model.h"
#include "view/table.h"

/* What the table is of besides its view. */
struct print_context {
	const struct model *model;
	const struct str *event; /* whose samples are counted, raw; NULL: no samples */
	bool first;		 /* nothing was printed before it */
};

/* 0 or a negative errno. */
int table_print(FILE *file, enum show_format format, const struct table *table,
	const struct print_context *context);

/* A text as a cell of CSV, and as a string of JSON: escaped, and no formula to a spreadsheet. */
struct json_object;
void print_csv_text(struct buf *out, struct str raw);
struct json_object *print_json_text(struct str raw);

/* Prints an object as a line, and gives it back. */
void print_json_line(FILE *file, struct json_object *object);

#endif
