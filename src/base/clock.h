/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time.  Everything recorded is in nanoseconds of CLOCK_MONOTONIC. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static inline uint64_t clock_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/*
 * A time of /proc, in clock ticks since the machine was started, sleep counted in.  Not later than
 * it was, at most a tick earlier if the machine has not slept since; never 0.
 */
uint64_t clock_of_ticks(uint64_t ticks);

#endif
