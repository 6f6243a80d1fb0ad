/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/scope.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/command.h"
#include "command/options.h"
#include "command/session.h"
#include "model/chosen.h"
#include "model/model.h"
#include "resolve/containers.h"
#include "source/cgroups.h"
#include "source/usage.h"
#include "view/filter.h"

#define LISTED 5     /* containers that are there, in a message */
#define LOOK_MS 300  /* for a walk and a look */
#define NAMES_MS 300 /* for names of what they found */

/* --- the filter --- */

/* By name, by the beginning of the id, or all of a pod: as chosen_has() does. */
static void add_container(struct buf *text, const char *name)
{
	struct value value = value_text(str_from(name));

	buf_add_text(text, "container.name = ");
	filter_quote(text, value);
	buf_add_text(text, chosen_is_id(name) ? " or container.full_id startswith "
					      : " or container.full_id = ");
	filter_quote(text, value);
	buf_add_text(text, " or k8s.pod.name = ");
	filter_quote(text, value);
}

struct filter *scope_filter(const struct options *options)
{
	struct filter_error error;
	struct filter *filter = filter_parse(options->filter ? options->filter : "", &error);
	struct buf text = {0};

	/* By itself at first: what is wrong is wrong at a place of what was written. */
	if (!filter) {
		command_complain_filter(options->filter, (unsigned)error.column, error.text);
		return NULL;
	}
	if (!options->container_count)
		return filter;
	filter_free(filter);
	for (size_t i = 0; i < options->container_count; i++) {
		buf_add_text(&text, i ? " or " : "(");
		add_container(&text, options->containers[i]);
	}
	buf_add_char(&text, ')');
	if (options->filter && *options->filter)
		buf_printf(&text, " and (%s)", options->filter);
	filter = filter_parse(text.data, &error);
	buf_release(&text);
	return filter;
}

bool scope_has_container(const struct options *options, const struct container *container)
{
	for (size_t i = 0; i < options->container_count; i++)
		if (chosen_is_called(container, options->containers[i]))
			return true;
	return !options->container_count;
}

/* --- what is recorded --- */

static void tell_sampler(void *arg, const struct chosen_place *place, enum chosen_answer answer)
{
	struct session *session = arg;

	sampler_decide(session->sampler, place, answer);
}

void scope_choose(struct session *session)
{
	const struct options *options = session->options;

	if (!options->container_count)
		return;
	session->chosen = chosen_new(session->model, options->containers, options->container_count);
	if (session_is_live(session))
		chosen_on_change(session->chosen, tell_sampler, session);
}

/* What a walk and a look find has names in files: it takes some milliseconds. */
void scope_settle(struct session *session)
{
	cgroup_watch_settle(session->cgroups, LOOK_MS);
	usage_settle(session->usage, LOOK_MS);
	containers_kick(session->containers);
	containers_settle(session->containers, NAMES_MS);
	chosen_update(session->chosen, clock_now());
}

/* --- words --- */

static const char *why_wide(const struct session *session)
{
	return session_is_live(session) ? sampler_status(session->sampler).wide : NULL;
}

static void add_containers(struct buf *text, const struct options *options)
{
	buf_add_text(text, options->container_count > 1 ? "containers " : "container ");
	for (size_t i = 0; i < options->container_count; i++)
		buf_printf(text, "%s%s", i ? ", " : "", options->containers[i]);
}

void scope_note(struct session *session)
{
	const char *wide = why_wide(session);
	struct buf text = {0};

	for (size_t i = 0; i < session->config.pid_count; i++) {
		buf_printf(&text, "process %u and its children", session->config.pids[i]);
		session_note(session, NOTE_NARROWING, text.data);
		text.size = 0;
	}
	if (session->chosen) {
		add_containers(&text, session->options);
		if (wide)
			buf_printf(&text, ", samples only when shown: %s", wide);
		session_note(session, NOTE_NARROWING, text.data);
	}
	buf_release(&text);
}

void scope_describe(const struct session *session, char *text, size_t size)
{
	const struct options *options = session->options;
	struct buf words = {0};

	if (options->pid_count)
		buf_printf(&words, "pid %u%s", options->pids[0],
			options->pid_count > 1 ? " and others" : "");
	else if (options->command)
		buf_printf(&words, "%.40s", options->command[0]);
	if (session->chosen) {
		buf_add_text(&words, words.size ? " in " : "");
		add_containers(&words, options);
		buf_add_text(&words, why_wide(session) ? ", by a filter" : "");
	}
	snprintf(text, size, "%s", words.size ? words.data : "");
	buf_release(&words);
}

/* Names of some that are there; of a capture, that were. */
static size_t list_containers(const struct session *session, struct buf *text)
{
	const struct cgroups *cgroups = &session->model->cgroups;
	size_t count = 0;

	for (size_t i = 0; i < cgroups->container_count; i++) {
		const struct container *container = &cgroups->containers[i];

		if ((container->end && session_is_live(session)) || !container->name.size ||
			container->flags & CONTAINER_SANDBOX)
			continue;
		if (count++ >= LISTED)
			continue;
		buf_add_text(text, count > 1 ? ", " : "");
		text_escape(text, container->name, TEXT_UTF8);
	}
	if (count > LISTED)
		buf_printf(text, " and %zu more", count - LISTED);
	return count;
}

bool scope_missing(const struct session *session, struct buf *text)
{
	bool live = session_is_live(session);
	struct buf missing = {0}, there = {0};
	bool is = session->chosen && chosen_missing(session->chosen, !live, &missing);

	if (is && !list_containers(session, &there))
		buf_add_text(&there, "none");
	if (is)
		buf_printf(text, "%s no container %s%s; there %s: %s",
			live ? "there is" : "the capture has", missing.data,
			live ? " now: what starts under that name is shown" : "",
			live ? "are" : "were", there.data);
	buf_release(&missing);
	buf_release(&there);
	return is;
}

void scope_complain_missing(const struct session *session)
{
	struct buf text = {0};

	if (scope_missing(session, &text))
		command_complain(text.data);
	buf_release(&text);
}
