/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/pause.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/worker.h"
#include "command/tool.h"
#include "model/model.h"
#include "resolve/container_facts.h"
#include "resolve/container_keeper.h"

#define TOOL_MS 10000
#define THREADS 4 /* one that hangs keeps no other from being asked */
#define ID_SHOWN 12

/* What is to be done, to which container. */
struct plan {
	struct job job;
	struct pauser *pauser;
	uint32_t number;
	bool pause, has_run;
	char *id, *runtime, *name; /* name: escaped */
	char *path;		   /* of its cgroup; NULL: it has none of its own */
	struct container_keeper keeper;
	int code;
	char text[400]; /* what was done, or why not */
};

struct pauser {
	struct loop *loop;
	struct model *model;
	struct worker *worker;
	struct pauser_hooks hooks;
	struct plan *plan; /* of the container that was asked about last; NULL: none is ready */
	uint32_t finding;  /* the one that is being found out about; 0: none is */
	bool is_wanted;	   /* it is to be done as soon as that is known */
	bool pause_wanted;
	char text[1200]; /* of the description */
};

/* --- plans --- */

static const struct container *find_container(
	struct pauser *pauser, const char *target, struct error *error)
{
	const struct container *container;
	char *end;
	unsigned long number = strtoul(target ? target : "", &end, 10);

	container = target && end != target && !*end
			    ? cgroups_container_numbered(&pauser->model->cgroups, (uint32_t)number)
			    : NULL;
	if (container && !container->end)
		return container;
	error_set(error, container ? -ESRCH : -EINVAL,
		container ? "the container has ended" : "that is no container");
	return NULL;
}

static char *copy_of(struct str text)
{
	char *copy = mem_zalloc(text.size + 1);

	memcpy(copy, text.data, text.size);
	return copy;
}

static struct plan *plan_new(struct pauser *pauser, const struct container *container)
{
	const struct cgroup *cgroup = cgroups_find(
		&pauser->model->cgroups, container->hierarchy, container->cgroup);
	struct plan *plan = mem_zalloc(sizeof(*plan));
	struct buf name = {0};

	plan->pauser = pauser;
	plan->number = container->number;
	plan->id = copy_of(container->id);
	plan->runtime = copy_of(container->runtime);
	text_escape(&name, container->name.size ? container->name : container->id, TEXT_ASCII);
	plan->name = copy_of(buf_str(&name));
	buf_release(&name);
	if (container->cgroup && cgroup && !cgroup->gone)
		plan->path = copy_of(cgroup->path);
	return plan;
}

static void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	container_keeper_release(&plan->keeper);
	free(plan->id);
	free(plan->runtime);
	free(plan->name);
	free(plan->path);
	free(plan);
}

static void find_out(struct pauser *pauser, const struct container *container);

/* --- words --- */

static void describe_freezer(struct buf *out, const struct plan *plan, bool pause)
{
	if (!plan->path) {
		buf_add_text(out, "It has no cgroup of its own that could be frozen.");
		return;
	}
	buf_printf(out, "%s the cgroup ", pause ? "Freezes" : "Thaws");
	text_escape(out, str_from(plan->path), TEXT_ASCII);
	buf_add_text(out, " (cgroup.freeze, or freezer.state).");
}

static void describe(struct buf *out, const struct plan *plan, bool pause)
{
	const struct container_keeper *keeper = &plan->keeper;
	const char *verb = pause ? "pause" : "unpause";

	switch (keeper->kind) {
	case KEEPER_SOCKET:
		buf_printf(out, "Asks %s: POST /containers/%.*s/%s at ", plan->runtime, ID_SHOWN,
			plan->id, verb);
		text_escape(out, str_from(keeper->socket), TEXT_ASCII);
		break;
	case KEEPER_COMMAND:
		buf_add_text(out, "Runs: ");
		for (size_t i = 0; i < keeper->word_count; i++) {
			text_escape(out, str_from(keeper->words[i]), TEXT_ASCII);
			buf_add_char(out, ' ');
		}
		buf_printf(out, "%s %.*s", verb, ID_SHOWN, plan->id);
		break;
	case KEEPER_NONE:
		describe_freezer(out, plan, pause);
		buf_printf(out, "\n%s is not told: %s.",
			plan->runtime[0] ? plan->runtime : "Its runtime", keeper->why);
		return;
	}
	buf_add_text(out, "\nIf that does not answer: ");
	describe_freezer(out, plan, pause);
}

const char *pauser_describe(struct pauser *pauser, const char *target, bool pause)
{
	const struct container *container = find_container(pauser, target, NULL);
	struct buf text = {0};

	pauser->text[0] = '\0';
	if (!container)
		return pauser->text;
	if (!pauser->plan || pauser->plan->number != container->number) {
		find_out(pauser, container);
		return "Finding out who keeps it…";
	}
	describe(&text, pauser->plan, pause);
	snprintf(pauser->text, sizeof(pauser->text), "%s", text.data);
	buf_release(&text);
	return pauser->text;
}

/* --- the freezer --- */

/* Writes a word to a file below the folder of a cgroup; 0 or a negative errno. */
static int write_word(const char *mount, const char *path, const char *file, const char *word)
{
	char *name = mem_printf("%s%s/%s", mount, path, file);
	int fd = open(name, O_WRONLY | O_CLOEXEC), code = fd < 0 ? -errno : 0;

	if (fd >= 0) {
		code = fs_write_full(fd, word, strlen(word));
		close(fd);
	}
	free(name);
	return code;
}

/*
 * Version 2 freezes by a file of each cgroup, version 1 by a hierarchy of its own.  One of them is
 * enough to freeze; to let go on, both: who froze it may have taken the other one.
 */
static int set_frozen(const struct plan *plan)
{
	static const struct {
		const char *mount, *file, *words[2];
	} ways[] = {{"/sys/fs/cgroup", "cgroup.freeze", {"0", "1"}},
		{"/sys/fs/cgroup/unified", "cgroup.freeze", {"0", "1"}},
		{"/sys/fs/cgroup/freezer", "freezer.state", {"THAWED", "FROZEN"}}};
	int code = -ENOENT;

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int now = write_word(
			ways[i].mount, plan->path, ways[i].file, ways[i].words[plan->pause]);

		if (code == -ENOENT || (now && now != -ENOENT))
			code = now;
		if (plan->pause && !code)
			break;
	}
	return code;
}

/* --- doing it --- */

/* True: the daemon answered, and the plan says what. */
static bool ask_daemon(struct plan *plan)
{
	const char *verb = plan->pause ? "pause" : "unpause";
	char request[128], said[160];
	struct buf body = {0};
	int status;

	snprintf(request, sizeof(request), "/containers/%s/%s", plan->id, verb);
	status = fact_socket_post(plan->keeper.socket, request, &body);
	if (status >= 300)
		text_escape_into(said, sizeof(said), body.size ? body.data : "");
	plan->code = status >= 200 && status < 300 ? 0 : status < 0 ? status : -EIO;
	if (!plan->code)
		snprintf(plan->text, sizeof(plan->text), "%sd by %s", verb, plan->runtime);
	else if (status < 0)
		snprintf(plan->text, sizeof(plan->text), "%s does not answer (%s)", plan->runtime,
			strerror(-status));
	else
		snprintf(plan->text, sizeof(plan->text), "%s refuses: %s", plan->runtime, said);
	buf_release(&body);
	return status >= 0;
}

/* True: it ran to its end, and the plan says how. */
static bool call_tool(struct plan *plan)
{
	const char *argv[KEEPER_WORDS + 3];
	const char *verb = plan->pause ? "pause" : "unpause";
	size_t count = plan->keeper.word_count;
	struct error error = {0};

	memcpy(argv, plan->keeper.words, count * sizeof(*argv));
	argv[count++] = verb;
	argv[count++] = plan->id;
	argv[count] = NULL;
	plan->code = tool_run(argv, TOOL_MS, &error);
	if (!plan->code)
		snprintf(plan->text, sizeof(plan->text), "%sd by %s", verb, argv[0]);
	else
		snprintf(plan->text, sizeof(plan->text), "%.399s", error.text);
	return plan->code >= 0;
}

static void freeze(struct plan *plan)
{
	char before[sizeof(plan->text)];
	const char *done = plan->pause ? "frozen" : "thawed";

	snprintf(before, sizeof(before), "%.300s%s%s",
		plan->keeper.kind == KEEPER_NONE ? plan->keeper.why : plan->text,
		plan->path ? "" : "; ", plan->path ? "" : "it has no cgroup of its own");
	plan->code = plan->path ? set_frozen(plan) : -ENOENT;
	if (plan->code && plan->path)
		snprintf(plan->text, sizeof(plan->text), "not %s: %s; %.200s", done,
			strerror(-plan->code), before);
	else if (plan->code)
		snprintf(plan->text, sizeof(plan->text), "not %s: %.300s", done, before);
	else
		snprintf(plan->text, sizeof(plan->text), "%s by its cgroup; %s is not told: %.200s",
			done, plan->runtime[0] ? plan->runtime : "its runtime", before);
}

static void begin_run(struct job *job)
{
	struct plan *plan = (struct plan *)job;
	bool is_answered = false;

	if (plan->keeper.kind == KEEPER_SOCKET)
		is_answered = ask_daemon(plan);
	else if (plan->keeper.kind == KEEPER_COMMAND)
		is_answered = call_tool(plan);
	if (!is_answered)
		freeze(plan);
	plan->has_run = true;
}

static void begin_done(struct job *job)
{
	struct plan *plan = (struct plan *)job;
	struct pauser *pauser = plan->pauser;
	char text[600];

	if (plan->has_run) {
		snprintf(text, sizeof(text), "%.150s %s", plan->name, plan->text);
		pauser->hooks.done(pauser->hooks.arg, !plan->code, text);
	}
	plan_free(plan);
}

static void carry_out(struct pauser *pauser, bool pause)
{
	struct plan *plan = pauser->plan;

	pauser->plan = NULL;
	plan->pause = pause;
	plan->has_run = false;
	plan->job = (struct job){.run = begin_run, .done = begin_done};
	worker_post(pauser->worker, &plan->job);
}

/* --- finding out --- */

static void find_run(struct job *job)
{
	struct plan *plan = (struct plan *)job;

	container_keeper_find("/proc", plan->runtime, plan->id, &plan->keeper);
	plan->has_run = true;
}

static void find_done(struct job *job)
{
	struct plan *plan = (struct plan *)job;
	struct pauser *pauser = plan->pauser;

	if (!plan->has_run || plan->number != pauser->finding) {
		plan_free(plan); /* another was asked about meanwhile */
		return;
	}
	pauser->finding = 0;
	plan_free(pauser->plan);
	pauser->plan = plan;
	if (pauser->is_wanted)
		carry_out(pauser, pauser->pause_wanted);
	else
		pauser->hooks.found(pauser->hooks.arg);
	pauser->is_wanted = false;
}

static void find_out(struct pauser *pauser, const struct container *container)
{
	struct plan *plan;

	if (pauser->finding == container->number)
		return;
	plan = plan_new(pauser, container);
	plan->job.run = find_run;
	plan->job.done = find_done;
	pauser->finding = container->number;
	pauser->is_wanted = false;
	worker_post(pauser->worker, &plan->job);
}

int pauser_begin(struct pauser *pauser, const char *target, bool pause, struct error *error)
{
	const struct container *container = find_container(pauser, target, error);

	if (!container)
		return error->code;
	if (pauser->plan && pauser->plan->number == container->number) {
		carry_out(pauser, pause);
		return 1;
	}
	find_out(pauser, container);
	pauser->is_wanted = true;
	pauser->pause_wanted = pause;
	return 1;
}

struct pauser *pauser_new(struct loop *loop, struct model *model, const struct pauser_hooks *hooks)
{
	struct pauser *pauser = mem_zalloc(sizeof(*pauser));

	pauser->loop = loop;
	pauser->model = model;
	pauser->hooks = *hooks;
	pauser->worker = worker_new(loop, "tracetop-pause", THREADS, false);
	return pauser;
}

void pauser_free(struct pauser *pauser)
{
	if (!pauser)
		return;
	worker_free(pauser->worker, true);
	plan_free(pauser->plan);
	free(pauser);
}
