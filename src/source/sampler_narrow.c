/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is sampled at all: processes, containers, both. */
#include <errno.h>
#include <string.h>

#include "source/narrow.h"
#include "source/sampler_local.h"

static void say_wide(struct sampler *sampler, int code)
{
	error_set(&sampler->wide, code, "BPF does not narrow here: %s", strerror(-code));
}

static void narrow_to_place(
	void *narrow, const struct chosen_place *place, enum chosen_answer answer)
{
	narrow_decide(narrow, place, answer);
}

/*
 * Processes are told apart by BPF where every event can be filtered so, else by perf; containers
 * by BPF alone.
 */
void sampler_choose_narrowing(struct sampler *sampler)
{
	bool by_bpf = sampler->pid_count > 0;

	if ((!sampler->pid_count && !sampler->chosen) || sampler->narrow || sampler->by_threads)
		return;
	for (size_t i = 0; i < sampler->event_count; i++) /* see sampler_narrow_event() */
		by_bpf &= sampler->events[i].spec.attr.type != PERF_TYPE_TRACEPOINT;
	sampler->wide.code = 0;
	if (by_bpf || sampler->chosen)
		sampler->narrow = narrow_new(by_bpf, sampler->chosen != NULL, &sampler->wide);
	sampler->by_threads = sampler->pid_count && !(by_bpf && sampler->narrow);
	if (!sampler->narrow)
		return;
	for (size_t i = 0; by_bpf && i < sampler->pid_count; i++)
		narrow_add(sampler->narrow, sampler->pids[i]);
	if (sampler->chosen)
		chosen_each(sampler->chosen, narrow_to_place, sampler->narrow);
}

/*
 * A BPF program on a tracepoint decides for everybody who listens to it, other tools too: there
 * only perf's own targets narrow without disturbing.  To containers nothing must be narrowed, what
 * is shown is filtered as well.
 */
int sampler_narrow_event(struct sampler *sampler, const struct perf_event_attr *attr, int fd)
{
	int code;

	if (attr->type == PERF_TYPE_TRACEPOINT) {
		error_set(&sampler->wide, -EOPNOTSUPP,
			"tracepoints are other tools' too, and hit for all");
		return 0;
	}
	code = narrow_attach(sampler->narrow, fd);
	if (!code || (sampler->pid_count && !sampler->by_threads))
		return code;
	say_wide(sampler, code);
	return 0;
}

void sampler_forget_narrow(struct sampler *sampler, int code)
{
	if (code)
		say_wide(sampler, code);
	sampler->left_out += sampler->narrow ? narrow_left_out(sampler->narrow) : 0;
	narrow_free(sampler->narrow);
	sampler->narrow = NULL;
}

void sampler_decide(
	struct sampler *sampler, const struct chosen_place *place, enum chosen_answer answer)
{
	if (sampler->narrow && sampler->chosen)
		narrow_decide(sampler->narrow, place, answer);
}
