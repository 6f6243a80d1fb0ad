/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/worker.h"
#include "command/command.h"
#include "command/privilege.h"
#include "command/scope.h"
#include "model/chosen.h"
#include "model/model.h"
#include "record/capture.h"
#include "record/cursor.h"
#include "record/recording.h"
#include "resolve/container_details.h"
#include "resolve/containers.h"
#include "resolve/symbols.h"
#include "resolve/users.h"
#include "source/cgroups.h"
#include "source/detail.h"
#include "source/redact.h"
#include "source/usage.h"
#include "source/usage_container.h"

#define USAGE_INTERVAL 1.0 /* seconds */
#define USAGE_FIRST_NS (250 * NS_PER_MS)
#define NAMES_MS 3000 /* that the end of a recording waits for names */

/* --- the machine --- */

/* PRETTY_NAME of os-release(5). */
static void system_name(struct buf *out)
{
	struct buf text = {0};
	char *line, *rest;

	if (!fs_read("/etc/os-release", &text, 65536, NULL)) {
		rest = text.data;
		while (rest && (line = strsep(&rest, "\n"))) {
			if (strncmp(line, "PRETTY_NAME=", 12))
				continue;
			line += 12;
			line += *line == '"';
			buf_add(out, line, strcspn(line, "\""));
			break;
		}
	}
	buf_release(&text);
}

static void record_host(struct session *session)
{
	struct buf boot = {0}, os = {0};
	struct utsname name = {0};

	uname(&name);
	fs_read("/proc/sys/kernel/random/boot_id", &boot, 64, NULL);
	system_name(&os);
	recording_append(session->recording,
		&(struct record){.type = RECORD_HOST,
			.time = clock_now(),
			.name = str_from(name.nodename),
			.nums = (uint64_t[HOST_NUMS]){[HOST_CPUS] = (uint64_t)sysconf(
							      _SC_NPROCESSORS_ONLN),
				[HOST_REALTIME] = clock_ns(CLOCK_REALTIME) - clock_now(),
				[HOST_PAGE_SIZE] = (uint64_t)sysconf(_SC_PAGESIZE),
				[HOST_MEMORY] = (uint64_t)sysconf(_SC_PHYS_PAGES) *
						(uint64_t)sysconf(_SC_PAGESIZE),
				[HOST_SELF] = (uint64_t)getpid()},
			.texts = (struct str[HOST_TEXTS]){[HOST_KERNEL] = str_from(name.release),
				[HOST_ARCH] = str_from(name.machine),
				[HOST_BOOT] = {boot.data, boot.size ? strcspn(boot.data, "\n") : 0},
				[HOST_SYSTEM] = buf_str(&os)}});
	buf_release(&boot);
	buf_release(&os);
}

/* --- the command behind -- --- */

/* Where the verb leaves no place for it, the command's output goes elsewhere, or nowhere. */
static void direct_output(int to)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (to == STDOUT_FILENO)
		return;
	dup2(to < 0 ? null : to, STDOUT_FILENO);
	if (to < 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
	}
}

/*
 * The command waits in front of exec until sampling has started, so that its first instruction is
 * seen.
 */
static int start_command(struct session *session, struct error *error)
{
	int gate[2];
	ssize_t got;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate))
		return error_set(error, -errno, "cannot start the command: %s", strerror(errno));
	session->child = fork();
	if (session->child < 0) {
		close(gate[0]);
		close(gate[1]);
		return error_set(error, -errno, "cannot start the command: %s", strerror(errno));
	}
	if (!session->child) {
		sigset_t none;

		close(gate[1]);
		/* As any process: perf refuses those of the same user that are not dumpable. */
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		direct_output(session->options->command_output);
		/* Ready to be sampled; what comes back is the word to begin. */
		if (write(gate[0], "", 1) != 1)
			_exit(127);
		while ((got = read(gate[0], &byte, 1)) < 0 && errno == EINTR)
			;
		if (got != 1) /* the end: nobody is there who would see it run */
			_exit(127);
		execvp(session->options->command[0], session->options->command);
		command_complain(mem_printf(
			"cannot run '%s': %s", session->options->command[0], strerror(errno)));
		_exit(127);
	}
	close(gate[0]);
	session->child_gate = gate[1];
	while (read(gate[1], &byte, 1) < 0 && errno == EINTR)
		;
	return 0;
}

void session_release_command(struct session *session)
{
	if (session->child_gate < 0)
		return;
	/* If it does not take the word, it has ended, and that is told by its status. */
	if (send(session->child_gate, "", 1, MSG_NOSIGNAL) != 1)
		kill(session->child, SIGTERM);
	close(session->child_gate);
	session->child_gate = -1;
}

bool session_command_ended(struct session *session)
{
	if (session->child > 0 && !session->child_ended &&
		waitpid(session->child, &session->child_status, WNOHANG) == session->child)
		session->child_ended = true;
	return session->child_ended;
}

/* --- ticks --- */

/* What happened in a cgroup is told a moment after it went. */
#define TOLD_AFTER_NS (10 * NS_PER_S)

/* Of what is gone, only the log tells; where its records are gone too, it is forgotten. */
static void forget(struct session *session)
{
	struct model *model = session->model;
	uint64_t first, last, evicted, more;

	if (!recording_span(session->recording, &first, &last))
		return;
	tasks_forget(&model->tasks, first);
	cgroups_forget(&model->cgroups, first > TOLD_AFTER_NS ? first - TOLD_AFTER_NS : 0);
	evicted = model->tasks.evicted + model->cgroups.evicted;
	more = evicted - session->evicted;
	session->evicted = evicted;
	if (more)
		recording_append(session->recording, &(struct record){.type = RECORD_LOST,
							     .sub = LOST_EVICTED,
							     .time = clock_now(),
							     .name = STR("given up"),
							     .nums = &more});
}

static void session_tick(void *arg)
{
	struct session *session = arg;

	cgroup_watch_drain(session->cgroups);
	usage_drain(session->usage);
	resolver_kick(session->resolver);
	containers_kick(session->containers);
	if (session->chosen)
		chosen_update(session->chosen, clock_now());
	container_usage_meet(session->container_usage);
	user_names_kick(session->user_names);
	recording_tick(session->recording, clock_now());
	forget(session);
	if (session->hook)
		session->hook(session->hook_arg);
}

/* Looks at cgroups stand beside those at tasks: they are about the same time. */
static void session_looked(void *arg)
{
	struct session *session = arg;

	cgroup_watch_tick(session->cgroups);
	container_usage_tick(session->container_usage);
	usage_need_idle(session->usage, container_usage_needs_idle(session->container_usage));
}

/* What is used, once an interval; soon after the start for the first time. */
static uint64_t session_look(void *arg, uint64_t now)
{
	struct session *session = arg;
	double interval = session->options->interval;

	usage_tick(session->usage);
	return now + (uint64_t)((interval > 0 ? interval : USAGE_INTERVAL) * 1e9);
}

/* A container that lives a tenth of a second is asked for before the next tick. */
static void session_cgroup_made(void *arg)
{
	struct session *session = arg;

	containers_kick(session->containers);
}

static void session_names(void *arg)
{
	struct session *session = arg;

	if (session->hook)
		session->hook(session->hook_arg);
}

void session_on_tick(struct session *session, void (*hook)(void *arg), void *arg)
{
	session->hook = hook;
	session->hook_arg = arg;
}

static void session_fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static void session_keyframe(void *arg, uint64_t now)
{
	struct session *session = arg;

	model_snapshot(session->model, session->recording, now);
}

/* --- opening --- */

static void describe_sampling(struct session *session)
{
	const struct options *options = session->options;

	session->config = (struct sampler_config){.events = (const char *const *)session->events,
		.event_count = options->event_count,
		.frequency = options->frequency,
		.stacks = options->stacks,
		.cpus = options->cpus,
		.pids = options->pids,
		.pid_count = options->pid_count,
		.chosen = session->chosen,
		.ring_size = options->ring};
	for (size_t i = 0; i < options->event_count; i++)
		session->events[i] = mem_strdup(options->events[i]);
	if (session->child > 0) {
		static uint32_t child;

		child = (uint32_t)session->child;
		session->config.pids = &child;
		session->config.pid_count = 1;
	}
}

static void start_looking(struct session *session)
{
	session->cgroups = cgroup_watch_new(session->loop, session->recording);
	cgroup_watch_on_made(session->cgroups, session_cgroup_made, session);
	cgroup_watch_choose(session->cgroups, session->chosen);
	cgroup_watch_start(session->cgroups);
	session->usage = usage_new(session->loop, session->recording, session->model);
	usage_on_look(session->usage, session_looked, session);
	usage_narrow(session->usage, session->config.pids, session->config.pid_count);
	usage_choose(session->usage, session->chosen);
	session->container_usage = container_usage_new(
		session->loop, session->recording, session->model, session->cgroups);
	container_usage_choose(session->container_usage, session->chosen);
	usage_on_task(session->usage, container_usage_add, session->container_usage);
	usage_start(session->usage);
}

static int session_open_live(struct session *session, struct error *error)
{
	const struct options *options = session->options;
	struct rlimit files;
	int code = 0;

	/* An event on each CPU is a descriptor. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	session->disk = worker_new(session->loop, "tracetop-disk", 1, true);
	session->recording = recording_new(session->disk, options->buffer);
	recording_observe(session->recording, session_fold, session->model);
	recording_on_keyframe(session->recording, session_keyframe, session);
	session->resolver = resolver_new(session->loop, session->recording, session->model);
	session->containers = containers_new(
		session->loop, session->recording, session->model, NULL);
	session->user_names = user_names_new(
		session->loop, session->recording, session->model, "/proc");
	session->sampler = sampler_new(session->loop, session->recording, session->model);
	sampler_on_tick(session->sampler, session_tick, session);
	resolver_on_names(session->resolver, session_names, session);
	record_host(session);
	if (options->command)
		code = start_command(session, error);
	if (code)
		return code;
	scope_choose(session);
	describe_sampling(session);
	if (session->chosen) { /* nobody is sampled whom a first look tells to be another's */
		start_looking(session);
		scope_settle(session);
	}
	if (sampler_start(session->sampler, &session->config, &session->sampling)) {
		/* What was asked for by name and does not exist is a mistake; rights are not. */
		if (session->sampling.code == -EINVAL || session->sampling.code == -ENOENT ||
			session->sampling.code == -ESRCH || session->sampling.code == -ENODEV) {
			*error = session->sampling;
			return error->code;
		}
	} else {
		session->sampling.code = 0;
	}
	session->interval_from = clock_now();
	scope_note(session);
	if (!session->chosen)
		start_looking(session);
	session->details = details_new(session->loop, session->recording, session->model);
	session->container_details = container_details_new(
		session->loop, session->recording, session->model, NULL, redact_arguments);
	session->usage_timer = loop_timer_add(
		session->loop, clock_now() + USAGE_FIRST_NS, session_look, session);
	return options->write_file ? session_write(session, options->write_file, error) : 0;
}

static int session_open_capture(struct session *session, struct error *error)
{
	int code;

	/* The file is opened with the rights there are, and read without. */
	session->recording = recording_open_file(session->options->read_file, error);
	if (!session->recording)
		return error->code;
	code = privilege_drop_all();
	if (code)
		return error_set(error, code, "cannot give up privileges before reading: %s",
			strerror(-code));
	session->damaged = model_load(session->model, session->recording);
	scope_choose(session);
	return 0;
}

int session_open(struct session *session, const struct options *options, struct error *error)
{
	*session = (struct session){.options = options, .child_gate = -1};
	session->loop = loop_new();
	session->model = model_new();
	view_set_load(&session->views);
	return options->read_file ? session_open_capture(session, error)
				  : session_open_live(session, error);
}

bool session_is_live(const struct session *session)
{
	return session->sampler != NULL;
}

void session_close(struct session *session)
{
	struct error unused;

	session->hook = NULL;
	if (session->usage_timer)
		loop_timer_remove(session->loop, session->usage_timer);
	usage_free(session->usage);
	container_usage_free(session->container_usage);
	cgroup_watch_free(session->cgroups);
	details_free(session->details);
	container_details_free(session->container_details);
	sampler_free(session->sampler);
	user_names_free(session->user_names);
	containers_free(session->containers);
	resolver_free(session->resolver);
	if (session->writer)
		session_end_writing(session, &unused);
	worker_free(session->disk, false);
	recording_free(session->recording);
	chosen_free(session->chosen);
	model_free(session->model);
	view_set_release(&session->views);
	loop_free(session->loop);
	for (size_t i = 0; i < OPTIONS_EVENTS; i++)
		free(session->events[i]);
	if (session->child_gate >= 0) /* it was never told to begin */
		close(session->child_gate);
	if (session->child > 0 && !session_command_ended(session)) {
		kill(session->child, SIGTERM);
		waitpid(session->child, &session->child_status, 0);
	}
}

/* --- recording --- */

int session_write(struct session *session, const char *path, struct error *error)
{
	session->writer = capture_writer_new(session->recording, session->disk, path, error);
	return session->writer ? 0 : error->code;
}

int session_end_writing(struct session *session, struct error *error)
{
	struct capture_writer *writer = session->writer;

	session->writer = NULL;
	return writer ? capture_writer_finish(writer, error) : 0;
}

void session_close_interval(struct session *session, uint64_t now)
{
	if (session->sampler)
		sampler_take_until(session->sampler, now);
	if (session->cgroups)
		cgroup_watch_close_interval(session->cgroups, now);
	if (session->usage)
		usage_close_interval(session->usage, now);
	if (session->container_usage)
		container_usage_close_interval(session->container_usage, now);
	recording_append(session->recording, &(struct record){.type = RECORD_INTERVAL,
						     .time = now,
						     .duration = now - session->interval_from});
	session->interval_from = now;
}

void session_note(struct session *session, unsigned kind, const char *text)
{
	recording_append(session->recording, &(struct record){.type = RECORD_NOTE,
						     .sub = kind,
						     .time = clock_now(),
						     .name = str_from(text)});
}

/* Widens the span to the intervals among the rows. */
static void span_of_intervals(struct rows *rows, uint64_t *from, uint64_t *to)
{
	const uint32_t *kind = rows_index(rows, CHUNK_KIND);
	const uint64_t *time = rows_value(rows, CHUNK_TIME);
	const uint64_t *duration = rows_value(rows, CHUNK_DURATION);
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);

	for (uint32_t row = 0; kind && time && duration && row < rows_count(rows); row++) {
		if (kinds[kind[row]].type != RECORD_INTERVAL)
			continue;
		if (time[row] - duration[row] < *from)
			*from = time[row] - duration[row];
		if (time[row] > *to)
			*to = time[row];
	}
}

bool session_span(struct session *session, uint64_t *from, uint64_t *to)
{
	struct cursor cursor;
	struct rows *rows;

	*from = UINT64_MAX;
	*to = 0;
	cursor_init(&cursor, session->recording, RECORD_DATA, 0, UINT64_MAX);
	while ((rows = cursor_next(&cursor)))
		if (rows_have(rows, RECORD_INTERVAL))
			span_of_intervals(rows, from, to);
	session->damaged += cursor.damaged;
	cursor_release(&cursor);
	if (*from < *to)
		return true;
	if (!recording_span(session->recording, from, to))
		return false;
	++*to;
	return true;
}

void session_settle(struct session *session, int timeout_ms)
{
	containers_kick(session->containers);
	containers_settle(session->containers, timeout_ms);
	user_names_settle(session->user_names, timeout_ms);
	resolver_kick(session->resolver);
	resolver_settle(session->resolver, timeout_ms);
}

uint64_t session_finish(struct session *session)
{
	uint64_t end = clock_now();

	if (!session->sampler)
		return end;
	end = sampler_stop(session->sampler);
	/* On a slow machine the first walk may still be under way, and what it finds has names. */
	cgroup_watch_settle(session->cgroups, NAMES_MS);
	usage_settle(session->usage, NAMES_MS);
	cgroup_watch_drain(session->cgroups); /* what went since the last tick */
	session_settle(session, NAMES_MS);
	return end;
}
