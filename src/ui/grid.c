/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and columns: tables, and trees, which are tables whose texts are indented. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/local.h"

#define REST_LEAST 16 /* cells that the widest column is left, or others go */
#define INDENT 2

/* Where the columns are, in cells of the panel; width 0: not shown. */
struct layout {
	int left[VIEW_COLUMNS + 64], width[VIEW_COLUMNS + 64];
};

static bool is_number(const struct view_column *column)
{
	if (column->share || column->aggregate == AGGREGATE_COUNT ||
		column->aggregate == AGGREGATE_DISTINCT)
		return true;
	return column->field->type != VALUE_TEXT && column->field->type != VALUE_BOOL;
}

/* The first column stays; those scrolled away come next, and go. */
static bool is_scrolled_away(const struct level *level, size_t column)
{
	return column > 0 && column <= level->left;
}

static int total_width(const struct layout *layout, const struct level *level)
{
	int total = 0;

	for (size_t i = 0; i < level->shown.column_count; i++)
		if (layout->width[i])
			total += layout->width[i] + 1;
	return total - 1;
}

/* The column that may be spared first: the highest priority, then the last. */
static size_t least_column(const struct layout *layout, const struct level *level)
{
	size_t least = 0;

	for (size_t i = 1; i < level->shown.column_count; i++)
		if (layout->width[i] && level->columns[i].priority &&
			(!least || level->columns[i].priority >= level->columns[least].priority))
			least = i;
	return least;
}

static void grid_layout(const struct level *level, int columns, struct layout *layout)
{
	size_t count = level->shown.column_count, rest = SIZE_MAX;
	int at = 0;

	memset(layout, 0, sizeof(*layout));
	for (size_t i = 0; i < count; i++) {
		if (is_scrolled_away(level, i))
			continue;
		if (!level->columns[i].width && rest == SIZE_MAX)
			rest = i;
		layout->width[i] = level->columns[i].width ? level->columns[i].width : REST_LEAST;
	}
	for (size_t spared; total_width(layout, level) > columns;) {
		spared = level->left ? 0 : least_column(layout, level);
		if (!spared)
			break;
		layout->width[spared] = 0;
	}
	if (rest != SIZE_MAX && total_width(layout, level) < columns)
		layout->width[rest] += columns - total_width(layout, level);
	for (size_t i = 0; i < count; i++) {
		layout->left[i] = at;
		if (layout->width[i] > columns - at)
			layout->width[i] = columns > at ? columns - at : 0;
		at += layout->width[i] ? layout->width[i] + 1 : 0;
	}
}

size_t grid_cell(const struct ui *ui, const struct level *level, uint32_t row, size_t column,
	struct buf *out)
{
	const struct view_column *c = &level->columns[column];
	struct value_format format = {.unit = c->share ? UNIT_PERCENT : c->field->unit,
		.charset = term_charset(ui->term),
		.realtime = ui->config.model->host.realtime};

	if (c->aggregate == AGGREGATE_COUNT || c->aggregate == AGGREGATE_DISTINCT)
		format.unit = UNIT_NONE;
	buf_clear(out);
	value_print(out, table_cells(level->table, row)[column], &format);
	return out->size;
}

bool row_matches(const struct ui *ui, const struct level *level, uint32_t row, const char *text)
{
	struct buf cell = {0};
	bool found = false;

	for (size_t i = 0; !found && i < level->shown.column_count; i++) {
		grid_cell(ui, level, row, i, &cell);
		found = cell.size && text_contains_folded(buf_str(&cell), str_from(text));
	}
	buf_release(&cell);
	return found;
}

static const char *sort_mark(const struct ui *ui, bool falling)
{
	if (term_charset(ui->term) == TEXT_ASCII)
		return falling ? "v" : "^";
	return falling ? "\u25bd" : "\u25b3";
}

static void header_draw(const struct ui *ui, const struct level *level, const struct rect *rect,
	const struct layout *layout)
{
	char title[80];

	draw_label(ui->term, rect->row, rect->column, rect->columns, "", STYLE_HEADER, DRAW_FILL);
	for (size_t i = 0; i < level->shown.column_count; i++) {
		const struct view_column *column = &level->columns[i];
		bool sorted = i == level->sort;

		if (!layout->width[i])
			continue;
		snprintf(title, sizeof(title), "%s%s", column->title,
			sorted ? sort_mark(ui, level->falling) : "");
		draw_label(ui->term, rect->row, rect->column + layout->left[i], layout->width[i],
			title, sorted ? STYLE_SORTED : STYLE_HEADER,
			is_number(column) ? DRAW_RIGHT : DRAW_FILL);
	}
}

/* The share of the row says how hot it is; as perf top colours it. */
static enum style cell_style(const struct level *level, uint32_t row, size_t column)
{
	double share;

	if (!level->columns[column].share)
		return STYLE_NORMAL;
	share = value_number(table_cells(level->table, row)[column]);
	return share >= 5 ? STYLE_HOT : share >= 0.5 ? STYLE_WARM : STYLE_NORMAL;
}

static void fold_mark(const struct ui *ui, const struct table_row *row, struct buf *out)
{
	bool ascii = term_charset(ui->term) == TEXT_ASCII;

	for (uint32_t i = 0; i < row->depth * INDENT; i++)
		buf_add_char(out, ' ');
	if (!row->has_more)
		buf_add_text(out, "  ");
	else if (row->is_open)
		buf_add_text(out, ascii ? "- " : "\u25be ");
	else
		buf_add_text(out, ascii ? "+ " : "\u25b8 ");
}

static void row_draw(const struct ui *ui, const struct level *level, const struct rect *rect,
	const struct layout *layout, int line, uint32_t place)
{
	uint32_t row = level->table->order[place];
	bool cursor = place == level->cursor;
	bool match = *ui->search && row_matches(ui, level, row, ui->search);
	struct buf text = {0}, cell = {0};

	if (cursor)
		draw_label(
			ui->term, line, rect->column, rect->columns, "", STYLE_CURSOR, DRAW_FILL);
	for (size_t i = 0; i < level->shown.column_count; i++) {
		const struct view_column *column = &level->columns[i];
		enum style style = cursor  ? STYLE_CURSOR
				   : match ? STYLE_MATCH
					   : cell_style(level, row, i);

		if (!layout->width[i])
			continue;
		buf_clear(&text);
		if (level->shown.path && !column->width)
			fold_mark(ui, &level->table->rows[row], &text);
		grid_cell(ui, level, row, i, &cell);
		buf_add_str(&text, buf_str(&cell));
		draw_text(ui->term, line, rect->column + layout->left[i], layout->width[i],
			buf_str(&text), style, DRAW_PLAIN | (is_number(column) ? DRAW_RIGHT : 0));
	}
	buf_release(&text);
	buf_release(&cell);
}

/* Why there are no rows: nothing came yet, nothing passes, nothing is sampled. */
static void empty_draw(struct ui *ui, const struct level *level, const struct rect *rect)
{
	struct rect body = {rect->row + 2, rect->column + 2, rect->rows - 2, rect->columns - 4};
	struct ui_status status = {0};
	char text[700];

	ui->config.status(ui->config.status_arg, &status);
	if (status.trouble) {
		snprintf(text, sizeof(text), "Nothing is sampled: %s", status.trouble);
		draw_paragraph(ui->term, &body, 0, text, STYLE_WARNING);
	} else if (!level->table || (ui->query && !level->table->count)) {
		draw_paragraph(ui->term, &body, 0, "Looking ...", STYLE_DIM);
	} else if (ui->level_count > 1 || level->typed.filter || ui->config.filter) {
		draw_paragraph(ui->term, &body, 0,
			"Nothing in this span passes. Backspace goes back up, \\ changes the "
			"filter.",
			STYLE_NORMAL);
	} else {
		draw_paragraph(ui->term, &body, 0,
			"No samples in this span: the CPUs had nothing to do.", STYLE_NORMAL);
	}
}

void grid_draw(struct ui *ui, const struct rect *rect)
{
	struct level *level = ui_level(ui);
	uint32_t rows = rect->rows > 1 ? (uint32_t)rect->rows - 1 : 0;
	struct layout layout;

	grid_layout(level, rect->columns, &layout);
	header_draw(ui, level, rect, &layout);
	ui->rows_shown = rows;
	if (!level->table || !level->table->count) {
		empty_draw(ui, level, rect);
		return;
	}
	if (level->cursor < level->top)
		level->top = level->cursor;
	if (level->cursor >= level->top + rows)
		level->top = level->cursor - rows + 1;
	if (level->top + rows > level->table->count)
		level->top = level->table->count > rows ? level->table->count - rows : 0;
	for (uint32_t i = 0; i < rows && level->top + i < level->table->count; i++)
		row_draw(ui, level, rect, &layout, rect->row + 1 + (int)i, level->top + i);
}

/* --- keys --- */

static void toggle_open(struct ui *ui, struct level *level)
{
	const struct table_row *row;
	uint32_t at;

	if (!level->shown.path || !level_cursor_row(level, &at))
		return;
	row = &level->table->rows[at];
	if (!row->has_more)
		return;
	level->follows = true;
	level->unfolds = false;
	level->cursor_id = row->id;
	level_set_open(level, row->id, !row->is_open);
	ui_outdated(ui);
}

static void go_to_parent(struct ui *ui, struct level *level)
{
	uint32_t row, parent;

	if (!level_cursor_row(level, &row))
		return;
	parent = level->table->rows[row].parent;
	for (uint32_t i = 0; parent != TABLE_TOP && i < level->table->count; i++)
		if (level->table->order[i] == parent) {
			level_move(ui, level, (int64_t)i - (int64_t)level->cursor);
			return;
		}
}

/* In a tree, left and right fold first, and scroll when there is nothing to fold. */
static bool tree_sideways(struct ui *ui, struct level *level, int key)
{
	const struct table_row *row;
	uint32_t at;

	if (!level->shown.path || !level_cursor_row(level, &at))
		return false;
	row = &level->table->rows[at];
	if (key == KEY_RIGHT && row->has_more && !row->is_open) {
		toggle_open(ui, level);
		return true;
	}
	if (key == KEY_LEFT && !level->left && (row->is_open || row->depth)) {
		if (row->is_open)
			toggle_open(ui, level);
		else
			go_to_parent(ui, level);
		return true;
	}
	return false;
}

bool grid_key(struct ui *ui, int key)
{
	struct level *level = ui_level(ui);
	int64_t page = ui->rows_shown > 1 ? (int64_t)ui->rows_shown - 1 : 1;

	switch (key) {
	case KEY_UP:
		level_move(ui, level, -1);
		return true;
	case KEY_DOWN:
		level_move(ui, level, 1);
		return true;
	case KEY_PPAGE:
		level_move(ui, level, -page);
		return true;
	case KEY_NPAGE:
		level_move(ui, level, page);
		return true;
	case KEY_HOME:
		level_move(ui, level, INT32_MIN);
		return true;
	case KEY_END:
		level_move(ui, level, INT32_MAX);
		return true;
	case KEY_LEFT:
	case KEY_RIGHT:
		if (tree_sideways(ui, level, key))
			return true;
		if (key == KEY_LEFT && level->left)
			level->left--;
		else if (key == KEY_RIGHT && level->left + 2 < level->shown.column_count)
			level->left++;
		ui->dirty = true;
		return true;
	case ' ':
		toggle_open(ui, level);
		return true;
	default:
		return false;
	}
}
