/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tasks use: once an interval, every thread there is becomes a TASK_USAGE record, and what is
 * not known of it yet a TASK record.
 *
 * By a BPF iterator, which tells of ten thousand tasks in as many microseconds, with programs on
 * exec and exit so that who lived between two looks is counted too; where BPF does not work, by
 * /proc, where only whole processes are looked at.  Looking is a worker's; the loop never waits.
 */
#ifndef SOURCE_USAGE_H
#define SOURCE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct loop;
struct model;
struct recording;
struct usage;

struct usage *usage_new(struct loop *loop, struct recording *recording, struct model *model);
void usage_free(struct usage *usage);

/*
 * Looks at these processes only, and at the children that they start from now on; before
 * usage_start().
 */
void usage_narrow(struct usage *usage, const uint32_t *pids, size_t count);

/*
 * Records what tasks use only where these containers live; who is there is told of all.  With
 * usage_narrow() both must hold.  Before usage_start(); NULL: everywhere.
 */
struct chosen;
void usage_choose(struct usage *usage, const struct chosen *chosen);

/* Waits for a look that is under way, at most so long. */
void usage_settle(struct usage *usage, int timeout_ms);

/*
 * The first look, which later ones are differences to.  BPF programs are loaded with it, on the
 * worker; where they cannot be, /proc is used.
 */
void usage_start(struct usage *usage);

/* Called when a look was taken in, but at the end of an interval: others look beside it. */
void usage_on_look(struct usage *usage, void (*hook)(void *arg), void *arg);

/*
 * Called for each task that a look tells of, with the numbers of its TASK_USAGE record; NULL:
 * nobody is.  Looks may leave out tasks that did not run, see usage_need_idle().
 */
struct task;
void usage_on_task(struct usage *usage,
	void (*hook)(void *arg, const struct task *task, const uint64_t *nums), void *arg);

/* Whether the hook of usage_on_task() is called with each look for those too that did not run. */
void usage_need_idle(struct usage *usage, bool needed);

/* Looks again, on the worker; the records follow, dated to the time of the look. */
void usage_tick(struct usage *usage);

/* Looks again and waits for it; what was found is dated before @end, where an interval ended. */
void usage_close_interval(struct usage *usage, uint64_t end);

/* Takes in the execs that were told since; cheap. */
void usage_drain(struct usage *usage);

/* Why tasks are read from /proc, and what to do about it; NULL: they are not. */
const char *usage_trouble(const struct usage *usage);
uint64_t usage_lost(const struct usage *usage); /* execs and exits that were not told */

#endif
