/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be sampled, and how it is written after -e:
 *
 *   NAME[/term,term…/][:modifiers]
 *
 * NAME is a hardware, cache or software event by perf's name, rHEX, PMU/terms/ with the terms that
 * /sys/bus/event_source/devices/PMU lists, or SYSTEM:EVENT, a tracepoint.  Terms of all: stack,
 * nostack, freq=HZ, period=N.  Modifiers: u and k (user or kernel only), p (precise).
 */
#ifndef SOURCE_EVENT_H
#define SOURCE_EVENT_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum event_group {
	EVENT_HARDWARE,
	EVENT_SOFTWARE,
	EVENT_CACHE,
	EVENT_PMU,
	EVENT_TRACEPOINT,
	EVENT_GROUPS
};

struct event_spec {
	char name[128]; /* as it was written, without terms of sampling */
	enum event_group group;
	struct perf_event_attr attr; /* type, config and modifiers; perf_attr_init() did the rest */
	bool has_frequency, has_period, has_stack; /* said by a term */
	bool stack;
	const char *unit; /* of its weight: "ns", or "" for hits */
};

/* 0, or -EINVAL with @error filled. */
int event_parse(const char *text, struct event_spec *spec, struct error *error);

/* An event of this machine, for a list. */
struct event_entry {
	enum event_group group;
	const char *name;
	const char *alias; /* another name of the same; "" */
	const char *why;   /* what keeps it from being opened; NULL: it was opened */
};

/*
 * Calls @visit for each event there is, by group and name, each tried unless it is a tracepoint: of
 * those one is tried for all, since opening one changes code in the kernel.
 */
void event_list(void (*visit)(void *arg, const struct event_entry *entry), void *arg);

/* Why perf_event_open() refused, and what to do: "… (perf_event_paranoid is 2: …)". */
void event_explain(struct buf *out, int code, bool system_wide);

#endif
