/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without a verb: the screen, of this machine or of a capture. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/actions.h"
#include "command/borrow.h"
#include "command/command.h"
#include "command/pause.h"
#include "command/scope.h"
#include "command/session.h"
#include "command/signals.h"
#include "record/capture.h"
#include "record/recording.h"
#include "resolve/container_details.h"
#include "resolve/containers.h"
#include "source/cgroups.h"
#include "source/detail.h"
#include "source/usage.h"
#include "ui/ui.h"

#define DEFAULT_INTERVAL 1.0
#define CPU_NS NS_PER_S /* between two looks at what we take ourselves */

struct live {
	const struct options *options;
	struct session session;
	struct term *term;
	struct ui *ui;
	struct borrow *borrow; /* the terminal is lent; NULL: it is not */
	struct pauser *pauser; /* NULL on a capture */
	char shell[24];	       /* first process of the container that a shell was for */
	struct loop_timer *timer;
	struct filter *filter;
	struct router router;
	bool watches_room; /* for the rest of a frame */
	int status;
	char *writing; /* name of the file that is written */
	char narrowed[120];
	uint64_t cpu_at, cpu_used;
	double cpu;
};

static void live_end(struct live *live, int status)
{
	live->status = status;
	loop_stop(live->session.loop, status);
}

static void live_ready(void *arg, short revents);

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

static void note_action(struct live *live, const struct request *request)
{
	char text[200], argument[100];

	snprintf(text, sizeof(text), "%s %s %s", request->verb,
		request->target ? request->target : "",
		text_escape_into(
			argument, sizeof(argument), request->argument ? request->argument : ""));
	session_note(&live->session, NOTE_ACTION, text);
}

#define ACTION(verb)                                                               \
	static int request_##verb(                                                 \
		void *context, const struct request *request, struct error *error) \
	{                                                                          \
		struct live *live = context;                                       \
		int code = action_##verb(&live->session, request, error);          \
                                                                                   \
		if (!code)                                                         \
			note_action(live, request);                                \
		return code;                                                       \
	}
ACTION(signal)
ACTION(renice)
ACTION(affinity)

static int request_pausing(
	struct live *live, const struct request *request, bool pause, struct error *error)
{
	int code = pauser_begin(live->pauser, request->target, pause, error);

	if (code >= 0)
		note_action(live, request);
	return code;
}

static int request_pause(void *context, const struct request *request, struct error *error)
{
	return request_pausing(context, request, true, error);
}

static int request_unpause(void *context, const struct request *request, struct error *error)
{
	return request_pausing(context, request, false, error);
}

static void pause_found(void *arg)
{
	ui_changed(((struct live *)arg)->ui);
}

static void pause_done(void *arg, bool is_done, const char *text)
{
	struct live *live = arg;

	ui_say(live->ui, is_done ? STYLE_GOOD : STYLE_ERROR, text);
	containers_look_again(live->session.containers);
}

static const char *live_describe(void *arg, const struct request *request)
{
	struct live *live = arg;
	bool pause = !strcmp(request->verb, "pause");

	if (!live->pauser || (!pause && strcmp(request->verb, "unpause")))
		return NULL;
	return pauser_describe(live->pauser, request->target, pause);
}

static void shell_done(void *arg, int status)
{
	struct live *live = arg;

	live->borrow = NULL;
	loop_watch(live->session.loop, term_fd(live->term), POLLIN, live_ready, live);
	live->watches_room = false;
	ui_resized(live->ui);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && action_shell_is_missing(live->shell))
		ui_say(live->ui, STYLE_ERROR,
			"no /bin/sh in the container: F8 n opens one of the machine's in its "
			"network");
}

/* The screen comes back when the shell ends; recording goes on meanwhile. */
static int request_shell(void *context, const struct request *request, struct error *error)
{
	struct live *live = context;
	const char *argv[24];
	int code = action_shell(&live->session, request, argv, live->shell, error);

	if (code)
		return code;
	loop_unwatch(live->session.loop, term_fd(live->term));
	live->borrow = borrow_start(live->session.loop, live->term, argv, shell_done, live, error);
	if (!live->borrow) {
		loop_watch(live->session.loop, term_fd(live->term), POLLIN, live_ready, live);
		return error->code;
	}
	note_action(live, request);
	return 0;
}

static int request_detail(void *context, const struct request *request, struct error *error)
{
	struct live *live = context;
	const char *name = request->argument ? request->argument : "";
	uint32_t target = (uint32_t)strtoul(request->target ? request->target : "", NULL, 10);

	if (container_details_kind(name))
		return container_details_ask(live->session.container_details,
			container_details_kind(name), target, error);
	if (details_kind(name))
		return details_ask(live->session.details, details_kind(name), target, error);
	return error_set(
		error, -EINVAL, "nothing of a process or a container is called '%s'", name);
}

/* What was asked for of a container is there: it is shown at once. */
static void live_detail(void *arg)
{
	struct live *live = arg;

	ui_arrived(live->ui);
}

static const struct request_route routes[] = {
	{"detail", true, false, request_detail, NULL},
	{"shell", true, true, request_shell, NULL},
	{"tools", true, true, request_shell, NULL},
	{"pause", true, true, request_pause, NULL},
	{"unpause", true, true, request_unpause, NULL},
	{"signal", true, true, request_signal, NULL},
	{"renice", true, true, request_renice, action_check_renice},
	{"affinity", true, true, request_affinity, action_check_affinity},
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
	status->evicted = stats.evicted;
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
		status->wide = sampler.wide;
		status->left_out = sampler.left_out;
		status->tasks = usage_trouble(session->usage);
		status->cgroups = cgroup_watch_trouble(session->cgroups);
		status->containers = containers_trouble(session->containers);
	} else {
		status->trouble = session->sampling.text;
	}
	look_at_cpu(live);
	status->source = "live";
	scope_describe(session, live->narrowed, sizeof(live->narrowed));
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

	while (!live->borrow && (key = term_key(live->term, &lost)) >= 0)
		ui_key(live->ui, key);
	if (live->borrow)
		return;
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

	if (live->borrow)
		return;
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
		if (!live->borrow)
			ui_resized(live->ui);
		break;
	case SIGTSTP:
		if (live->borrow)
			break;
		term_leave(live->term);
		kill(getpid(), SIGSTOP);
		term_enter(live->term);
		ui_resized(live->ui);
		break;
	case SIGCONT:
		if (live->borrow)
			break;
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

	live->filter = scope_filter(options);
	if (!live->filter)
		return EXIT_USAGE;
	if (!view_set_find(&live->session.views, options->what ? options->what : "symbols")) {
		char *text = view_set_missing(&live->session.views, options->what);

		command_complain(text);
		free(text);
		return EXIT_USAGE;
	}
	live->router = (struct router){.routes = routes,
		.count = sizeof(routes) / sizeof(*routes),
		.context = live,
		.live = session_is_live(&live->session),
		.readonly = options->readonly};
	if (options->write_file)
		live->writing = mem_strdup(options->write_file);
	return EXIT_DONE;
}

static void live_make_ui(struct live *live)
{
	const struct options *options = live->options;
	struct session *session = &live->session;
	struct buf missing = {0};
	struct ui_config config = {.recording = session->recording,
		.model = session->model,
		.views = &session->views,
		.view = view_set_find(&session->views, options->what ? options->what : "symbols"),
		.filter = live->filter,
		.router = &live->router,
		.status = live_status,
		.status_arg = live,
		.describe = live_describe,
		.describe_arg = live,
		.more = live_more,
		.more_arg = live,
		.term = live->term,
		.interval = options->interval > 0 ? options->interval : DEFAULT_INTERVAL};

	if (!session_is_live(session) && !session_span(session, &config.from, &config.to))
		config.to = 1; /* a capture without data: all of nothing */
	live->ui = ui_new(&config);
	if (session_is_live(session))
		live->pauser = pauser_new(session->loop, session->model,
			&(struct pauser_hooks){pause_found, pause_done, live});
	if (scope_missing(session, &missing))
		ui_say(live->ui, STYLE_WARNING, missing.data);
	buf_release(&missing);
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
	if (session->container_details)
		container_details_on_rows(session->container_details, live_detail, live);
	session_release_command(session);
	loop_run(session->loop);
	session_on_tick(session, NULL, NULL);
	if (session->container_details)
		container_details_on_rows(session->container_details, NULL, NULL);
	signals_free(signals);
}

/* The screen is given back before anything else: what ends a recording may take a moment. */
static void live_close(struct live *live)
{
	struct session *session = &live->session;
	struct error error;
	uint64_t end;

	borrow_free(live->borrow);
	pauser_free(live->pauser);
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
