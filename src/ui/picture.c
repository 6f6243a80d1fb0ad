/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures: which span is shown, and the query that makes one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define AFTER_END_LOOKS 2
#define WORK_NS (4 * NS_PER_MS) /* of a query, between two looks at the keyboard */

/*
 * Notes whether what levels are narrowed to has ended.  It stays noted: the model forgets in time
 * who ended.
 */
static void ui_note_ends(struct ui *ui)
{
	const struct model *model = ui->config.model;

	for (size_t i = 0; i < ui->level_count; i++) {
		struct level *level = ui->levels[i];
		const struct container *container;
		const struct task *task;

		if (level->ended)
			continue;
		if (*level->process) {
			task = tasks_find(&model->tasks,
				(uint32_t)strtoul(level->process, NULL, 10), level->process_start);
			level->ended = task && task->end != UINT64_MAX ? task->end : 0;
		} else if (*level->container) {
			container = cgroups_container_numbered(
				&model->cgroups, (uint32_t)strtoul(level->container, NULL, 10));
			level->ended = container ? container->end : 0;
		}
	}
}

/* Details of what has ended may still come. */
bool ui_has_ended(const struct ui *ui)
{
	const struct level *level = ui_level(ui);

	return ui_runs(ui) && level->ended && !level->view->detail;
}

void ui_span(const struct ui *ui, uint64_t *from, uint64_t *to)
{
	uint64_t window = ui->window, least = (uint64_t)(ui_level(ui)->view->window * 1e9);

	*to = ui->end ? ui->end : ui->config.to ? ui->config.to : clock_now();
	/* What it used up to its end is told with the next looks. */
	if (ui_has_ended(ui) && *to > ui_level(ui)->ended + AFTER_END_LOOKS * ui->interval)
		*to = ui_level(ui)->ended + AFTER_END_LOOKS * ui->interval;
	if (ui->config.to && ui->window == UINT64_MAX) {
		*from = ui->config.from;
		return;
	}
	/* In less than its own span there need not be a record of each row. */
	if (window < least || (!ui->config.to && !ui->window_chosen && least))
		window = least;
	*from = *to > window ? *to - window : 0;
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
	/* Records of other types have no event, and stay. */
	buf_add_text(&text, "not sample.event exists or sample.event = ");
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

/*
 * Details are there as long as they are asked for.  The number of a process that has ended may be
 * another's; of a container files may be left.
 */
static void ui_ask_detail(struct ui *ui, const struct level *level)
{
	struct error unused;
	struct request request = {"detail", NULL, level->view->detail};

	if (!level->view->detail || !ui_runs(ui))
		return;
	request.target = level_detail_target(level);
	if (*request.target && (!level->ended || level_is_of_container(level)))
		router_post(ui->config.router, &request, &unused);
}

/* Begins a query for the level that is looked at. */
void ui_refresh(struct ui *ui)
{
	struct level *level = ui_level(ui);
	const struct filter **filters = mem_alloc((2 * ui->level_count + 2) * sizeof(*filters));
	struct query_spec spec = {
		.view = &level->shown, .filters = filters, .unfolding = {is_open, level}};

	ui_note_ends(ui);
	ui_ask_detail(ui, level);
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
	/* Nothing is drawn in between; both at once would take twice the room. */
	level_forget_table(ui_level(ui));
	level_take_table(ui_level(ui), query_table(ui->query));
	meters_refresh(ui);
	query_free(ui->query);
	ui->query = NULL;
	ui->dirty = true;
	if (level_unfold(ui_level(ui)))
		ui->stale = true;
	if (ui->stale)
		ui_refresh(ui);
	return ui->query != NULL;
}
