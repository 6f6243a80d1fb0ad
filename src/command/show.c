/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tracetop show VIEW`: a view without a terminal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/print.h"
#include "command/scope.h"
#include "command/session.h"
#include "command/signals.h"
#include "model/chosen.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_details.h"
#include "resolve/containers.h"
#include "resolve/symbols.h"
#include "source/detail.h"
#include "view/query.h"

#define SETTLE_NS (30 * NS_PER_MS) /* behind an interval's end: its last records come */
#define INTERVAL_NAMES_MS 500
#define DETAIL_NS (100 * NS_PER_MS) /* between two times that details are asked for */
#define TREE_LEAST 0.5 /* percent: rows of trees below that are left out, as perf report does */

struct show {
	const struct options *options;
	struct session session;
	const struct view *view;
	struct filter *filter;
	uint64_t interval_ns, end; /* when the last interval ends; 0: with the command */
	uint64_t due;		   /* when the interval that is open ends */
	bool closing;		   /* it is over, its records are awaited */
	uint64_t from;		   /* of the interval that is closing */
	bool first, stopped;
	bool damaged; /* something was left out, and that was said */
	int status;
};

static bool always_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	return depth < 64;
}

/* Leaves out rows of a tree that weigh next to nothing, and all that is below them. */
static void prune(struct table *table)
{
	const struct view *view = table->view;
	uint32_t kept = 0, hidden = UINT32_MAX;
	size_t share = 0;

	while (share < view->column_count && !view->columns[share].share)
		share++;
	if (!view->path || share == view->column_count)
		return;
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t row = table->order[i];

		if (table->rows[row].depth > hidden)
			continue;
		hidden = UINT32_MAX;
		if (value_number(table_cells(table, row)[share]) < TREE_LEAST)
			hidden = table->rows[row].depth;
		else
			table->order[kept++] = row;
	}
	table->count = kept;
}

static void show_damage(struct show *show, const char *what)
{
	if (!show->damaged)
		command_complain(what);
	show->damaged = true;
}

/* Samples of different events do not add up: each has a table of its own. */
static int show_event(struct show *show, const struct event_fact *event, uint64_t from, uint64_t to)
{
	const struct filter *filters[2];
	struct query_spec spec = {.view = show->view,
		.filters = filters,
		.from = from,
		.to = to,
		/* Of rows below rows all are open, unless one is folded. */
		.unfolding = {show->view->has_parents ? NULL : always_open, NULL}};
	struct print_context context = {.model = show->session.model, .first = show->first};
	struct filter_error unused;
	struct filter *by_event = NULL;
	struct buf text = {0};
	struct table *table;
	int code;

	filters[spec.filter_count++] = show->filter;
	if (event) {
		if (show->view->types != FIELD_TYPE(RECORD_SAMPLE)) /* other records stay */
			buf_add_text(&text, "not sample.event exists or ");
		buf_add_text(&text, "sample.event = ");
		filter_quote(&text, value_text(event->name));
		by_event = filter_parse(text.data, &unused);
		filters[spec.filter_count++] = by_event;
		context.event = &event->name;
	}
	table = query_run(&spec, show->session.recording, show->session.model);
	prune(table);
	code = table_print(stdout, show->options->format, table, &context);
	if (table->cut)
		command_complain("there was no room for all rows: narrow the view");
	if (table->damaged)
		show_damage(show, "parts of the capture are damaged and left out");
	show->first = false;
	table_free(table);
	filter_free(by_event);
	buf_release(&text);
	return code;
}

static int show_span(struct show *show, uint64_t from, uint64_t to)
{
	const struct model *model = show->session.model;
	int code = 0;

	if (!(show->view->types & FIELD_TYPE(RECORD_SAMPLE)) || !model->event_count)
		return show_event(show, NULL, from, to);
	for (size_t i = 0; !code && i < model->event_count; i++)
		code = show_event(show, &model->events[i], from, to);
	return code;
}

/* --- live --- */

static void show_end(struct show *show)
{
	loop_stop(show->session.loop, 0);
}

/* Details are there as long as they are asked for: of the containers or processes that are meant.
 */
static uint64_t show_ask(void *arg, uint64_t now)
{
	struct show *show = arg;
	struct session *session = &show->session;
	const struct cgroups *cgroups = &session->model->cgroups;
	const char *name = show->view->detail;
	struct error unused;

	for (size_t i = 0; container_details_kind(name) && i < cgroups->container_count; i++)
		if (!cgroups->containers[i].end &&
			(!session->chosen || chosen_has(session->chosen, &cgroups->containers[i])))
			container_details_ask(session->container_details,
				container_details_kind(name), cgroups->containers[i].number,
				&unused);
	for (size_t i = 0; details_kind(name) && i < show->options->pid_count; i++)
		details_ask(session->details, details_kind(name), show->options->pids[i], &unused);
	return now + DETAIL_NS;
}

/* An interval is closed when the last of its records have arrived. */
static void show_interval(struct show *show)
{
	struct session *session = &show->session;
	uint64_t from = session->interval_from;

	session_close_interval(session, show->due);
	session_settle(session, INTERVAL_NAMES_MS);
	if (show_span(show, from, show->due)) {
		show->status = EXIT_FAILED;
		show_end(show);
	}
	show->due += show->interval_ns;
}

static uint64_t show_expire(void *arg, uint64_t now)
{
	struct show *show = arg;

	if (show->interval_ns && now >= show->due + SETTLE_NS &&
		(!show->end || show->due < show->end))
		show_interval(show);
	if ((show->end && now >= show->end) || session_command_ended(&show->session)) {
		show_end(show); /* the last interval is shown when everything is in */
		return 0;
	}
	now += show->options->command ? 20 * NS_PER_MS : NS_PER_S;
	if (show->interval_ns && show->due + SETTLE_NS < now)
		now = show->due + SETTLE_NS;
	return show->end && show->end < now ? show->end : now;
}

static void show_signal(void *arg, int number)
{
	(void)number;
	show_end(arg);
}

static void show_schedule(struct show *show)
{
	const struct options *options = show->options;
	uint64_t start = show->session.interval_from;
	uint64_t interval = (uint64_t)(options->interval * 1e9);
	uint64_t duration = (uint64_t)(options->duration * 1e9);

	if (!duration && !options->command) /* one interval, and that is all */
		duration = interval ? interval : NS_PER_S;
	show->end = duration ? start + duration : 0;
	/* An interval as long as the whole is the one that is shown at the end. */
	show->interval_ns = interval && interval < duration ? interval : 0;
	if (interval && !duration)
		show->interval_ns = interval;
	show->due = start + show->interval_ns;
}

static int show_live(struct show *show)
{
	struct session *session = &show->session;
	struct signals *signals;
	struct error error;
	uint64_t from, now;

	if (session->sampling.code) {
		command_complain(session->sampling.text);
		return EXIT_FAILED;
	}
	scope_complain_missing(session);
	if (containers_trouble(session->containers))
		command_complain(containers_trouble(session->containers));
	signals = signals_watch(session->loop, false, show_signal, show);
	show_schedule(show);
	session_release_command(session);
	loop_timer_add(session->loop, clock_now(), show_expire, show);
	if (show->view->detail)
		loop_timer_add(session->loop, clock_now(), show_ask, show);
	loop_run(session->loop);
	now = session_finish(session);
	while (!show->status && show->interval_ns && show->end && show->due < show->end)
		show_interval(show);
	from = session->interval_from;
	now = show->end && now >= show->end ? show->end : now;
	if (!show->status && now > from) {
		session_close_interval(session, now);
		if (show_span(show, from, now))
			show->status = EXIT_FAILED;
	}
	if (session_end_writing(session, &error)) {
		command_complain(error.text);
		show->status = EXIT_FAILED;
	}
	signals_free(signals);
	return show->status;
}

/* --- a capture --- */

static int show_capture(struct show *show)
{
	uint64_t interval = (uint64_t)(show->options->interval * 1e9), from, to;

	if (recording_damage(show->session.recording))
		show_damage(show, recording_damage(show->session.recording));
	if (!session_span(&show->session, &from, &to)) {
		command_complain("the capture holds no data");
		return EXIT_FAILED;
	}
	scope_complain_missing(&show->session);
	if (show->session.damaged)
		show_damage(show, "parts of the capture are damaged and left out");
	for (; interval && from + interval < to; from += interval)
		if (show_span(show, from, from + interval))
			return EXIT_FAILED;
	return show_span(show, from, to) || show->damaged ? EXIT_FAILED : EXIT_DONE;
}

static int show_prepare(struct show *show)
{
	const struct options *options = show->options;

	for (size_t i = 0; i < show->session.views.warning_count; i++)
		command_complain(show->session.views.warnings[i]);
	show->view = view_set_find(&show->session.views, options->what ? options->what : "symbols");
	if (!show->view) {
		char *text = view_set_missing(&show->session.views, options->what);

		command_complain(text);
		free(text);
		return EXIT_USAGE;
	}
	if (session_is_live(&show->session) && show->view->detail &&
		details_kind(show->view->detail) && !options->pid_count) {
		command_complain("this view is of one process: -p PID says of which");
		return EXIT_USAGE;
	}
	show->filter = scope_filter(options);
	return show->filter ? EXIT_DONE : EXIT_USAGE;
}

int command_show(const struct options *options)
{
	struct show show = {.options = options, .first = true};
	struct error error = {0};
	int status;

	if (session_open(&show.session, options, &error)) {
		command_complain(error.text);
		session_close(&show.session);
		return error.code == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	status = show_prepare(&show);
	if (!status)
		status = session_is_live(&show.session) ? show_live(&show) : show_capture(&show);
	filter_free(show.filter);
	session_close(&show.session);
	return status;
}
