/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's control groups: which there are, which come and go, and once an interval what each
 * of them uses.
 *
 * What is there at the start is walked.  What comes and goes is told by BPF, with the time at which
 * it did; where BPF does not work, the tree is walked again every few seconds.  Version 2 is told
 * of, and one hierarchy of version 1 (the one that tasks are told with); the others are only read:
 * what a cgroup uses is put together from the folders of the same path in all of them.  Walking and
 * reading are a worker's; the loop never waits.
 */
#ifndef SOURCE_CGROUPS_H
#define SOURCE_CGROUPS_H

#include <stdint.h>

struct loop;
struct recording;
struct cgroup_watch;

struct cgroup_watch *cgroup_watch_new(struct loop *loop, struct recording *recording);
void cgroup_watch_free(struct cgroup_watch *watch);

/* @hook: called when a cgroup that was made was told of; names may not be there for long. */
void cgroup_watch_on_made(struct cgroup_watch *watch, void (*hook)(void *arg), void *arg);

/* The first walk; BPF programs are loaded with it, on the worker. */
void cgroup_watch_start(struct cgroup_watch *watch);

/*
 * Records what is used only of cgroups of these containers; which there are is told of all.  NULL:
 * of all.
 */
struct chosen;
void cgroup_watch_choose(struct cgroup_watch *watch, const struct chosen *chosen);

/* Waits for what is under way, the first walk too, at most so long. */
void cgroup_watch_settle(struct cgroup_watch *watch, int timeout_ms);

/* Takes in what came and went since; cheap. */
void cgroup_watch_drain(struct cgroup_watch *watch);

/*
 * Looks what they use, on the worker; the records follow, dated to the time of the look.  The first
 * one is what later ones are differences to.
 */
void cgroup_watch_tick(struct cgroup_watch *watch);

/* Looks again and waits for it; what was found is dated before @end, where an interval ended. */
void cgroup_watch_close_interval(struct cgroup_watch *watch, uint64_t end);

/* Bits of CGROUP_USAGE_…: what is known to be told of a cgroup; 0: it was not looked at yet. */
uint32_t cgroup_watch_tells(const struct cgroup_watch *watch, uint32_t hierarchy, uint64_t id);

/* Why cgroups are looked for again and again, and what to do about it; NULL: they are not. */
const char *cgroup_watch_trouble(const struct cgroup_watch *watch);

#endif
