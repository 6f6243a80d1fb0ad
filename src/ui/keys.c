/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do: one table for the keys, their help and the bar at the bottom. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define WINDOW_LEAST (NS_PER_S)
#define WINDOW_MOST (UINT64_C(3600) * NS_PER_S)

/* --- search --- */

/* Puts the cursor on the next row that matches, from @place on, in one direction, around the end.
 */
static bool search_from(struct ui *ui, int64_t place, int direction)
{
	struct level *level = ui_level(ui);
	int64_t count = level->table ? level->table->count : 0;

	for (int64_t i = 0; i < count; i++) {
		int64_t at = ((place + i * direction) % count + count) % count;

		if (!row_matches(ui, level, level->table->order[at], ui->search))
			continue;
		level_move(ui, level, at - (int64_t)level->cursor);
		return true;
	}
	return false;
}

static void search_changed(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;

	snprintf(ui->search, sizeof(ui->search), "%s", prompt->text);
	prompt->has_error = *ui->search && !search_from(ui, ui_level(ui)->cursor, 1);
	prompt->error_column = 0;
	snprintf(prompt->error, sizeof(prompt->error), "no row has this");
}

static void search_cancel(struct ui *ui)
{
	ui->search[0] = '\0';
}

static void key_search(struct ui *ui)
{
	prompt_open(ui, "Search", "", prompt_close, search_changed, search_cancel);
}

static void key_search_next(struct ui *ui)
{
	if (*ui->search && !search_from(ui, (int64_t)ui_level(ui)->cursor + 1, 1))
		ui_say(ui, STYLE_WARNING, "no row matches");
}

static void key_search_previous(struct ui *ui)
{
	if (*ui->search && !search_from(ui, (int64_t)ui_level(ui)->cursor - 1, -1))
		ui_say(ui, STYLE_WARNING, "no row matches");
}

/* --- filter --- */

/* A filter, or words to be looked for; NULL with the prompt's error set. */
static struct filter *typed_filter(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;
	struct filter_error error;
	struct filter *filter = filter_parse(prompt->text, &error);

	prompt->has_error = false;
	if (filter)
		return filter;
	if (!strpbrk(prompt->text, "=<>()'\"") && !field_find(str_from(prompt->text)) &&
		!strchr(prompt->text, '.'))
		return plain_text_filter(&ui_level(ui)->shown, prompt->text);
	prompt->has_error = true;
	prompt->error_column = error.column;
	snprintf(prompt->error, sizeof(prompt->error), "%s", error.text);
	return NULL;
}

static void filter_changed(struct ui *ui)
{
	filter_free(typed_filter(ui));
}

static void filter_accept(struct ui *ui)
{
	struct level *level = ui_level(ui);
	struct filter *filter = typed_filter(ui);

	if (!filter)
		return;
	ui_outdated(ui);
	filter_free(level->typed.filter);
	free(level->typed_text);
	level->typed.filter = NULL;
	level->typed_text = NULL;
	if (filter->root != FILTER_NONE) {
		level->typed.filter = filter;
		level->typed_text = mem_strdup(ui->prompt.text);
	} else {
		filter_free(filter);
	}
	level->cursor = 0;
	level->follows = false;
	prompt_close(ui);
}

static void key_filter(struct ui *ui)
{
	prompt_open(ui, "Filter", ui_level(ui)->typed_text, filter_accept, filter_changed, NULL);
}

/* --- going down and up --- */

static void go_down(struct ui *ui, const char *id)
{
	struct level *level = ui_level(ui);
	const struct view *view = id ? view_set_find(ui->config.views, id) : NULL;
	uint32_t row;

	if (!level_cursor_row(level, &row))
		return;
	if (!view) {
		ui_say(ui, STYLE_WARNING, "nothing lies below this: F2 opens another view");
		return;
	}
	ui_push(ui, view, level_row_clause(level));
}

static void key_enter(struct ui *ui)
{
	const struct view *view = ui_level(ui)->view;

	go_down(ui, view->drill_count ? view->drill[0].view : NULL);
}

/* Letters of the view's own, that lead from a row to another view. */
static void drill_key(struct ui *ui, int key)
{
	const struct view *view = ui_level(ui)->view;

	for (size_t i = 0; i < view->drill_count; i++)
		if (view->drill[i].key && key == (unsigned char)view->drill[i].key[0]) {
			go_down(ui, view->drill[i].view);
			ui->dirty = true;
			return;
		}
}

static void key_up(struct ui *ui)
{
	if (!ui_pop(ui))
		ui_say(ui, STYLE_NORMAL, "this is the top: q quits");
}

static void key_views(struct ui *ui)
{
	overlay_views_open(ui);
}

static void key_help(struct ui *ui)
{
	overlay_open(ui, &overlay_help, 0, 0);
}

static void key_sort(struct ui *ui)
{
	overlay_sort_open(ui);
}

static void key_invert(struct ui *ui)
{
	struct level *level = ui_level(ui);

	level->falling = !level->falling;
	level_resort(level);
	ui->dirty = true;
}

static void key_columns(struct ui *ui)
{
	overlay_columns_open(ui);
}

static void key_sources(struct ui *ui)
{
	overlay_open(ui, &overlay_sources, 0, 0);
}

static void key_tree(struct ui *ui)
{
	struct level *level = ui_level(ui);

	if (level->shown.has_parents) {
		ui_outdated(ui);
		level_set_path(level, level->shown.path ? PATH_NONE : PATH_PARENTS);
		return;
	}
	if (!level->shown.path) {
		ui_say(ui, STYLE_WARNING,
			"this view is a list: Processes, Cgroups and Callers are trees too");
		return;
	}
	ui_outdated(ui);
	level_set_path(level, level->shown.path == PATH_CALLERS ? PATH_CALLEES : PATH_CALLERS);
}

/* --- time --- */

static void key_freeze(struct ui *ui)
{
	ui->frozen = !ui->frozen;
	ui->dirty = true;
	if (!ui->frozen)
		ui_outdated(ui);
}

static void step_time(struct ui *ui, bool back, uint64_t step)
{
	uint64_t first, last, end;

	if (!recording_span(ui->config.recording, &first, &last))
		return;
	if (ui->window == UINT64_MAX) /* of a capture, all of it is shown until one steps */
		ui->window = UI_WINDOW_NS;
	end = ui->end ? ui->end : last;
	if (back)
		end = end > first + step ? end - step : first + 1;
	else
		end += step;
	ui->end = end >= last && !ui->config.to ? 0 : end > last ? last + 1 : end;
	ui_outdated(ui);
}

static void key_back(struct ui *ui)
{
	step_time(ui, true, ui->interval);
}

static void key_forward(struct ui *ui)
{
	step_time(ui, false, ui->interval);
}

static void key_page_back(struct ui *ui)
{
	step_time(ui, true, ui->window == UINT64_MAX ? UI_WINDOW_NS : ui->window);
}

static void key_page_forward(struct ui *ui)
{
	step_time(ui, false, ui->window == UINT64_MAX ? UI_WINDOW_NS : ui->window);
}

static void key_now(struct ui *ui)
{
	ui->end = 0;
	ui->frozen = false;
	if (ui->config.to)
		ui->window = UINT64_MAX;
	ui_outdated(ui);
}

static void resize_window(struct ui *ui, double factor)
{
	double window = ui->window == UINT64_MAX ? (double)(ui->config.to - ui->config.from)
						 : (double)ui->window;

	window *= factor;
	if (window < (double)WINDOW_LEAST)
		window = (double)WINDOW_LEAST;
	if (window > (double)WINDOW_MOST)
		window = (double)WINDOW_MOST;
	ui->window = (uint64_t)window;
	ui->window_chosen = true;
	ui_outdated(ui);
}

static void key_shorter(struct ui *ui)
{
	resize_window(ui, 0.5);
}

static void key_longer(struct ui *ui)
{
	resize_window(ui, 2);
}

/* --- what is recorded --- */

static void event_accept(struct ui *ui)
{
	if (!ui_post(ui, "event", ui->prompt.text, NULL))
		prompt_close(ui);
}

static void key_event(struct ui *ui)
{
	struct ui_status status = {0};

	ui->config.status(ui->config.status_arg, &status);
	prompt_open(ui, "Event to sample", status.event, event_accept, NULL, NULL);
}

static void frequency_accept(struct ui *ui)
{
	if (!ui_post(ui, "frequency", ui->prompt.text, NULL))
		prompt_close(ui);
}

static void key_frequency(struct ui *ui)
{
	struct ui_status status = {0};
	char text[32];

	ui->config.status(ui->config.status_arg, &status);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)status.frequency);
	prompt_open(ui, "Samples a second and CPU", text, frequency_accept, NULL, NULL);
}

static void save_accept(struct ui *ui)
{
	if (!ui_post(ui, "record", ui->prompt.text, NULL))
		prompt_close(ui);
}

static void key_record(struct ui *ui)
{
	struct ui_status status = {0};

	ui->config.status(ui->config.status_arg, &status);
	if (status.writing)
		ui_post(ui, "record", NULL, NULL);
	else
		prompt_open(ui, "Record to file", "tracetop.tt", save_accept, NULL, NULL);
}

static void key_redraw(struct ui *ui)
{
	term_redraw(ui->term);
	ui->dirty = true;
}

static void key_meters(struct ui *ui)
{
	ui->meters_on = !ui->meters_on;
	meters_refresh(ui);
}

static void key_quit(struct ui *ui)
{
	ui->quit = true;
}

/* --- the table --- */

static const struct binding {
	int key, letter;   /* two keys for the same; 0: none */
	const char *names; /* as help writes them */
	const char *bar;   /* label in the key bar; NULL: not there */
	const char *brief; /* the same where there is little room */
	const char *help;
	void (*run)(struct ui *ui);
} bindings[] = {
	{'\r', '\n', "Enter", NULL, NULL, "go down: what lies below the row", key_enter},
	{KEY_BACKSPACE, 127, "Backspace, Esc", NULL, NULL, "back up to where you came from",
		key_up},
	{27, '\b', NULL, NULL, NULL, NULL, key_up},
	{KEY_F(1), 'h', "F1 h ?", "Help", "Help", "this help", key_help},
	{'?', 0, NULL, NULL, NULL, NULL, key_help},
	{KEY_F(2), 'v', "F2 v", "Views", "View", "another view, of the same or of one row",
		key_views},
	{KEY_F(3), '/', "F3 /", "Search", "Find", "search in all columns; n next, N previous",
		key_search},
	{'n', 0, NULL, NULL, NULL, NULL, key_search_next},
	{'N', 0, NULL, NULL, NULL, NULL, key_search_previous},
	{KEY_F(4), '\\', "F4 \\", "Filter", "Filt",
		"show only what passes: words, or a filter (proc.name = nginx)", key_filter},
	{KEY_F(5), 't', "F5 t", "Tree", "Tree",
		"tree or list; of calls: who calls it, or what it calls", key_tree},
	{KEY_F(6), '>', "F6 >", "Sort", "Sort", "sort by another column; I turns the order around",
		key_sort},
	{'I', 0, NULL, NULL, NULL, NULL, key_invert},
	{KEY_F(7), 'c', "F7 c", "Columns", "Cols", "choose columns", key_columns},
	{KEY_F(8), 'a', "F8 a", "Actions", "Act", "what can be done about the row",
		overlay_actions_open},
	{KEY_F(9), 'k', "F9 k", "Signal", "Sig", "send a signal to the process",
		overlay_signals_open},
	{'p', 0, "p", "Freeze", "Frz", "freeze the picture; recording goes on", key_freeze},
	{'w', 0, "w", "Record", "Rec", "record to a file, from the beginning of what is held",
		key_record},
	{'e', 0, "e", NULL, NULL, "sample another event", key_event},
	{'F', 0, "F", NULL, NULL, "sample more or less often", key_frequency},
	{'\t', 0, "Tab", NULL, NULL, "the next event, where several are sampled", ui_next_event},
	{'[', 0, "[ ]", NULL, NULL, "a step back and forward in time", key_back},
	{']', 0, NULL, NULL, NULL, NULL, key_forward},
	{'{', 0, "{ }", NULL, NULL, "a window back and forward", key_page_back},
	{'}', 0, NULL, NULL, NULL, NULL, key_page_forward},
	{'(', 0, "( )", NULL, NULL, "half and twice the time that is shown", key_shorter},
	{')', 0, NULL, NULL, NULL, NULL, key_longer},
	{'0', 0, "0", NULL, NULL, "now; of a capture: all of it", key_now},
	{'M', 0, "M", NULL, NULL, "fold the meters away, and back", key_meters},
	{'!', 0, "!", NULL, NULL, "what is on, and what it costs", key_sources},
	{'L' & 0x1f, KEY_REFRESH, "^L", NULL, NULL, "draw everything anew", key_redraw},
	{KEY_F(10), 'q', "F10 q", "Quit", "Quit", "quit", key_quit},
};

#define BINDINGS (sizeof(bindings) / sizeof(*bindings))

void ui_command_key(struct ui *ui, int key)
{
	if (grid_key(ui, key))
		return;
	for (size_t i = 0; i < BINDINGS; i++)
		if (key == bindings[i].key || (bindings[i].letter && key == bindings[i].letter)) {
			bindings[i].run(ui);
			ui->dirty = true;
			return;
		}
	drill_key(ui, key);
}

/* What grid.c does with keys, as help writes it. */
static const struct ui_key moves[] = {
	{"Up Down", "a row up and down"},
	{"PgUp PgDn", "a page up and down"},
	{"Home End", "the first and the last row"},
	{"Left Right", "scroll columns; in a tree: fold and unfold"},
	{"Space", "in a tree: unfold or fold the row"},
};

#define MOVES (sizeof(moves) / sizeof(*moves))

bool ui_key_at(size_t number, struct ui_key *key)
{
	if (number < MOVES) {
		*key = moves[number];
		return true;
	}
	number -= MOVES;
	for (size_t i = 0; i < BINDINGS; i++)
		if (bindings[i].names && !number--) {
			*key = (struct ui_key){bindings[i].names, bindings[i].help};
			return true;
		}
	return false;
}

/* The key as the bar writes it: F and its number, or the letter. */
static int binding_name(const struct binding *binding, char *out, size_t size)
{
	for (int number = 1; number <= 12; number++)
		if (binding->key == KEY_F(number))
			return snprintf(out, size, "F%d", number);
	return snprintf(out, size, "%c", binding->key);
}

/* A key that does nothing but what is refused: by --readonly, or with a capture. */
static bool is_refused(const struct ui *ui, const struct binding *binding)
{
	return binding->run == overlay_signals_open && router_refuses(ui->config.router, "signal");
}

static int keybar_width(bool brief)
{
	char name[8];
	int width = -1;

	for (size_t i = 0; i < BINDINGS; i++)
		if (bindings[i].bar)
			width += binding_name(&bindings[i], name, sizeof(name)) + 1 +
				 (int)strlen(brief ? bindings[i].brief : bindings[i].bar);
	return width;
}

/* With full labels where there is room, with brief ones where there is not, and then without. */
void keybar_draw(struct ui *ui, int row)
{
	int rows, columns, at = 0;
	bool brief, bare;

	term_size(ui->term, &rows, &columns);
	brief = keybar_width(false) > columns;
	bare = keybar_width(true) > columns;
	for (size_t i = 0; i < BINDINGS; i++) {
		const char *label = brief ? bindings[i].brief : bindings[i].bar;
		char name[8];

		if (!label)
			continue;
		binding_name(&bindings[i], name, sizeof(name));
		at += draw_label(ui->term, row, at, columns - at, name, STYLE_KEY, 0);
		if (!bare)
			at += draw_label(ui->term, row, at, columns - at, label,
				is_refused(ui, &bindings[i]) ? STYLE_DIM : STYLE_LABEL, 0);
		at++;
	}
}
