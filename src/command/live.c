/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without a verb: the screen, of this machine or of a capture. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "command/session.h"
#include "command/signals.h"
#include "record/capture.h"
#include "record/recording.h"
#include "ui/ui.h"

#define DEFAULT_INTERVAL 1.0
#define CPU_NS NS_PER_S /* between two looks at what we take ourselves */

struct live {
	const struct options *options;
	struct session session;
	struct term *term;
	struct ui *ui;
	struct loop_timer *timer;
	struct filter *filter;
	struct router router;
	bool watches_room; /* for the rest of a frame */
	int status;
	char *writing; /* name of the file that is written */
	char narrowed[64];
	uint64_t cpu_at, cpu_used;
	double cpu;
};

static void live_end(struct live *live, int status)
{
	live->status = status;
	loop_stop(live->session.loop, status);
}

/* --- requests --- */

static int change_sampling(struct live *live, struct error *error)
{
	struct session *session = &live->session;
	int code = sampler_change(session->sampler, &session->config, error);

	if (!code)
		session->sampling.code = 0;
	return code;
}

static int request_event(void *context, const struct request *request, struct error *error)
{
	struct live *live = context;
	struct session *session = &live->session;
	char *before = session->events[0];
	size_t count = session->config.event_count;
	int code;

	session->events[0] = mem_strdup(request->target);
	session->config.event_count = 1;
	code = change_sampling(live, error);
	if (code) {
		free(session->events[0]);
		session->events[0] = before;
		session->config.event_count = count;
		return code;
	}
	free(before);
	session_note(session, NOTE_SETTING, request->target);
	return 0;
}

static int request_frequency(void *context, const struct request *request, struct error *error)
{
	struct live *live = context;
	struct sampler_config *config = &live->session.config;
	uint64_t before = config->frequency;
	char *end;
	int code;

	config->frequency = strtoull(request->target, &end, 10);
	if (end == request->target || *end || !config->frequency) {
		config->frequency = before;
		return error_set(error, -EINVAL, "a frequency is a number of samples a second");
	}
	code = change_sampling(live, error);
	if (code)
		config->frequency = before;
	return code;
}

/* Without a target: the file that is written ends. */
static int request_record(void *context, const struct request *request, struct error *error)
{
	struct live *live = context;
	struct session *session = &live->session;
	char text[200], name[120];
	int code;

	if (!request->target) {
		session_close_interval(session, clock_now());
		code = session_end_writing(session, error);
		snprintf(text, sizeof(text), "recorded: %s",
			text_escape_into(name, sizeof(name), live->writing ? live->writing : ""));
		free(live->writing);
		live->writing = NULL;
		if (!code)
			ui_say(live->ui, STYLE_GOOD, text);
		return code;
	}
	if (!*request->target)
		return error_set(error, -EINVAL, "a file needs a name");
	code = session_write(session, request->target, error);
	if (!code)
		live->writing = mem_strdup(request->target);
	return code;
}

static const struct request_route routes[] = {
	{"event", true, false, request_event, NULL},
	{"frequency", true, false, request_frequency, NULL},
	{"record", true, false, request_record, NULL},
};

/* --- the status line --- */

static uint64_t cpu_of(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage))
		return 0;
	return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * NS_PER_S +
	       ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000;
}

static void look_at_cpu(struct live *live)
{
	uint64_t now = clock_now(), used;

	if (now - live->cpu_at < CPU_NS)
		return;
	used = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
	if (live->cpu_at)
		live->cpu = 100.0 * (double)(used - live->cpu_used) / (double)(now - live->cpu_at);
	live->cpu_at = now;
	live->cpu_used = used;
}

static void live_status(void *arg, struct ui_status *status)
{
	struct live *live = arg;
	struct session *session = &live->session;
	struct recording_stats stats = recording_stats(session->recording);

	status->live = session_is_live(session);
	status->event = status->why = status->narrowed = "";
	status->lost = stats.lost;
	status->late = stats.late;
	if (!status->live) {
		const struct model *model = session->model;

		status->source = strrchr(live->options->read_file, '/')
					 ? strrchr(live->options->read_file, '/') + 1
					 : live->options->read_file;
		if (model->event_count) { /* interned, so NUL-terminated */
			status->event = model->events[0].name.data;
			status->why = model->events[0].why.data;
			status->frequency = model->events[0].frequency;
		}
		return;
	}
	if (!session->sampling.code) {
		struct sampler_status sampler = sampler_status(session->sampler);

		status->event = sampler.event;
		status->why = sampler.why;
		status->frequency = sampler.frequency;
		status->throttled = sampler.throttled;
	} else {
		status->trouble = session->sampling.text;
	}
	look_at_cpu(live);
	status->source = "live";
	status->narrowed = live->narrowed;
	status->cpu = live->cpu;
	status->writing = live->writing;
	status->written = session->writer ? capture_writer_size(session->writer) : 0;
}

/* --- the loop --- */

static void live_keys(void *arg, short revents)
{
	struct live *live = arg;
	bool lost = false;
	int key;

	while ((key = term_key(live->term, &lost)) >= 0)
		ui_key(live->ui, key);
	if (lost || (revents & (POLLERR | POLLNVAL)))
		live_end(live, EXIT_FAILED);
	else if (ui_wants_to_quit(live->ui))
		live_end(live, EXIT_DONE);
}

static void live_room(void *arg, short revents)
{
	struct live *live = arg;

	if ((revents & (POLLERR | POLLHUP | POLLNVAL)) || !term_write(live->term))
		live_end(live, EXIT_FAILED);
}

static void live_ready(void *arg, short revents)
{
	if (revents & POLLOUT)
		live_room(arg, revents & ~(POLLIN | POLLHUP));
	if (revents & (POLLIN | POLLHUP | POLLERR))
		live_keys(arg, revents);
}

/* Room is waited for only while a frame is under way: a terminal has room nearly always. */
static void watch_room(struct live *live)
{
	bool busy = term_is_busy(live->term);

	if (busy == live->watches_room)
		return;
	live->watches_room = busy;
	loop_unwatch(live->session.loop, term_fd(live->term));
	loop_watch(live->session.loop, term_fd(live->term), (short)(POLLIN | (busy ? POLLOUT : 0)),
		live_ready, live);
}

static void live_before_sleep(void *arg)
{
	struct live *live = arg;

	if (!ui_present(live->ui))
		live_end(live, EXIT_FAILED);
	else
		watch_room(live);
}

static void live_tick(void *arg)
{
	struct live *live = arg;

	ui_data(live->ui, clock_now());
}

static uint64_t live_expire(void *arg, uint64_t now)
{
	struct live *live = arg;
	struct error error;

	if (live->session.writer && capture_writer_failed(live->session.writer, &error)) {
		session_end_writing(&live->session, &error);
		free(live->writing);
		live->writing = NULL;
		ui_say(live->ui, STYLE_ERROR, error.text);
	}
	if (live->session.child > 0 && !live->session.child_ended &&
		session_command_ended(&live->session))
		ui_say(live->ui, STYLE_WARNING, "the command has ended");
	ui_data(live->ui, now);
	return ui_due(live->ui, now);
}

static bool live_idle(void *arg)
{
	struct live *live = arg;

	return ui_work(live->ui);
}

static void live_more(void *arg)
{
	struct live *live = arg;

	loop_wake_idle(live->session.loop);
}

static void live_signal(void *arg, int number)
{
	struct live *live = arg;

	switch (number) {
	case SIGWINCH:
		ui_resized(live->ui);
		break;
	case SIGTSTP:
		term_leave(live->term);
		kill(getpid(), SIGSTOP);
		term_enter(live->term);
		ui_resized(live->ui);
		break;
	case SIGCONT:
		term_enter(live->term);
		ui_resized(live->ui);
		break;
	case SIGHUP:
		live_end(live, EXIT_FAILED);
		break;
	default:
		live_end(live, EXIT_DONE);
	}
}

/* --- beginning and end --- */

static int live_prepare(struct live *live)
{
	const struct options *options = live->options;
	struct filter_error error;

	live->filter = filter_parse(options->filter ? options->filter : "", &error);
	if (!live->filter) {
		command_complain_filter(options->filter, (unsigned)error.column, error.text);
		return EXIT_USAGE;
	}
	if (!view_set_find(&live->session.views, options->what ? options->what : "symbols")) {
		command_complain(
			"there is no such view: tracetop list views shows those there are");
		return EXIT_USAGE;
	}
	live->router = (struct router){.routes = routes,
		.count = sizeof(routes) / sizeof(*routes),
		.context = live,
		.live = session_is_live(&live->session),
		.readonly = options->readonly};
	if (options->write_file)
		live->writing = mem_strdup(options->write_file);
	if (options->pid_count)
		snprintf(live->narrowed, sizeof(live->narrowed), "pid %u%s", options->pids[0],
			options->pid_count > 1 ? " and others" : "");
	else if (options->command)
		snprintf(live->narrowed, sizeof(live->narrowed), "%.40s", options->command[0]);
	return EXIT_DONE;
}

static void live_make_ui(struct live *live)
{
	const struct options *options = live->options;
	struct session *session = &live->session;
	struct ui_config config = {.recording = session->recording,
		.model = session->model,
		.views = &session->views,
		.view = view_set_find(&session->views, options->what ? options->what : "symbols"),
		.filter = live->filter,
		.router = &live->router,
		.status = live_status,
		.status_arg = live,
		.more = live_more,
		.more_arg = live,
		.term = live->term,
		.interval = options->interval > 0 ? options->interval : DEFAULT_INTERVAL};

	if (!session_is_live(session) && !session_span(session, &config.from, &config.to))
		config.to = 1; /* a capture without data: all of nothing */
	live->ui = ui_new(&config);
	if (recording_damage(session->recording))
		ui_say(live->ui, STYLE_WARNING, recording_damage(session->recording));
	else if (session->damaged)
		ui_say(live->ui, STYLE_WARNING, "parts of the capture are damaged and left out");
}

static void live_run(struct live *live)
{
	struct session *session = &live->session;
	struct signals *signals = signals_watch(session->loop, true, live_signal, live);

	loop_watch(session->loop, term_fd(live->term), POLLIN, live_ready, live);
	loop_set_idle(session->loop, live_idle, live);
	loop_before_sleep(session->loop, live_before_sleep, live);
	live->timer = loop_timer_add(session->loop, clock_now(), live_expire, live);
	session_on_tick(session, live_tick, live);
	session_release_command(session);
	loop_run(session->loop);
	session_on_tick(session, NULL, NULL);
	signals_free(signals);
}

/* The screen is given back before anything else: what ends a recording may take a moment. */
static void live_close(struct live *live)
{
	struct session *session = &live->session;
	struct error error;
	uint64_t end;

	ui_free(live->ui);
	term_free(live->term);
	if (session->writer) {
		end = session_finish(session);
		session_close_interval(session, end);
		if (session_end_writing(session, &error)) {
			command_complain(error.text);
			live->status = EXIT_FAILED;
		}
	}
	filter_free(live->filter);
	free(live->writing);
}

int command_live(const struct options *options)
{
	struct live live = {.options = options};
	struct error error = {0};
	struct term_options term = {.ascii = options->ascii,
		.mono = options->mono || (getenv("NO_COLOR") && *getenv("NO_COLOR"))};

	if (session_open(&live.session, options, &error)) {
		command_complain(error.text);
		session_close(&live.session);
		return error.code == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	live.status = live_prepare(&live);
	if (!live.status) {
		live.term = term_new(&term, &error);
		if (live.term) {
			live_make_ui(&live);
			live_run(&live);
		} else {
			command_complain(error.text);
			live.status = EXIT_FAILED;
		}
	}
	live_close(&live);
	session_close(&live.session);
	return live.status;
}
