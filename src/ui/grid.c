/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and columns: tables, and trees, which are tables whose texts are indented. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/local.h"

#define REST_LEAST 16 /* cells that the widest column is left, or others go */
#define ROWS_MEASURED 256
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

/* Cells of the widest text in a column. */
static int text_width(const struct ui *ui, const struct level *level, size_t column)
{
	struct buf cell = {0};
	int widest = 0, width;

	for (uint32_t i = 0; i < level->table->count && i < ROWS_MEASURED; i++) {
		grid_cell(ui, level, level->table->order[i], column, &cell);
		width = draw_width(ui->term, buf_str(&cell));
		widest = width > widest ? width : widest;
	}
	buf_release(&cell);
	return widest;
}

/*
 * On a wide screen names that do not fit take what others leave: what the widest column does not
 * need, and at most half of the rest.
 */
static void grow_texts(const struct ui *ui, const struct level *level, int left, size_t rest,
	struct layout *layout)
{
	int room = left, wanted;

	if (left <= 0 || !level->table)
		return;
	if (rest != SIZE_MAX) {
		wanted = text_width(ui, level, rest) - layout->width[rest];
		room = wanted < left / 2 ? left - (wanted > 0 ? wanted : 0) : left / 2;
	}
	for (size_t i = 0; room > 0 && i < level->shown.column_count; i++) {
		const struct view_column *column = &level->columns[i];
		int more;

		if (!layout->width[i] || !column->width || is_number(column))
			continue;
		more = text_width(ui, level, i) - layout->width[i];
		more = more < room ? more : room;
		if (more > 0) {
			layout->width[i] += more;
			room -= more;
		}
	}
}

static void grid_layout(
	const struct ui *ui, const struct level *level, int columns, struct layout *layout)
{
	bool containers = ui->config.model->cgroups.container_count != 0;

	size_t count = level->shown.column_count, rest = SIZE_MAX;
	int at = 0;

	memset(layout, 0, sizeof(*layout));
	for (size_t i = 0; i < count; i++) {
		if (is_scrolled_away(level, i) ||
			(level->columns[i].when_containers && !containers))
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
	grow_texts(ui, level, columns - total_width(layout, level), rest, layout);
	if (rest != SIZE_MAX && total_width(layout, level) < columns)
		layout->width[rest] += columns - total_width(layout, level);
	for (size_t i = 0; i < count; i++) {
		layout->left[i] = at;
		if (layout->width[i] > columns - at)
			layout->width[i] = columns > at ? columns - at : 0;
		at += layout->width[i] ? layout->width[i] + 1 : 0;
	}
}

/* The process that looks is told from those that are looked at, without colours too. */
static bool is_own_number(const struct ui *ui, const struct view_column *column, struct value value)
{
	return ui->config.model->host.self && column->aggregate == AGGREGATE_NONE &&
	       value.type == VALUE_UNSIGNED && value.u == ui->config.model->host.self &&
	       !strcmp(column->field->name, "proc.pid");
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
	if (is_own_number(ui, c, table_cells(level->table, row)[column]))
		buf_add_char(out, '*');
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

/* Of a path the end tells more than the beginning, as in the breadcrumb. */
static bool is_path(const struct view_column *column)
{
	const char *last = strrchr(column->field->name, '.');

	return last && !strcmp(last, ".path");
}

/* Below the row of the folder above it, the end of a path is all that is new. */
static struct str below_parent(
	const struct level *level, uint32_t row, size_t column, struct str shown)
{
	uint32_t parent = level->table->rows[row].parent;
	struct value value = table_cells(level->table, row)[column], above;
	struct str path;

	if (!level->shown.path || parent == TABLE_TOP || value.type != VALUE_TEXT)
		return shown;
	above = table_cells(level->table, parent)[column];
	path = value_str(value);
	if (above.type != VALUE_TEXT || path.size <= value_str(above).size ||
		memcmp(path.data, value_str(above).data, value_str(above).size) != 0)
		return shown;
	/* A slash is in no name, and nothing is escaped with one. */
	for (size_t i = shown.size; i-- > 0;)
		if (shown.data[i] == '/')
			return (struct str){shown.data + i + 1, shown.size - i - 1};
	return shown;
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
		buf_add_str(&text, is_path(column) ? below_parent(level, row, i, buf_str(&cell))
						   : buf_str(&cell));
		draw_text(ui->term, line, rect->column + layout->left[i], layout->width[i],
			buf_str(&text), style,
			DRAW_PLAIN | (is_number(column)	       ? DRAW_RIGHT
					     : is_path(column) ? DRAW_MIDDLE
							       : 0));
	}
	buf_release(&text);
	buf_release(&cell);
}

/* Why nothing is told of a process or a container. */
static void detail_reason(const struct ui *ui, const struct level *level, char *out, size_t size)
{
	bool of_container = level_is_of_container(level);
	char time[16];

	if (!*level_detail_target(level)) {
		snprintf(out, size, "%s",
			of_container ? "This is about one container: go to the Containers, then i "
				       "or l, or F2 and Tab."
				     : "This is about one process: go to the Processes, then F2 "
				       "and Tab.");
	} else if (ui->config.to) {
		snprintf(out, size, "Nothing of it is in the capture: it was not looked at then.");
	} else if (level->ended && (!of_container || level->is_answered)) {
		ui_clock_text(ui, level->ended, time, sizeof(time));
		snprintf(out, size, "It ended at %s: nothing is told of it any more.", time);
	} else if (!level->is_answered && ui_runs(ui)) {
		snprintf(out, size, "Looking ...");
	} else if (!strcmp(level->view->detail, "log")) {
		snprintf(out, size, "The log is empty so far: nothing was written to it.");
	} else {
		snprintf(out, size, "There is nothing to tell.");
	}
}

/* Why there are no rows: nothing came yet, nothing passes, nothing is sampled. */
static void empty_draw(struct ui *ui, const struct level *level, const struct rect *rect)
{
	struct rect body = {rect->row + 2, rect->column + 2, rect->rows - 2, rect->columns - 4};
	struct ui_status status = {0};
	char text[700], time[16];

	ui->config.status(ui->config.status_arg, &status);
	if (status.trouble) {
		snprintf(text, sizeof(text), "Nothing is sampled: %s", status.trouble);
		draw_paragraph(ui->term, &body, 0, text, STYLE_WARNING);
	} else if (level->view->detail && !level->typed.filter) {
		detail_reason(ui, level, text, sizeof(text));
		draw_paragraph(ui->term, &body, 0, text, STYLE_NORMAL);
	} else if (!level->table || (ui->query && !level->table->count)) {
		draw_paragraph(ui->term, &body, 0, "Looking ...", STYLE_DIM);
	} else if (ui_has_ended(ui)) {
		ui_clock_text(ui, level->ended, time, sizeof(time));
		snprintf(text, sizeof(text), "It ended at %s: nothing of it is kept any more.",
			time);
		draw_paragraph(ui->term, &body, 0, text, STYLE_NORMAL);
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

	grid_layout(ui, level, rect->columns, &layout);
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
	/* A tree of rows that are all there is unfolded until someone folds it. */
	level_set_open(level, row->id, row->is_open == level->shown.has_parents);
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
