/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads for what can block: disk, compression, other people's files.
 *
 * A job runs on a thread of the pool, and its done() on the loop's thread, in the order in which
 * the jobs ended (with one thread: the order in which they were posted).  A job touches nothing
 * that the loop's thread may touch meanwhile.  A pool with more than one thread starts another one
 * when work waits behind jobs that do not come back (a hung mount), up to its maximum.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct worker;

struct job {
	struct job *next; /* the pool's own */
	void (*run)(struct job *job);
	void (*done)(struct job *job); /* may free the job, which is the poster's */
};

/* @name: of the threads, at most 15 bytes.  @low_priority: behind everything else on the host. */
struct worker *worker_new(
	struct loop *loop, const char *name, unsigned max_threads, bool low_priority);

/*
 * Ends the pool.  Jobs that have not begun are handed to done() without having run if @drop, or
 * waited for.  A thread that hangs in a job is left behind; its job's done() is not called.
 */
void worker_free(struct worker *worker, bool drop);

void worker_post(struct worker *worker, struct job *job);

/* Jobs posted whose done() has not been called yet. */
size_t worker_pending(const struct worker *worker);

/* Waits until nothing is pending or @timeout_ms went by, calling done() here; whether all is. */
bool worker_finish(struct worker *worker, int timeout_ms);

#endif
