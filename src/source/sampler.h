/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sampler: perf events on each CPU, their rings merged by time, into SAMPLE, TASK, CGROUP, DSO,
 * EVENT and LOST records.
 *
 * Forks, maps and names come from an event of its own that is never filtered or throttled, in rings
 * of their own, so that samples cannot push them out.  What was there before is asked of /proc, on
 * a worker, when a sample first needs it.
 */
#ifndef SOURCE_SAMPLER_H
#define SOURCE_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/chosen.h"

struct loop;
struct model;
struct recording;
struct sampler;

struct sampler_config {
	const char *const *events; /* as after -e; none: cycles, or cpu-clock without a PMU */
	size_t event_count;
	uint64_t frequency;   /* Hz a CPU, for events that say nothing of it themselves */
	bool stacks;	      /* call chains, likewise */
	const char *cpus;     /* "0-3,8"; NULL: all */
	const uint32_t *pids; /* processes and their children; none: all */
	size_t pid_count;
	const struct chosen *chosen; /* containers; NULL: all.  With processes, both must hold */
	size_t ring_size;	     /* bytes a CPU; 0: by the frequency */
};

struct sampler *sampler_new(struct loop *loop, struct recording *recording, struct model *model);

/*
 * Opens and starts the events.  Returns 0 or a negative errno with @error filled; a sampler that
 * did not start may be started again with another configuration.
 */
int sampler_start(
	struct sampler *sampler, const struct sampler_config *config, struct error *error);

/* Samples other events from now on; on failure goes on with those it had. */
int sampler_change(
	struct sampler *sampler, const struct sampler_config *config, struct error *error);

/*
 * Stops, then takes in what is in the rings, waiting for /proc at most a moment.  Returns the time
 * after which nothing was sampled.
 */
uint64_t sampler_stop(struct sampler *sampler);
void sampler_free(struct sampler *sampler);

/* Samples those who live there from now on, or no longer; nothing, where no container is chosen. */
void sampler_decide(
	struct sampler *sampler, const struct chosen_place *place, enum chosen_answer answer);

/* Takes in what has come; called by its own timer as well.  @now: clock_now(). */
void sampler_tick(struct sampler *sampler, uint64_t now);

/*
 * Takes in everything up to @time (clock_now(), now or before), and waits for /proc at most a
 * moment: what is recorded next comes behind it.
 */
void sampler_take_until(struct sampler *sampler, uint64_t time);

/* Called after each tick that took something in. */
void sampler_on_tick(struct sampler *sampler, void (*hook)(void *arg), void *arg);

struct sampler_status {
	bool running;
	const char *event;  /* names of what is sampled, ", " between */
	const char *why;    /* why that event; "" */
	uint64_t frequency; /* that was opened; 0: fixed periods */
	size_t cpus;
	uint64_t lost;	      /* samples, since the start */
	uint64_t throttled;   /* times that the kernel paused an event */
	uint64_t broken;      /* records that could not be taken apart */
	const char *narrowed; /* how it is narrowed to processes: "by BPF", "by perf"; "" */
	const char *wide;     /* why it is not narrowed to containers; NULL: it is, or to none */
	uint64_t left_out;    /* samples of others that the kernel did not write */
};
struct sampler_status sampler_status(const struct sampler *sampler);

#endif
