/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "source/narrow.h"
#include "source/sampler_local.h"

/* Records that are younger than this may still be overtaken by others of the same time. */
#define SLACK_NS (2 * NS_PER_MS)
#define FIRST_TICK_NS (20 * NS_PER_MS)
#define EARLY_NS (300 * NS_PER_MS) /* that a first sample is waited for by such ticks */
#define TICK_NS (100 * NS_PER_MS)
#define FAST_TICK_NS (50 * NS_PER_MS)
#define FAST_RATE 500	   /* samples a second of all CPUs from which ticks are fast */
#define TICK_RECORDS 65536 /* taken in at once: more wait for the next round */
#define PROC_THREADS 4
#define WAIT_MOMENT_NS (300 * NS_PER_MS) /* for /proc, at the end of something */

struct sampler *sampler_new(struct loop *loop, struct recording *recording, struct model *model)
{
	struct sampler *sampler = mem_zalloc(sizeof(*sampler));

	sampler->loop = loop;
	sampler->recording = recording;
	sampler->model = model;
	sampler->own_pid = (uint32_t)getpid();
	sampler->worker = worker_new(loop, "tracetop-proc", PROC_THREADS, false);
	return sampler;
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;
	sampler_close(sampler);
	loop_timer_remove(sampler->loop, sampler->timer);
	sampler->running = sampler->waiting = false;
	worker_free(sampler->worker, true);
	free(sampler->cpus);
	free(sampler->pids);
	free(sampler->opened);
	index_release(&sampler->by_perf_id);
	index_release(&sampler->stacks.index);
	free(sampler->stacks.stacks);
	free(sampler->stacks.addresses);
	free(sampler->frames);
	index_release(&sampler->followed);
	free(sampler->followed_tgids);
	free(sampler);
}

static bool sample_form(const void *arg, uint64_t perf_id, uint64_t *sample_type)
{
	const struct sampler *sampler = arg;
	const struct opened *opened = sampler_opened(sampler, perf_id);

	if (!opened || opened->event == SIDEBAND)
		return false;
	*sample_type = sampler->events[opened->event].sample_type;
	return true;
}

/* Takes in what lies before the watermark; false: a record waits for /proc. */
static bool sampler_drain(struct sampler *sampler, uint64_t now, uint64_t watermark)
{
	struct perf_form form = {sample_form, sampler, sampler->build_ids};
	unsigned taken = 0;

	ring_set_begin(&sampler->set, watermark);
	while (taken++ < TICK_RECORDS) {
		struct perf_record record;
		size_t size, ring;
		const struct perf_event_header *header = ring_set_peek(&sampler->set, &size, &ring);

		if (!header)
			break;
		if (perf_parse(header, size, &form, &record))
			sampler->broken++;
		else if (!sampler_take(sampler, &record, now))
			break;
		sampler->newest = record.time;
		ring_set_consume(&sampler->set);
	}
	ring_set_end(&sampler->set);
	return !sampler->waiting;
}

void sampler_tick(struct sampler *sampler, uint64_t now)
{
	if (!sampler->running)
		return;
	sampler_drain(sampler, now, now - SLACK_NS);
	sampler_check_modules(sampler, now);
	if (sampler->hook)
		sampler->hook(sampler->hook_arg);
}

void sampler_take_until(struct sampler *sampler, uint64_t time)
{
	uint64_t now = clock_now(), end = now + WAIT_MOMENT_NS;

	while (sampler->running && !sampler_drain(sampler, now, time) && now < end) {
		worker_finish(sampler->worker, 20);
		now = clock_now();
	}
}

void sampler_on_tick(struct sampler *sampler, void (*hook)(void *arg), void *arg)
{
	sampler->hook = hook;
	sampler->hook_arg = arg;
}

static uint64_t sampler_expire(void *arg, uint64_t now)
{
	struct sampler *sampler = arg;
	bool soon;

	sampler_tick(sampler, now);
	/* While a record waits, its deadline has to be seen to; and a screen waits for a first one.
	 */
	soon = sampler->waiting || (!sampler->sampled && now < sampler->begun + EARLY_NS);
	return clock_now() + (soon ? FIRST_TICK_NS : sampler->tick_ns);
}

/* The idle tasks, one a CPU, all with the number 0: no file of /proc tells of them. */
static void record_idle_task(struct sampler *sampler)
{
	struct thread idle = {.comm = "swapper", .process = "swapper"};

	if (tasks_alive(&sampler->model->tasks, 0))
		return;
	recording_append(sampler->recording, &(struct record){.type = RECORD_TASK,
						     .sub = TASK_ALIVE,
						     .time = clock_now(),
						     .flags = RECORD_SNAPSHOT,
						     .thread = &idle});
}

int sampler_start(struct sampler *sampler, const struct sampler_config *config, struct error *error)
{
	int code = sampler_open(sampler, config, error);

	if (code) {
		sampler_close(sampler);
		return code;
	}
	record_idle_task(sampler);
	if (!sampler->kernel_dso) /* the first start, and not a change of the event */
		sampler_describe_kernel(sampler);
	sampler_begin(sampler);
	sampler->running = true;
	sampler->sampled = false;
	sampler->begun = clock_now();
	sampler->tick_ns = sampler->frequency * sampler->cpu_count >= FAST_RATE ? FAST_TICK_NS
										: TICK_NS;
	for (size_t i = 0; i < sampler->event_count; i++) /* no telling how often it hits */
		if (!sampler->events[i].spec.attr.freq)
			sampler->tick_ns = FAST_TICK_NS;
	if (!sampler->timer)
		sampler->timer = loop_timer_add(
			sampler->loop, clock_now() + FIRST_TICK_NS, sampler_expire, sampler);
	return 0;
}

int sampler_change(
	struct sampler *sampler, const struct sampler_config *config, struct error *error)
{
	struct sampler *other = sampler_new(sampler->loop, sampler->recording, sampler->model);
	/* Tried beside the one that runs, so that a refusal costs nothing. */
	int code = sampler_open(other, config, error);

	sampler_free(other);
	if (code)
		return code;
	sampler_stop(sampler);
	return sampler_start(sampler, config, error);
}

uint64_t sampler_stop(struct sampler *sampler)
{
	uint64_t end;

	if (!sampler->running)
		return clock_now();
	for (size_t i = 0; i < sampler->opened_count; i++)
		ioctl(sampler->opened[i].fd, PERF_EVENT_IOC_DISABLE, 0);
	end = clock_now();
	sampler_take_until(sampler, UINT64_MAX - 1);
	sampler_close(sampler);
	sampler->running = false;
	return end;
}

struct sampler_status sampler_status(const struct sampler *sampler)
{
	return (struct sampler_status){.running = sampler->running,
		.event = sampler->names,
		.why = sampler->why,
		.frequency = sampler->event_count && sampler->events[0].spec.attr.freq
				     ? sampler->events[0].spec.attr.sample_freq
				     : 0,
		.cpus = sampler->cpu_count,
		.lost = sampler->lost,
		.throttled = sampler->throttled,
		.broken = sampler->broken,
		.narrowed = !sampler->pid_count	  ? ""
			    : sampler->by_threads ? "by perf"
						  : "by BPF",
		.wide = sampler->chosen && sampler->wide.code ? sampler->wide.text : NULL,
		.left_out = sampler->left_out +
			    (sampler->narrow ? narrow_left_out(sampler->narrow) : 0)};
}
