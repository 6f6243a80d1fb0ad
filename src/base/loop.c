/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

struct watch {
	loop_ready *ready; /* NULL: removed, swept before the next poll */
	void *arg;
};

struct loop_timer {
	struct loop_timer *next;
	uint64_t due;
	loop_expire *expire; /* NULL: removed */
	void *arg;
};

struct loop {
	struct pollfd *fds; /* fds[i] belongs to watches[i] */
	struct watch *watches;
	size_t count, fd_capacity, watch_capacity;
	struct loop_timer *timers; /* unsorted: there are a handful */
	loop_idle *idle;
	void *idle_arg;
	bool has_idle_work;
	loop_hook *before_sleep;
	void *before_sleep_arg;
	bool stopped;
	int status;
};

struct loop *loop_new(void)
{
	return mem_zalloc(sizeof(struct loop));
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->timers) {
		struct loop_timer *next = loop->timers->next;

		free(loop->timers);
		loop->timers = next;
	}
	free(loop->fds);
	free(loop->watches);
	free(loop);
}

void loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *arg)
{
	size_t at = loop->count++;

	loop->fds = mem_grow(loop->fds, &loop->fd_capacity, loop->count, sizeof(*loop->fds));
	loop->watches = mem_grow(
		loop->watches, &loop->watch_capacity, loop->count, sizeof(*loop->watches));
	loop->fds[at] = (struct pollfd){.fd = fd, .events = events};
	loop->watches[at] = (struct watch){ready, arg};
}

void loop_unwatch(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->count; i++)
		if (loop->fds[i].fd == fd && loop->watches[i].ready)
			loop->watches[i].ready = NULL;
}

struct loop_timer *loop_timer_add(struct loop *loop, uint64_t due, loop_expire *expire, void *arg)
{
	struct loop_timer *timer = mem_alloc(sizeof(*timer));

	*timer = (struct loop_timer){loop->timers, due, expire, arg};
	loop->timers = timer;
	return timer;
}

void loop_timer_remove(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	if (timer)
		timer->expire = NULL;
}

void loop_set_idle(struct loop *loop, loop_idle *idle, void *arg)
{
	loop->idle = idle;
	loop->idle_arg = arg;
}

void loop_wake_idle(struct loop *loop)
{
	loop->has_idle_work = true;
}

void loop_before_sleep(struct loop *loop, loop_hook *hook, void *arg)
{
	loop->before_sleep = hook;
	loop->before_sleep_arg = arg;
}

void loop_stop(struct loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}

static void loop_sweep(struct loop *loop)
{
	struct loop_timer **link = &loop->timers;
	size_t kept = 0;

	for (size_t i = 0; i < loop->count; i++) {
		if (!loop->watches[i].ready)
			continue;
		loop->fds[kept] = loop->fds[i];
		loop->watches[kept++] = loop->watches[i];
	}
	loop->count = kept;
	while (*link) {
		struct loop_timer *timer = *link;

		if (timer->expire) {
			link = &timer->next;
			continue;
		}
		*link = timer->next;
		free(timer);
	}
}

/* Milliseconds until the next timer, rounded up so that it is due on waking; -1: none. */
static int loop_timeout(const struct loop *loop)
{
	uint64_t now = clock_now(), first = UINT64_MAX;

	if (loop->idle && loop->has_idle_work)
		return 0;
	for (const struct loop_timer *timer = loop->timers; timer; timer = timer->next)
		if (timer->due < first)
			first = timer->due;
	if (first == UINT64_MAX)
		return -1;
	if (first <= now)
		return 0;
	first = (first - now + NS_PER_MS - 1) / NS_PER_MS;
	return first > 60000 ? 60000 : (int)first;
}

static void loop_run_timers(struct loop *loop)
{
	uint64_t now = clock_now();

	for (struct loop_timer *timer = loop->timers; timer && !loop->stopped;
		timer = timer->next) {
		uint64_t next;

		if (!timer->expire || timer->due > now)
			continue;
		next = timer->expire(timer->arg, now);
		if (next)
			timer->due = next;
		else
			timer->expire = NULL;
	}
}

static void loop_run_ready(struct loop *loop, int ready)
{
	size_t count = loop->count; /* watches added in this round wait for the next */

	for (size_t i = 0; i < count && ready > 0 && !loop->stopped; i++) {
		short revents = loop->fds[i].revents;

		if (!revents)
			continue;
		ready--;
		loop->fds[i].revents = 0;
		if (loop->watches[i].ready)
			loop->watches[i].ready(loop->watches[i].arg, revents);
	}
}

int loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		int ready;

		loop_sweep(loop);
		ready = poll(loop->fds, loop->count, loop_timeout(loop));
		if (ready < 0 && errno != EINTR)
			return -errno;
		loop_run_ready(loop, ready);
		if (!loop->stopped)
			loop_run_timers(loop);
		if (!loop->stopped && ready <= 0 && loop->idle && loop->has_idle_work) {
			loop->has_idle_work = false; /* the work itself may ask for more */
			if (loop->idle(loop->idle_arg))
				loop->has_idle_work = true;
		}
		if (!loop->stopped && loop->before_sleep)
			loop->before_sleep(loop->before_sleep_arg);
	}
	return loop->status;
}
