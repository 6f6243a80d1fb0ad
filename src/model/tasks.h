/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who lived when: threads and processes, folded from TASK records.
 *
 * A task is one life of a thread: ids are used again, so a task is found by its id and a time.
 * Tasks that ended are kept as long as there is data about them, up to a bound; the oldest go
 * first and are counted.
 *
 * Several sources tell of a life, each in its own order: the side-band of perf, looks at all tasks,
 * execs and exits that BPF tells, /proc.  Whatever comes first begins it, and the rest is found to
 * be about the same one: by when the kernel says that it started, else by the time of the record.
 * A life that has ended still takes what comes late; it goes on only if it is seen at a later time
 * (the first thread may end before others, one of which takes its number when it calls exec).
 */
#ifndef MODEL_TASKS_H
#define MODEL_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/types.h"

#define TASKS_ENDED_MAX 32768
#define CMDLINE_MAX 1024
#define CMDLINES_MAX (8u << 20) /* of all together; once there are more, */
#define CMDLINE_SHORT 128	/* new ones are cut to this */

struct task {
	struct thread thread;	/* as it is now; sources put its address into records */
	uint32_t parent;	/* tgid; 0: unknown or none */
	uint64_t start;		/* 0: before anyone looked */
	uint64_t end;		/* UINT64_MAX: lives; else not before its end */
	uint64_t told;		/* when it lived, as was told first */
	uint64_t named, execed; /* when it was renamed and called exec last; 0: not told */
	uint32_t older;		/* an earlier life of the same tid, or INDEX_NONE */
	uint32_t threads;	/* of a first thread: how many others live that are known */
	uint32_t uid;		/* plus 1; 0: nobody told */
	uint64_t pidns, mntns;	/* inodes; 0: nobody told */
	struct str cmdline;	/* NULs between arguments, maybe cut; owned */
	uint32_t execs;		/* that were told of */
	bool asked;		/* a source has asked /proc for its name */
	bool forked;		/* its fork was told of */
	bool starts_at_fork;	/* that is its start: a moment after the kernel's own */
	bool in_use;
	bool queued; /* among those that ended: maybe it goes on since */
};

struct tasks {
	struct task **tasks; /* by slot; addresses stay while a task is kept */
	size_t count, capacity;
	uint32_t *unused; /* slots */
	size_t unused_count, unused_capacity;
	struct index by_tid; /* the newest life of each */
	uint32_t *ended;     /* slots in the order of their ends: a ring */
	size_t ended_first, ended_count;
	size_t cmdlines;	  /* bytes of them */
	uint64_t evicted;	  /* ended tasks that were given up */
	uint64_t namespaces_told; /* times that one was said to be in some */
};

void tasks_release(struct tasks *tasks);
void tasks_fold(struct tasks *tasks, const struct record *record);

/* The task that had the id at that time, or NULL; borrowed until the next fold. */
struct task *tasks_find(const struct tasks *tasks, uint32_t tid, uint64_t time);

/* The life that began last by that time, ended or not: a record of that time is about it. */
struct task *tasks_at(const struct tasks *tasks, uint32_t tid, uint64_t time);

/* The life that started then, as the kernel tells it (a source may cut it to ticks), or NULL. */
struct task *tasks_life(const struct tasks *tasks, uint32_t tid, uint64_t start);

/* The last that had the id at some time from @first to @last, or NULL. */
struct task *tasks_find_between(
	const struct tasks *tasks, uint32_t tid, uint64_t first, uint64_t last);

/* The first of those, or NULL. */
struct task *tasks_first_between(
	const struct tasks *tasks, uint32_t tid, uint64_t first, uint64_t last);

/* The task that has the id now, or NULL. */
struct task *tasks_alive(const struct tasks *tasks, uint32_t tid);

/* The newest life with that id, ended or not, or NULL. */
struct task *tasks_newest(const struct tasks *tasks, uint32_t tid);

/* Forgets tasks that ended before @time. */
void tasks_forget(struct tasks *tasks, uint64_t time);

/* Calls @visit for every task that lives. */
void tasks_each_alive(
	const struct tasks *tasks, void (*visit)(void *arg, struct task *task), void *arg);

#endif
