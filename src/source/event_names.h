/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of events that are the same on every machine, as perf has them. */
#ifndef SOURCE_EVENT_NAMES_H
#define SOURCE_EVENT_NAMES_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_name {
	const char *name, *alias;
	uint32_t type;
	uint64_t config;
	bool is_time; /* counts nanoseconds */
};

extern const struct event_name event_generic[];
extern const size_t event_generic_count;

/* Of each cache: loads, stores and prefetches, and the misses of each. */
#define EVENT_CACHE_OPS 6
void event_cache_name(char *out, size_t size, size_t cache, size_t op);
uint64_t event_cache_config(size_t cache, size_t op);

#endif
