/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be done about a row: chosen from a list, completed, asked about, and posted. */
#include <curses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/local.h"

#define LIST_WIDTH 41

static const struct overlay overlay_actions, overlay_signals, overlay_confirm;

/* Signals in the order in which they are wanted. */
static const int signals[] = {SIGTERM, SIGKILL, SIGHUP, SIGINT, SIGQUIT, SIGSTOP, SIGCONT, SIGUSR1,
	SIGUSR2, SIGABRT, SIGALRM, SIGPIPE, SIGWINCH, SIGCHLD, SIGSEGV, SIGTRAP};
#define SIGNALS ((int)(sizeof(signals) / sizeof(*signals)))

/* --- which row --- */

/* A row of the past may be of a process that is gone, and its number another's by now. */
static bool row_is_of_now(
	const struct ui *ui, const struct view *view, struct value key, uint64_t start)
{
	const struct tasks *tasks = &ui->config.model->tasks;
	const struct task *task;

	if (strcmp(view->keys[0]->name, "proc.pid") && strcmp(view->keys[0]->name, "thread.tid"))
		return true;
	task = tasks_alive(tasks, (uint32_t)key.u);
	return task && task->start <= ui->query_to && (!start || task->start == start);
}

/* Notes what the row under the cursor is; false: there is none, or it is gone. */
static bool target_take(struct ui *ui)
{
	struct level *level = ui_level(ui);
	struct target *target = &ui->target;
	struct clause clause;
	struct value key;
	uint32_t row;
	struct buf text = {0};

	if (!level->view->action_count) {
		ui_say(ui, STYLE_WARNING, "there is nothing to be done about rows of this view");
		return false;
	}
	if (!level_cursor_row(level, &row))
		return false;
	key = table_keys(level->table, row)[0];
	target->start = row_start(level, row);
	if (key.type == VALUE_NONE || !row_is_of_now(ui, level->view, key, target->start)) {
		ui_say(ui, STYLE_WARNING, "that one has ended");
		return false;
	}
	clause = level_row_clause(level);
	snprintf(target->label, sizeof(target->label), "%s", clause.label ? clause.label : "");
	filter_free(clause.filter);
	free(clause.label);
	value_print(&text, key, &(struct value_format){.unit = UNIT_ID});
	snprintf(target->key, sizeof(target->key), "%s", text.data ? text.data : "");
	buf_release(&text);
	target->argument[0] = '\0';
	target->action = NULL;
	return true;
}

/* --- what, with what, and whether --- */

static void action_post(struct ui *ui)
{
	struct target *target = &ui->target;
	struct value key = value_unsigned(strtoull(target->key, NULL, 10));

	overlay_close(ui);
	/* It may have ended while it was thought about. */
	if (target->start && !row_is_of_now(ui, ui_level(ui)->view, key, target->start)) {
		ui_say(ui, STYLE_WARNING, "that one has ended");
		return;
	}
	if (!ui_post(ui, target->action->request, target->key,
		    target->argument[0] ? target->argument : NULL) &&
		target->action->ask)
		ui_say(ui, STYLE_GOOD, "done");
}

static void action_ask(struct ui *ui)
{
	if (ui->target.action->ask)
		overlay_open(ui, &overlay_confirm, 0, 0);
	else
		action_post(ui);
}

/* What cannot be is said where it is typed, before it is asked about. */
static void argument_accept(struct ui *ui)
{
	struct prompt *prompt = &ui->prompt;
	struct request request = {ui->target.action->request, ui->target.key, prompt->text};
	struct error error = {0};

	prompt->has_error = router_check(ui->config.router, &request, &error) < 0;
	prompt->error_column = 0;
	snprintf(prompt->error, sizeof(prompt->error), "%s", error.text);
	if (prompt->has_error)
		return;
	snprintf(ui->target.argument, sizeof(ui->target.argument), "%s", ui->prompt.text);
	prompt_close(ui);
	action_ask(ui);
}

static bool action_is_refused(const struct ui *ui, const struct view_action *action)
{
	return router_refuses(ui->config.router, action->request);
}

static void action_begin(struct ui *ui, const struct view_action *action)
{
	ui->target.action = action;
	overlay_close(ui);
	if (action_is_refused(ui, action))
		action_post(ui); /* says so at once, and asks nothing before */
	else if (action->signal)
		overlay_open(ui, &overlay_signals, SIGNALS, 0);
	else if (action->prompt)
		prompt_open(ui, action->prompt, "", argument_accept, NULL, NULL);
	else
		action_ask(ui);
}

void overlay_actions_open(struct ui *ui)
{
	if (target_take(ui))
		overlay_open(ui, &overlay_actions, (int)ui_level(ui)->view->action_count, 0);
}

/* The action of the view that sends signals, as if chosen from the list. */
void overlay_signals_open(struct ui *ui)
{
	const struct view *view = ui_level(ui)->view;

	for (size_t i = 0; i < view->action_count; i++)
		if (view->actions[i].signal) {
			if (target_take(ui))
				action_begin(ui, &view->actions[i]);
			return;
		}
	ui_say(ui, STYLE_WARNING, "rows of this view take no signals: go to the processes");
}

/* --- drawing --- */

static void title_draw(struct ui *ui, const struct rect *rect, const char *what)
{
	int at = draw_label(
		ui->term, rect->row, rect->column, rect->columns, what, STYLE_HEADER, 0);

	at += draw_text(ui->term, rect->row, rect->column + at, rect->columns - at,
		str_from(ui->target.label), STYLE_HEADER, 0);
	draw_label(ui->term, rect->row, rect->column + at, rect->columns - at, "", STYLE_HEADER,
		DRAW_FILL);
}

static void actions_entry(const struct ui *ui, int number, char *out, size_t size)
{
	const struct view_action *action = &ui_level(ui)->view->actions[number];

	snprintf(out, size, " %s  %s", action->key, action->name);
}

static void signals_entry(const struct ui *ui, int number, char *out, size_t size)
{
	(void)ui;
	snprintf(out, size, " %2d SIG%-8s %s", signals[number], sigabbrev_np(signals[number]),
		sigdescr_np(signals[number]));
}

/* What --readonly refuses is seen, and seen to be no choice. */
static void dim_refused(struct ui *ui, const struct rect *rect)
{
	const struct view *view = ui_level(ui)->view;
	int width = LIST_WIDTH < rect->columns ? LIST_WIDTH : rect->columns;
	char text[120];

	for (int i = 0; i < rect->rows - 2 && ui->list.top + i < ui->list.count; i++) {
		int number = ui->list.top + i;

		if (number == ui->list.at || !action_is_refused(ui, &view->actions[number]))
			continue;
		actions_entry(ui, number, text, sizeof(text));
		draw_label(ui->term, rect->row + 2 + i, rect->column, width, text, STYLE_DIM,
			DRAW_FILL);
	}
}

static void actions_draw(struct ui *ui, const struct rect *rect)
{
	title_draw(ui, rect, " Actions on ");
	list_draw(ui, &(struct rect){rect->row + 1, rect->column, rect->rows - 1, rect->columns},
		" Enter chooses, Esc closes", LIST_WIDTH, actions_entry);
	dim_refused(ui, rect);
}

static void signals_draw(struct ui *ui, const struct rect *rect)
{
	title_draw(ui, rect, " Send a signal to ");
	list_draw(ui, &(struct rect){rect->row + 1, rect->column, rect->rows - 1, rect->columns},
		" Enter chooses, Esc closes", LIST_WIDTH, signals_entry);
}

/* What exactly will be done, where the name of the action does not say it. */
static void add_description(struct ui *ui, struct buf *out)
{
	const struct target *target = &ui->target;
	struct request request = {target->action->request, target->key,
		target->argument[0] ? target->argument : NULL};
	const char *text = ui->config.describe
				   ? ui->config.describe(ui->config.describe_arg, &request)
				   : NULL;

	if (text && *text)
		buf_printf(out, "\n\n%s", text);
}

static void confirm_draw(struct ui *ui, const struct rect *rect)
{
	struct rect body = {rect->row + 2, rect->column + 2, rect->rows - 2, rect->columns - 4};
	const struct target *target = &ui->target;
	struct buf text = {0};

	for (int i = 0; i < rect->rows; i++)
		draw_label(ui->term, rect->row + i, rect->column, rect->columns, "", STYLE_NORMAL,
			DRAW_FILL);
	title_draw(ui, rect, " Sure?  ");
	buf_printf(&text, "%s", target->action->name);
	if (target->argument[0]) {
		buf_add_text(&text, ": ");
		text_escape(&text, str_from(target->argument), term_charset(ui->term));
	}
	buf_add_text(&text, "\nfor ");
	text_escape(&text, str_from(target->label), term_charset(ui->term));
	add_description(ui, &text);
	buf_add_text(&text, "\n\ny does it, any other key does not.");
	draw_paragraph(ui->term, &body, 0, text.data, STYLE_NORMAL);
	buf_release(&text);
}

/* --- keys --- */

static void actions_key(struct ui *ui, int key)
{
	const struct view *view = ui_level(ui)->view;

	ui->dirty = true;
	for (size_t i = 0; i < view->action_count; i++)
		if (key == (unsigned char)view->actions[i].key[0]) {
			action_begin(ui, &view->actions[i]);
			return;
		}
	if (list_key(&ui->list, key, (int)ui->rows_shown))
		return;
	if (key == '\r' || key == '\n' || key == KEY_ENTER)
		action_begin(ui, &view->actions[ui->list.at]);
	else
		overlay_close(ui);
}

static void signals_key(struct ui *ui, int key)
{
	ui->dirty = true;
	if (list_key_typed(ui, key, signals_entry))
		return;
	if (key != '\r' && key != '\n' && key != KEY_ENTER) {
		overlay_close(ui);
		return;
	}
	snprintf(ui->target.argument, sizeof(ui->target.argument), "SIG%s",
		sigabbrev_np(signals[ui->list.at]));
	overlay_close(ui);
	action_ask(ui);
}

static void confirm_key(struct ui *ui, int key)
{
	ui->dirty = true;
	if (key == 'y' || key == 'Y')
		action_post(ui);
	else
		overlay_close(ui);
}

static const struct overlay overlay_actions = {"actions", actions_draw, actions_key};
static const struct overlay overlay_signals = {"signals", signals_draw, signals_key};
static const struct overlay overlay_confirm = {"confirm", confirm_draw, confirm_key};
