/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that lie over the left of the panel: views, columns, what is sorted by. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/local.h"

#define LIST_WIDTH 26

void list_draw(struct ui *ui, const struct rect *rect, const char *title, int width,
	void (*entry)(const struct ui *ui, int number, char *out, size_t size))
{
	int rows = rect->rows - 1, first = list_first(&ui->list, rows);
	char text[120];

	width = width < rect->columns ? width : rect->columns;
	snprintf(text, sizeof(text), "%s%s%s", title, *ui->list.typed ? ": " : "", ui->list.typed);
	draw_label(ui->term, rect->row, rect->column, width, text, STYLE_SORTED, DRAW_FILL);
	for (int i = 0; i < rows; i++) {
		int number = first + i;

		text[0] = '\0';
		if (number < ui->list.count)
			entry(ui, number, text, sizeof(text));
		draw_label(ui->term, rect->row + 1 + i, rect->column, width, text,
			number == ui->list.at ? STYLE_CURSOR : STYLE_NORMAL, DRAW_FILL);
	}
}

static bool is_enter(int key)
{
	return key == '\r' || key == '\n' || key == KEY_ENTER;
}

/* --- views --- */

static const struct view *view_at(const struct ui *ui, int number)
{
	return ui->config.views->views[number];
}

static void view_entry(const struct ui *ui, int number, char *out, size_t size)
{
	snprintf(out, size, " %s", view_at(ui, number)->name);
}

/* What the view is, beside the list; and for what it would be opened. */
static void view_describe(struct ui *ui, const struct rect *rect)
{
	struct rect body = {rect->row + 1, rect->column + LIST_WIDTH + 1, rect->rows - 1,
		rect->columns - LIST_WIDTH - 2};
	const struct view *view = view_at(ui, ui->list.at);
	struct clause row = level_row_clause(ui_level(ui));
	struct ui_status status = {0};
	struct buf text = {0};

	ui->config.status(ui->config.status_arg, &status);
	buf_add_text(&text, "For: ");
	if (ui->narrow_to_row && row.label)
		text_escape(&text, str_from(row.label), term_charset(ui->term));
	else
		buf_add_text(&text, ui->level_count > 1 ? "all that is shown here" : "everything");
	buf_printf(&text, "\nTab: %s\n\n%s\n", ui->narrow_to_row ? "for all" : "for this row only",
		view->help);
	if (status.trouble && (view->types & FIELD_TYPE(RECORD_SAMPLE)))
		buf_printf(&text, "\nNo data: %s\n", status.trouble);
	for (size_t i = 0; i < view->tip_count; i++)
		buf_printf(&text, "\n%s\n", view->tips[i]);
	buf_add_text(&text, "\nColumns:");
	for (size_t i = 0; i < view->column_count; i++)
		if (*view->columns[i].title)
			buf_printf(&text, " %s", view->columns[i].title);
	draw_paragraph(ui->term, &body, 0, text.data, STYLE_NORMAL);
	filter_free(row.filter);
	free(row.label);
	buf_release(&text);
}

static void views_draw(struct ui *ui, const struct rect *rect)
{
	for (int i = 0; i < rect->rows; i++)
		draw_label(ui->term, rect->row + i, rect->column, rect->columns, "", STYLE_NORMAL,
			DRAW_FILL);
	draw_label(ui->term, rect->row, rect->column, rect->columns,
		" Views                     Enter opens, letters search, Esc closes", STYLE_HEADER,
		DRAW_FILL);
	list_draw(ui, rect, " Views", LIST_WIDTH, view_entry);
	if (rect->columns > LIST_WIDTH + 10)
		view_describe(ui, rect);
}

static void views_key(struct ui *ui, int key)
{
	ui->dirty = true;
	if (list_key_typed(ui, key, view_entry))
		return;
	if (key == '\t') {
		ui->narrow_to_row = !ui->narrow_to_row;
		return;
	}
	if (is_enter(key)) {
		const struct view *view = view_at(ui, ui->list.at);
		struct clause row = {0};

		if (ui->narrow_to_row)
			row = level_row_clause(ui_level(ui));
		if (row.filter)
			ui_push(ui, view, row);
		else
			ui_switch(ui, view);
	}
	overlay_close(ui);
}

const struct overlay overlay_views = {"views", views_draw, views_key};

void overlay_views_open(struct ui *ui)
{
	int at = 0;

	for (size_t i = 0; i < ui->config.views->count; i++)
		if (ui->config.views->views[i] == ui_level(ui)->view)
			at = (int)i;
	ui->narrow_to_row = false;
	overlay_open(ui, &overlay_views, (int)ui->config.views->count, at);
}

/* --- sorting --- */

static void sort_entry(const struct ui *ui, int number, char *out, size_t size)
{
	const struct level *level = ui_level(ui);
	const struct view_column *column = &level->columns[number];

	snprintf(out, size, "%c%s", (size_t)number == level->sort ? '*' : ' ',
		*column->title ? column->title : column->field->name);
}

static void sort_draw(struct ui *ui, const struct rect *rect)
{
	list_draw(ui, rect, " Sort by", LIST_WIDTH, sort_entry);
}

static void sort_key(struct ui *ui, int key)
{
	struct level *level = ui_level(ui);
	size_t column = (size_t)ui->list.at;

	ui->dirty = true;
	if (list_key_typed(ui, key, sort_entry))
		return;
	overlay_close(ui);
	if (!is_enter(key))
		return;
	/* The same column again turns the order around; numbers begin with the largest. */
	level->falling = level->sort == column ? !level->falling
					       : level->columns[column].field->type != VALUE_TEXT;
	level->sort = column;
	level->cursor = 0;
	level->follows = false;
	level_resort(level);
}

const struct overlay overlay_sort = {"sort", sort_draw, sort_key};

void overlay_sort_open(struct ui *ui)
{
	overlay_open(
		ui, &overlay_sort, (int)ui_level(ui)->shown.column_count, (int)ui_level(ui)->sort);
}

/* --- columns --- */

/* The view's own columns first, then the fields that its rows could show as well. */
static bool column_fits(const struct level *level, const struct field *field)
{
	if (field->type == VALUE_NONE || field->is_constant || field->is_self || field->argument)
		return false;
	if (field->types && level->view->types && !(field->types & level->view->types))
		return false;
	return !view_has_frames(level->view) || field->domain == DOMAIN_FRAME;
}

static bool view_has_field(const struct view *view, const struct field *field)
{
	for (size_t i = 0; i < view->column_count; i++)
		if (view->columns[i].field == field)
			return true;
	return false;
}

/* The number-th field that fits and is none of the view's; NULL: there are no more. */
static const struct field *other_field(const struct level *level, int number)
{
	size_t class_count;
	const struct field_class *const *classes = field_classes(&class_count);

	for (size_t i = 0; i < class_count; i++)
		for (size_t k = 0; k < classes[i]->count; k++) {
			const struct field *field = &classes[i]->fields[k];

			if (column_fits(level, field) && !view_has_field(level->view, field) &&
				!number--)
				return field;
		}
	return NULL;
}

/* Where in what is shown the entry's column is; SIZE_MAX: it is hidden. */
static size_t shown_at(const struct level *level, int number, const struct field **other)
{
	size_t own = level->view->column_count;

	*other = (size_t)number < own ? NULL : other_field(level, number - (int)own);
	for (size_t i = 0; i < level->shown.column_count; i++) {
		if (!*other && level->columns[i].id == level->view->columns[number].id)
			return i;
		if (*other && level->columns[i].id == (*other)->name)
			return i;
	}
	return SIZE_MAX;
}

static void column_entry(const struct ui *ui, int number, char *out, size_t size)
{
	const struct level *level = ui_level(ui);
	const struct field *other;
	bool shown = shown_at(level, number, &other) != SIZE_MAX;
	const struct view_column *own = other ? NULL : &level->view->columns[number];

	snprintf(out, size, "[%c] %s", shown ? 'x' : ' ',
		other	      ? other->name
		: *own->title ? own->title
			      : own->field->name);
}

static void columns_draw(struct ui *ui, const struct rect *rect)
{
	const struct level *level = ui_level(ui);
	const struct field *other;

	list_draw(ui, rect, " Columns: Space", LIST_WIDTH, column_entry);
	shown_at(level, ui->list.at, &other);
	ui_say(ui, STYLE_NORMAL,
		other ? other->help : level->view->columns[ui->list.at].field->help);
}

static void columns_key(struct ui *ui, int key)
{
	struct level *level = ui_level(ui);
	const struct field *other;
	size_t at;

	ui->dirty = true;
	if (list_key_typed(ui, key, column_entry))
		return;
	if (key != ' ') {
		overlay_close(ui);
		return;
	}
	at = shown_at(level, ui->list.at, &other);
	if (at != SIZE_MAX && level->shown.column_count == 1)
		return; /* a table without a column is none */
	ui_outdated(ui);
	level_show_column(level, other, at == SIZE_MAX ? (size_t)ui->list.at : at, at == SIZE_MAX);
}

const struct overlay overlay_columns = {"columns", columns_draw, columns_key};

void overlay_columns_open(struct ui *ui)
{
	int count = (int)ui_level(ui)->view->column_count;

	while (other_field(ui_level(ui), count - (int)ui_level(ui)->view->column_count))
		count++;
	overlay_open(ui, &overlay_columns, count, 0);
}
