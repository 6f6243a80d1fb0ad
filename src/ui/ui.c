/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/ui.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define MESSAGE_NS (6 * NS_PER_S)
#define EARLY_NS (3 * NS_PER_S) /* after the start names still come in */
#define EARLY_PICTURE_NS (200 * NS_PER_MS)
#define FIRST_NS (300 * NS_PER_MS)
#define FIRST_PICTURE_NS (20 * NS_PER_MS) /* as long as there are no rows at all */
#define EMPTY_PICTURE_NS (40 * NS_PER_MS) /* and still are none */
#define LEAST_ROWS 4

struct ui *ui_new(const struct ui_config *config)
{
	struct ui *ui = mem_zalloc(sizeof(*ui));

	ui->config = *config;
	ui->term = config->term;
	ui->interval = (uint64_t)(config->interval * 1e9);
	ui->meters_on = true;
	ui->window = config->to ? UINT64_MAX : UI_WINDOW_NS;
	ui->started = clock_now();
	ui_push(ui, config->view, (struct clause){0});
	if (config->views->warning_count)
		ui_say(ui, STYLE_WARNING, config->views->warnings[0]);
	return ui;
}

void ui_free(struct ui *ui)
{
	if (!ui)
		return;
	query_free(ui->query);
	while (ui->level_count)
		level_free(ui->levels[--ui->level_count]);
	free(ui->levels);
	filter_free(ui->event);
	free(ui);
}

void ui_changed(struct ui *ui)
{
	ui->dirty = true;
}

void ui_say(struct ui *ui, enum style style, const char *text)
{
	snprintf(ui->message, sizeof(ui->message), "%s", text);
	ui->message_style = style;
	ui->message_until = clock_now() + MESSAGE_NS;
	ui->dirty = true;
}

int ui_post(struct ui *ui, const char *verb, const char *target, const char *argument)
{
	struct request request = {verb, target, argument};
	struct error error = {0};
	int code = router_post(ui->config.router, &request, &error);

	if (code < 0 && ui->prompt.title) { /* it stands where it is typed */
		ui->prompt.has_error = true;
		ui->prompt.error_column = 0;
		snprintf(ui->prompt.error, sizeof(ui->prompt.error), "%s", error.text);
	} else if (code < 0) {
		ui_say(ui, STYLE_ERROR, error.text);
	}
	return code;
}

/* At first often: rows before names, then names as they come in. */
static uint64_t ui_picture_due(const struct ui *ui)
{
	const struct level *level = ui_level(ui);
	uint64_t pause = ui->interval;

	if (!ui->last_query)
		return 0;
	if (ui->last_query < ui->started + EARLY_NS) {
		if (!level->table || !level->table->count)
			pause = ui->last_query < ui->started + FIRST_NS ? FIRST_PICTURE_NS
									: EMPTY_PICTURE_NS;
		else if (ui->generation != ui->config.model->symbols.generation &&
			 ui->interval > EARLY_PICTURE_NS)
			pause = EARLY_PICTURE_NS;
	}
	return ui->last_query + pause;
}

void ui_data(struct ui *ui, uint64_t now)
{
	if (ui->query)
		return;
	if (ui->stale || (ui_runs(ui) && now >= ui_picture_due(ui)))
		ui_refresh(ui);
	if (ui->message_until && now >= ui->message_until) {
		ui->message_until = 0;
		ui->dirty = true;
	}
}

void ui_arrived(struct ui *ui)
{
	if (!ui_level(ui)->view->detail || !ui_runs(ui))
		return;
	ui_level(ui)->is_answered = true;
	if (ui->query)
		ui->stale = true;
	else
		ui_refresh(ui);
}

uint64_t ui_due(const struct ui *ui, uint64_t now)
{
	uint64_t due = now + NS_PER_S;

	if (ui_runs(ui) && ui_picture_due(ui) < due)
		due = ui_picture_due(ui);
	if (ui->message_until && ui->message_until < due)
		due = ui->message_until;
	return due > now ? due : now + NS_PER_MS;
}

void ui_key(struct ui *ui, int key)
{
	if (key == KEY_RESIZE)
		return;
	if (key == KEY_ENTER)
		key = '\r';
	if (ui->prompt.title)
		prompt_key(ui, key);
	else if (ui->overlay)
		ui->overlay->key(ui, key);
	else
		ui_command_key(ui, key);
	if (ui->stale && !ui->query)
		ui_refresh(ui);
}

static void bottom_draw(struct ui *ui, int rows, int columns)
{
	if (ui->prompt.title) {
		prompt_draw(ui, rows - 1);
		return;
	}
	keybar_draw(ui, rows - 1);
	if (ui->message_until)
		draw_text(ui->term, rows - 2, 0, columns, str_from(ui->message), ui->message_style,
			DRAW_FILL);
}

/*
 * From the top: status, way, panel, time strip, keys.  A screen of a few lines keeps the panel and
 * the status; the strip goes first.
 */
static void ui_draw(struct ui *ui)
{
	struct rect panel = {2, 0, 0, 0};
	int rows, columns, meters;

	term_size(ui->term, &rows, &columns);
	draw_clear(ui->term);
	panel.columns = columns;
	panel.rows = rows - 4;
	if (panel.rows < LEAST_ROWS) {
		panel.row = 1;
		panel.rows = rows - 2;
	} else {
		meters = meters_lines(ui, rows, columns);
		if (meters)
			meters_draw(ui, 1);
		breadcrumb_draw(ui, 1 + meters);
		panel.row += meters;
		panel.rows -= meters;
		strip_draw(ui, rows - 2);
	}
	status_draw(ui, 0);
	if (panel.rows > 0)
		grid_draw(ui, &panel);
	if (ui->overlay == &overlay_help || ui->overlay == &overlay_sources)
		for (int i = 0; i < panel.rows; i++)
			draw_label(
				ui->term, panel.row + i, 0, columns, "", STYLE_NORMAL, DRAW_FILL);
	if (ui->overlay)
		ui->overlay->draw(ui, &panel);
	bottom_draw(ui, rows, columns);
}

bool ui_present(struct ui *ui)
{
	if (!ui->dirty || term_is_busy(ui->term))
		return true;
	ui->dirty = false;
	ui_draw(ui);
	return term_present(ui->term);
}

void ui_resized(struct ui *ui)
{
	term_resize(ui->term);
	ui->dirty = true;
}

bool ui_wants_to_quit(const struct ui *ui)
{
	return ui->quit;
}
