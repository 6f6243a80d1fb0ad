/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures: which span is shown, and the query that makes one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define WORK_NS (4 * NS_PER_MS) /* of a query, between two looks at the keyboard */

void ui_span(const struct ui *ui, uint64_t *from, uint64_t *to)
{
	*to = ui->end ? ui->end : ui->config.to ? ui->config.to : clock_now();
	if (ui->config.to && ui->window == UINT64_MAX)
		*from = ui->config.from;
	else
		*from = *to > ui->window ? *to - ui->window : 0;
}

/* Narrows to the samples of an event: those of several do not add up. */
static void ui_set_event(struct ui *ui, size_t number)
{
	const struct model *model = ui->config.model;
	struct filter_error unused;
	struct buf text = {0};

	filter_free(ui->event);
	ui->event = NULL;
	ui->event_shown = number;
	if (model->event_count < 2)
		return;
	buf_add_text(&text, "sample.event = ");
	filter_quote(&text, value_text(model->events[number].name));
	ui->event = filter_parse(text.data, &unused);
	buf_release(&text);
}

/* Of events that are begun together the first is looked at, and of others the newest. */
static void ui_choose_event(struct ui *ui)
{
	size_t count = ui->config.model->event_count, known = ui->events_known;

	if (count == known)
		return;
	ui->events_known = count;
	ui_set_event(ui, known);
}

void ui_next_event(struct ui *ui)
{
	if (ui->config.model->event_count < 2)
		return;
	ui_outdated(ui);
	ui_set_event(ui, (ui->event_shown + 1) % ui->config.model->event_count);
}

const struct event_fact *ui_event(const struct ui *ui)
{
	const struct model *model = ui->config.model;

	return ui->event_shown < model->event_count ? &model->events[ui->event_shown] : NULL;
}

static bool is_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)depth;
	return level_is_open(arg, id);
}

/* Begins a query for the level that is looked at. */
void ui_refresh(struct ui *ui)
{
	struct level *level = ui_level(ui);
	const struct filter **filters = mem_alloc((2 * ui->level_count + 2) * sizeof(*filters));
	struct query_spec spec = {
		.view = &level->shown, .filters = filters, .unfolding = {is_open, level}};

	ui_choose_event(ui);
	if (ui->config.filter)
		filters[spec.filter_count++] = ui->config.filter;
	if (ui->event && (level->view->types & FIELD_TYPE(RECORD_SAMPLE)))
		filters[spec.filter_count++] = ui->event;
	for (size_t i = 0; i < ui->level_count; i++) {
		if (ui->levels[i]->selection.filter)
			filters[spec.filter_count++] = ui->levels[i]->selection.filter;
		if (ui->levels[i]->typed.filter)
			filters[spec.filter_count++] = ui->levels[i]->typed.filter;
	}
	ui_span(ui, &ui->query_from, &ui->query_to);
	spec.from = ui->query_from;
	spec.to = ui->query_to;
	query_free(ui->query);
	ui->query = query_new(&spec, ui->config.recording, ui->config.model);
	ui->generation = ui->config.model->symbols.generation;
	ui->last_query = clock_now();
	ui->stale = false;
	free(filters);
	ui->config.more(ui->config.more_arg);
}

void ui_outdated(struct ui *ui)
{
	query_free(ui->query);
	ui->query = NULL;
	ui->stale = ui->dirty = true;
}

bool ui_work(struct ui *ui)
{
	if (!ui->query)
		return false;
	if (query_step(ui->query, WORK_NS))
		return true;
	level_take_table(ui_level(ui), query_table(ui->query));
	query_free(ui->query);
	ui->query = NULL;
	ui->dirty = true;
	if (level_unfold(ui_level(ui)))
		ui->stale = true;
	if (ui->stale)
		ui_refresh(ui);
	return ui->query != NULL;
}
