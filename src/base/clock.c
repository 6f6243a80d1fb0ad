/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

/* What two measurements may differ by where the machine has not slept in between. */
#define SLEEP_MIN_NS (5 * NS_PER_MS)
#define SLEEPS_MAX 64
#define TRIES 5

/* What CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC by, for what began from a time on. */
static struct sleep {
	uint64_t from; /* CLOCK_BOOTTIME */
	uint64_t slept;
} sleeps[SLEEPS_MAX];
static size_t sleep_count;
static uint64_t measured; /* CLOCK_BOOTTIME, the last time */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The most it can be by the closest readings of several. */
static uint64_t measure_slept(void)
{
	uint64_t closest = UINT64_MAX, slept = 0;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_now(), boot = clock_ns(CLOCK_BOOTTIME), after = clock_now();

		if (after - before >= closest)
			continue;
		closest = after - before;
		slept = boot > before ? boot - before : 0;
	}
	return slept;
}

static void note_sleep(uint64_t slept)
{
	if (!sleep_count)
		sleeps[sleep_count++] = (struct sleep){0, slept};
	else if (slept > sleeps[sleep_count - 1].slept + SLEEP_MIN_NS && sleep_count < SLEEPS_MAX)
		sleeps[sleep_count++] = (struct sleep){measured, slept};
	measured = clock_ns(CLOCK_BOOTTIME);
}

/* The same time gives the same, whenever it is asked for: starts tell lives apart. */
uint64_t clock_of_ticks(uint64_t ticks)
{
	uint64_t time = ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)), slept;
	size_t at;

	pthread_mutex_lock(&lock);
	note_sleep(measure_slept());
	for (at = sleep_count - 1; at && time < sleeps[at].from; at--)
		;
	slept = sleeps[at].slept;
	pthread_mutex_unlock(&lock);
	return time > slept ? time - slept : 1;
}
