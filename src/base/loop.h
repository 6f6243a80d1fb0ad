/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The poll() loop: everything that happens is a descriptor, a timer or idle work.
 *
 * One thread, no globals.  Callbacks may add and remove any watch or timer, their own included;
 * one that was removed is not called again, also not in the round under way.  No callback may
 * block: what can block (disk, other people's files, daemons) belongs to a worker.  The loop owns
 * the watches and timers, not the descriptors.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* @events as for poll(2); @ready gets the revents.  One watch a descriptor. */
typedef void loop_ready(void *arg, short revents);
void loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *arg);
void loop_unwatch(struct loop *loop, int fd);

/* Called at or after @due (clock_now()); returns when next, or 0 to end the timer. */
typedef uint64_t loop_expire(void *arg, uint64_t now);
struct loop_timer *loop_timer_add(struct loop *loop, uint64_t due, loop_expire *expire, void *arg);
void loop_timer_remove(struct loop *loop, struct loop_timer *timer);

/*
 * Work that can wait: @idle is called when no descriptor is ready, does a few milliseconds of it,
 * and returns whether there is more.  loop_wake_idle() says that there is some again.
 */
typedef bool loop_idle(void *arg);
void loop_set_idle(struct loop *loop, loop_idle *idle, void *arg);
void loop_wake_idle(struct loop *loop);

/* Called once a round after the callbacks, before the loop sleeps: the place to draw. */
typedef void loop_hook(void *arg);
void loop_before_sleep(struct loop *loop, loop_hook *hook, void *arg);

/* Runs until loop_stop(); returns its status. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

#endif
