/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/local.h"

static void clause_release(struct clause *clause)
{
	filter_free(clause->filter);
	free(clause->label);
	*clause = (struct clause){0};
}

/* The view's columns, to be changed here without changing them elsewhere. */
static void level_copy_view(struct level *level, const struct view *view)
{
	free(level->columns);
	level->view = view;
	level->shown = *view;
	level->columns = mem_dup(view->columns, view->column_count * sizeof(*view->columns));
	level->shown.columns = level->columns;
	level->sort = view_sort_column(view, &level->falling);
	level->left = 0;
	level->at_end = view->follow;
}

struct level *level_new(const struct view *view, struct clause selection)
{
	struct level *level = mem_zalloc(sizeof(*level));

	level_copy_view(level, view);
	level->selection = selection;
	level->unfolds = selection.filter != NULL;
	return level;
}

void level_free(struct level *level)
{
	if (!level)
		return;
	clause_release(&level->selection);
	clause_release(&level->typed);
	free(level->typed_text);
	table_free(level->table);
	free(level->columns);
	free(level->open);
	free(level);
}

uint64_t row_start(const struct level *level, uint32_t row)
{
	const struct view *view = &level->shown;
	struct value start;

	if (view->key_count < 2 || !strstr(view->keys[1]->name, ".start"))
		return 0;
	start = table_keys(level->table, row)[1];
	return start.type == VALUE_UNSIGNED ? start.u : 0;
}

/* What a step down narrows to: that of the row, or what was narrowed to before. */
static void level_take_target(struct level *level, const struct level *above, bool by_row)
{
	uint32_t row;
	char *to = NULL;

	memcpy(level->process, above->process, sizeof(level->process));
	level->process_start = above->process_start;
	memcpy(level->container, above->container, sizeof(level->container));
	level->ended = above->ended;
	if (!by_row || !above->shown.key_count || !level_cursor_row(above, &row))
		return;
	if (!strcmp(above->shown.keys[0]->name, "proc.pid"))
		to = level->process;
	else if (!strcmp(above->shown.keys[0]->name, "container.number"))
		to = level->container;
	if (!to)
		return;
	snprintf(to, sizeof(level->process), "%llu",
		(unsigned long long)table_keys(above->table, row)[0].u);
	level->narrows = true;
	level->ended = 0;
	if (to == level->process)
		level->process_start = row_start(above, row);
}

bool level_is_of_container(const struct level *level)
{
	return !strcmp(level->view->keys[0]->name, "container.number");
}

const char *level_detail_target(const struct level *level)
{
	return level_is_of_container(level) ? level->container : level->process;
}

void ui_push(struct ui *ui, const struct view *view, struct clause selection)
{
	struct level *level = level_new(view, selection);

	if (ui->level_count)
		level_take_target(level, ui_level(ui), selection.filter != NULL);
	ui->levels = mem_grow(
		ui->levels, &ui->level_capacity, ui->level_count + 1, sizeof(*ui->levels));
	ui->levels[ui->level_count++] = level;
	ui_outdated(ui);
}

bool ui_pop(struct ui *ui)
{
	if (ui->level_count < 2)
		return false;
	ui_outdated(ui);
	level_free(ui->levels[--ui->level_count]);
	return true;
}

/* The table belongs to the columns: with others there is none until the next query. */
void level_forget_table(struct level *level)
{
	table_free(level->table);
	level->table = NULL;
}

void ui_switch(struct ui *ui, const struct view *view)
{
	struct level *level = ui_level(ui);

	ui_outdated(ui);
	level_forget_table(level);
	level_copy_view(level, view);
	level->cursor = level->top = 0;
	level->follows = false;
}

bool level_cursor_row(const struct level *level, uint32_t *row)
{
	if (!level->table || level->cursor >= level->table->count)
		return false;
	*row = level->table->order[level->cursor];
	return true;
}

/* What the row under the cursor stands for, as a filter: its keys. */
struct clause level_row_clause(const struct level *level)
{
	const struct view *view = &level->shown;
	struct filter_error unused;
	struct clause clause = {0};
	struct buf text = {0}, label = {0};
	struct value value;
	uint32_t row;

	if (!level_cursor_row(level, &row))
		return clause;
	for (size_t i = 0; i < view->key_count; i++) {
		value = table_keys(level->table, row)[i];
		buf_add_text(&text, i ? " and " : "");
		if (value.type == VALUE_NONE) {
			buf_printf(&text, "not %s exists", view->keys[i]->name);
			continue;
		}
		if (!strcmp(view->keys[i]->name, "cgroup.id")) { /* and all below it */
			buf_printf(&text, "cgroup.within contains \"/%llu/\"",
				(unsigned long long)value.u);
			continue;
		}
		buf_printf(&text, "%s = ", view->keys[i]->name);
		filter_quote(&text, value);
	}
	clause.filter = filter_parse(text.data ? text.data : "", &unused);
	value = table_label(level->table, row);
	if (value.type == VALUE_TEXT) {
		buf_add_str(&label, value_str(value));
		/* Numbers that people know: those of containers and hierarchies are our own. */
		if (view->keys[0]->unit == UNIT_ID && view->keys[0]->domain == DOMAIN_THREAD &&
			strncmp(view->keys[0]->name, "container.", 10) != 0 &&
			strncmp(view->keys[0]->name, "cgroup.", 7) != 0)
			buf_printf(&label, "(%llu)",
				(unsigned long long)table_keys(level->table, row)[0].u);
	} else {
		value_print(&label, value, &(struct value_format){.unit = UNIT_ID});
	}
	clause.label = buf_detach(&label);
	buf_release(&text);
	return clause;
}

static void level_note_cursor(struct level *level)
{
	uint32_t row;

	if (level_cursor_row(level, &row))
		level->cursor_id = level->table->rows[row].id;
}

void level_move(struct ui *ui, struct level *level, int64_t rows)
{
	int64_t at = (int64_t)level->cursor + rows;
	int64_t last = level->table && level->table->count ? (int64_t)level->table->count - 1 : 0;

	at = at < 0 ? 0 : at > last ? last : at;
	level->cursor = (uint32_t)at;
	/* At the very top one looks at what is most; elsewhere at a certain row. */
	level->follows = at > 0;
	level->at_end = level->view->follow && at == last;
	level_note_cursor(level);
	ui->dirty = true;
}

static void level_find_cursor(struct level *level)
{
	struct table *table = level->table;

	if (level->at_end)
		level->cursor = table->count ? table->count - 1 : 0;
	else if (level->follows)
		for (uint32_t i = 0; i < table->count; i++)
			if (table->rows[table->order[i]].id == level->cursor_id) {
				level->cursor = i;
				return;
			}
	if (level->cursor >= table->count)
		level->cursor = table->count ? table->count - 1 : 0;
	level_note_cursor(level);
}

void level_resort(struct level *level)
{
	if (!level->table || level->sort >= level->shown.column_count)
		return;
	table_sort(level->table, level->sort, level->falling);
	level_find_cursor(level);
}

void level_take_table(struct level *level, struct table *table)
{
	level_forget_table(level);
	level->table = table;
	level_resort(level);
}

static double row_weight(const struct level *level, uint32_t row)
{
	return value_number(table_cells(level->table, row)[0]);
}

/*
 * Unfolds the first row, then as long as one of those below has half of what is above it or more,
 * that one: where the time comes from is seen without a key.
 */
bool level_unfold(struct level *level)
{
	const struct table *table = level->table;
	uint32_t row = table->count ? table->order[0] : 0, best;

	if (!level->unfolds || !level->shown.path || level->shown.has_parents || !table->count)
		return false;
	while (table->rows[row].is_open) {
		best = row;
		for (uint32_t i = 0; i < table->count; i++)
			if (table->rows[i].parent == row && table->rows[i].has_more &&
				row_weight(level, i) >= row_weight(level, row) / 2 &&
				(best == row || row_weight(level, i) > row_weight(level, best)))
				best = i;
		if (best == row)
			break;
		row = best;
	}
	level->unfolds = table->rows[row].has_more && !table->rows[row].is_open;
	if (level->unfolds)
		level_set_open(level, table->rows[row].id, true);
	return level->unfolds;
}

void level_set_path(struct level *level, enum view_path path)
{
	level_forget_table(level);
	level->shown.path = path;
	level->open_count = 0;
	level->unfolds = level->selection.filter != NULL;
}

/* --- columns --- */

static void level_remove_column(struct level *level, size_t column)
{
	struct view *shown = &level->shown;

	shown->column_count--;
	memmove(level->columns + column, level->columns + column + 1,
		(shown->column_count - column) * sizeof(*level->columns));
	if (level->sort > column)
		level->sort--;
	else if (level->sort == column)
		level->sort = 0;
}

/* A column of the view goes back to its place; another field's goes to the end. */
static void level_add_column(struct level *level, const struct view_column *column)
{
	struct view *shown = &level->shown;
	size_t at = shown->column_count, place = 0;

	for (size_t i = 0; i < level->view->column_count; i++) {
		if (level->view->columns[i].id == column->id) {
			at = place;
			break;
		}
		for (size_t k = 0; k < shown->column_count; k++)
			place = shown->columns[k].id == level->view->columns[i].id ? k + 1 : place;
	}
	level->columns = mem_realloc(
		level->columns, (shown->column_count + 1) * sizeof(*level->columns));
	memmove(level->columns + at + 1, level->columns + at,
		(shown->column_count - at) * sizeof(*level->columns));
	level->columns[at] = *column;
	shown->columns = level->columns;
	shown->column_count++;
	if (level->sort >= at && shown->column_count > 1)
		level->sort++;
}

void level_show_column(struct level *level, const struct field *field, size_t column, bool show)
{
	struct view_column added = {.title = (char *)(field ? field->title : ""),
		.id = (char *)(field ? field->name : ""),
		.field = field,
		.width = field ? field->width : 0};

	level_forget_table(level);
	if (!show)
		level_remove_column(level, column);
	else if (field)
		level_add_column(level, &added);
	else
		level_add_column(level, &level->view->columns[column]);
}

/* --- unfolding --- */

bool level_is_open(const struct level *level, uint64_t id)
{
	for (size_t i = 0; i < level->open_count; i++)
		if (level->open[i] == id)
			return true;
	return false;
}

void level_set_open(struct level *level, uint64_t id, bool open)
{
	for (size_t i = 0; i < level->open_count; i++)
		if (level->open[i] == id) {
			if (!open)
				level->open[i] = level->open[--level->open_count];
			return;
		}
	if (!open)
		return;
	level->open = mem_grow(
		level->open, &level->open_capacity, level->open_count + 1, sizeof(*level->open));
	level->open[level->open_count++] = id;
}

/* Words that are no filter are searched for in the view's texts. */
struct filter *plain_text_filter(const struct view *view, const char *text)
{
	struct filter_error unused;
	struct filter *filter;
	struct buf out = {0};

	for (size_t i = 0; i < view->column_count; i++) {
		const struct field *field = view->columns[i].field;

		if (field->type != VALUE_TEXT || field->width < 2)
			continue;
		buf_printf(&out, "%s%s icontains ", out.size ? " or " : "", field->name);
		filter_quote(&out, value_text(str_from(text)));
	}
	filter = filter_parse(out.data ? out.data : "", &unused);
	buf_release(&out);
	return filter;
}
