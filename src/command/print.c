/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/print.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- text --- */

static bool is_right(const struct view_column *column)
{
	return column->share || column->aggregate > AGGREGATE_NONE
		       ? column->field->type != VALUE_TEXT ||
				 column->aggregate == AGGREGATE_DISTINCT
		       : column->field->type != VALUE_TEXT && column->field->type != VALUE_BOOL;
}

static void cell_text(struct buf *out, const struct view_column *column, struct value value,
	const struct print_context *context)
{
	struct value_format format = {.unit = column->share ? UNIT_PERCENT : column->field->unit,
		.charset = TEXT_UTF8,
		.realtime = context->model->host.realtime};

	if (column->aggregate == AGGREGATE_COUNT || column->aggregate == AGGREGATE_DISTINCT)
		format.unit = UNIT_NONE;
	value_print(out, value, &format);
}

/* A cell as it stands in the table: the text that is left what room there is shows the depth. */
static void row_text(struct buf *out, const struct table *table, uint32_t row, size_t column,
	const struct print_context *context)
{
	const struct view *view = table->view;

	buf_clear(out);
	for (uint32_t d = 0;
		view->path && !view->columns[column].width && d < table->rows[row].depth; d++)
		buf_add_text(out, "  ");
	cell_text(out, &view->columns[column], table_cells(table, row)[column], context);
}

static void print_padded(FILE *file, struct str text, size_t width, bool right, bool last)
{
	size_t cells = text_cells(text), pad = cells < width ? width - cells : 0;

	fprintf(file, "%*s%.*s%*s%s", right ? (int)pad : 0, "", (int)text.size, text.data,
		right || last ? 0 : (int)pad, "", last ? "\n" : " ");
}

/* Columns are as wide as what stands in them: whoever reads this has a pager. */
static size_t *column_widths(const struct table *table, const struct print_context *context)
{
	const struct view *view = table->view;
	size_t *widths = mem_zalloc((view->column_count + 1) * sizeof(*widths));
	struct buf text = {0};

	for (size_t c = 0; c < view->column_count; c++) {
		widths[c] = text_cells(str_from(view->columns[c].title));
		for (uint32_t i = 0; i < table->count; i++) {
			size_t cells;

			row_text(&text, table, table->order[i], c, context);
			cells = text_cells(buf_str(&text));
			widths[c] = cells > widths[c] ? cells : widths[c];
		}
	}
	buf_release(&text);
	return widths;
}

static int print_text(FILE *file, const struct table *table, const struct print_context *context)
{
	const struct view *view = table->view;
	size_t *widths = column_widths(table, context);
	struct buf text = {0};

	if (context->event) {
		text_escape(&text, *context->event, TEXT_UTF8);
		buf_add_text(&text, ", ");
	}
	fprintf(file, "# %s: %s%.3f s, %llu records, %llu lost\n", view->name,
		text.data ? text.data : "", (double)(table->to - table->from) / 1e9,
		(unsigned long long)table->records, (unsigned long long)table->lost);
	for (size_t c = 0; c < view->column_count; c++)
		print_padded(file, str_from(view->columns[c].title), widths[c],
			is_right(&view->columns[c]), c + 1 == view->column_count);
	for (uint32_t i = 0; i < table->count; i++) {
		for (size_t c = 0; c < view->column_count; c++) {
			row_text(&text, table, table->order[i], c, context);
			print_padded(file, buf_str(&text), widths[c], is_right(&view->columns[c]),
				c + 1 == view->column_count);
		}
	}
	fputc('\n', file);
	buf_release(&text);
	free(widths);
	return 0;
}

/* --- CSV --- */

/*
 * RFC 4180.  A spreadsheet takes a text that begins with = + - or @ for a formula: its first
 * character is written as an escape, like any other that is not to be obeyed.
 */
void print_csv_text(struct buf *out, struct str raw)
{
	struct buf text = {0};

	if (raw.size && strchr("=+-@", raw.data[0])) {
		buf_printf(&text, "\\x%02x", (unsigned char)raw.data[0]);
		raw.data++;
		raw.size--;
	}
	text_escape(&text, raw, TEXT_UTF8);
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, text.data[i]);
	}
	buf_add_char(out, '"');
	buf_release(&text);
}

/* Numbers as they are, in base units. */
static void plain_number(struct buf *out, struct value value)
{
	switch (value.type) {
	case VALUE_UNSIGNED:
		buf_printf(out, "%llu", (unsigned long long)value.u);
		break;
	case VALUE_SIGNED:
		buf_printf(out, "%lld", (long long)value.s);
		break;
	case VALUE_REAL:
		buf_printf(out, "%.4f", value.f);
		break;
	default:
		buf_add_text(out, value.b ? "true" : "false");
	}
}

static int print_csv(FILE *file, const struct table *table, const struct print_context *context)
{
	const struct view *view = table->view;
	struct buf line = {0};

	if (context->first) {
		buf_add_text(&line, view->path ? "depth," : "");
		for (size_t c = 0; c < view->column_count; c++) {
			buf_add_text(&line, c ? "," : "");
			print_csv_text(&line, str_from(view->columns[c].id));
		}
		buf_add_text(&line, "\r\n");
	}
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t row = table->order[i];

		if (view->path)
			buf_printf(&line, "%u,", table->rows[row].depth);
		for (size_t c = 0; c < view->column_count; c++) {
			struct value value = table_cells(table, row)[c];

			buf_add_text(&line, c ? "," : "");
			if (value.type == VALUE_TEXT)
				print_csv_text(&line, value_str(value));
			else if (value.type != VALUE_NONE)
				plain_number(&line, value);
		}
		buf_add_text(&line, "\r\n");
	}
	fwrite(line.data, 1, line.size, file);
	buf_release(&line);
	return 0;
}

/* --- JSON --- */

struct json_object *print_json_text(struct str raw)
{
	struct buf text = {0};
	struct json_object *object;

	text_utf8(&text, raw);
	object = json_object_new_string_len(text.data ? text.data : "", (int)text.size);
	buf_release(&text);
	return object;
}

static struct json_object *json_value(struct value value)
{
	struct json_object *object;
	struct buf text = {0};

	switch (value.type) {
	case VALUE_TEXT:
		return print_json_text(value_str(value));
	case VALUE_UNSIGNED:
		return json_object_new_uint64(value.u);
	case VALUE_SIGNED:
		return json_object_new_int64(value.s);
	case VALUE_BOOL:
		return json_object_new_boolean(value.b);
	case VALUE_REAL: /* four digits behind the point, the same on every machine */
		plain_number(&text, value);
		object = json_object_new_double_s(value.f, text.data);
		buf_release(&text);
		return object;
	default:
		return NULL;
	}
}

static struct json_object *json_row(const struct table *table, uint32_t row)
{
	const struct view *view = table->view;
	struct json_object *object = json_object_new_object();

	if (view->path)
		json_object_object_add(
			object, "depth", json_object_new_int((int)table->rows[row].depth));
	for (size_t c = 0; c < view->column_count; c++)
		json_object_object_add(
			object, view->columns[c].id, json_value(table_cells(table, row)[c]));
	return object;
}

/*
 * JSON has an escape of its own for every character: what a terminal would hide or turn about is
 * written so.  It stands in strings only, and means the same to whoever reads JSON.
 */
static void json_escape(struct buf *out, struct str json)
{
	uint32_t c;

	for (size_t size; json.size; json.data += size, json.size -= size) {
		size = text_decode(json, &c);
		if (size < 2 || text_printable(c)) {
			size = size ? size : 1;
			buf_add(out, json.data, size);
		} else if (c < 0x10000) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		}
	}
}

void print_json_line(FILE *file, struct json_object *object)
{
	struct buf line = {0};

	json_escape(&line, str_from(json_object_to_json_string_ext(object,
				   JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
	buf_add_char(&line, '\n');
	fwrite(line.data, 1, line.size, file);
	buf_release(&line);
	json_object_put(object);
}

static int print_json(FILE *file, const struct table *table, const struct print_context *context)
{
	struct json_object *object = json_object_new_object(), *rows = json_object_new_array();

	json_object_object_add(object, "view", json_object_new_string(table->view->id));
	json_object_object_add(object, "host", print_json_text(context->model->host.name));
	if (context->event)
		json_object_object_add(object, "event", print_json_text(*context->event));
	json_object_object_add(object, "from",
		json_object_new_uint64(table->from + context->model->host.realtime));
	json_object_object_add(
		object, "to", json_object_new_uint64(table->to + context->model->host.realtime));
	json_object_object_add(object, "interval",
		json_value(value_real((double)(table->to - table->from) / 1e9)));
	json_object_object_add(object, "records", json_object_new_uint64(table->records));
	json_object_object_add(object, "lost", json_object_new_uint64(table->lost));
	for (uint32_t i = 0; i < table->count; i++)
		json_object_array_add(rows, json_row(table, table->order[i]));
	json_object_object_add(object, "rows", rows);
	print_json_line(file, object);
	return 0;
}

static int print_jsonl(FILE *file, const struct table *table, const struct print_context *context)
{
	(void)context;
	for (uint32_t i = 0; i < table->count; i++)
		print_json_line(file, json_row(table, table->order[i]));
	return 0;
}

int table_print(FILE *file, enum show_format format, const struct table *table,
	const struct print_context *context)
{
	static int (*const printers[])(FILE * file, const struct table *table,
		const struct print_context *context) = {[FORMAT_TEXT] = print_text,
		[FORMAT_CSV] = print_csv,
		[FORMAT_JSON] = print_json,
		[FORMAT_JSONL] = print_jsonl};

	printers[format](file, table, context);
	return fflush(file) || ferror(file) ? -EIO : 0;
}
