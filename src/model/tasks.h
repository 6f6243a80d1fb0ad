/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who lived when: threads and processes, folded from TASK records.
 *
 * A task is one life of a thread: ids are used again, so a task is found by its id and a time.
 * Tasks that ended are kept as long as there is data about them, up to a bound; the oldest go
 * first and are counted.
 */
#ifndef MODEL_TASKS_H
#define MODEL_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/types.h"

#define TASKS_ENDED_MAX 32768

struct task {
	struct thread thread; /* as it is now; sources put its address into records */
	uint32_t parent;      /* tgid; 0: unknown or none */
	uint64_t start;	      /* 0: before anyone looked */
	uint64_t end;	      /* UINT64_MAX: lives */
	uint32_t older;	      /* an earlier life of the same tid, or INDEX_NONE */
	uint32_t threads;     /* of a first thread: how many others live that are known */
	bool asked;	      /* a source has asked /proc for its name */
	bool in_use;
};

struct tasks {
	struct task **tasks; /* by slot; addresses stay while a task is kept */
	size_t count, capacity;
	uint32_t *unused; /* slots */
	size_t unused_count, unused_capacity;
	struct index by_tid; /* the newest life of each */
	uint32_t *ended;     /* slots in the order of their ends: a ring */
	size_t ended_first, ended_count;
	uint64_t evicted; /* ended tasks that were given up */
};

void tasks_release(struct tasks *tasks);
void tasks_fold(struct tasks *tasks, const struct record *record);

/* The task that had the id at that time, or NULL; borrowed until the next fold. */
struct task *tasks_find(const struct tasks *tasks, uint32_t tid, uint64_t time);

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
