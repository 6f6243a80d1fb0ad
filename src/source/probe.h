/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel and these rights allow, found out by trying.
 *
 * A probe does the thing itself, as small as it can be done: it opens the event, loads and attaches
 * the program, sets the tracer.  It believes no version, no list and no configuration file, because
 * a tracer that is listed may be forbidden all the same.  Whatever it makes it takes away again
 * before it returns, and nothing that belongs to others is changed: what can be tried only at their
 * cost is not tried, and the probe says so.
 */
#ifndef SOURCE_PROBE_H
#define SOURCE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum probe_state {
	PROBE_NO,
	PROBE_PARTLY, /* with a limit, or not tried */
	PROBE_YES,
};

struct probe_result {
	enum probe_state state;
	struct buf detail; /* what was found; may be empty */
	struct buf reason; /* why not, or why not all of it: never empty unless it is a yes */
	struct buf remedy; /* what to do about it: likewise */
};

struct probe_host;

struct probe {
	const char *name;
	const char *purpose; /* what tracetop has of it */
	void (*run)(
		struct probe_host *host, const struct probe *probe, struct probe_result *result);
	const char *text; /* what it is tried with; the probe's own business */
	uint64_t number;
};

struct probe_group {
	const char *name;
	const struct probe *probes;
	size_t count;
};

/* What is probed, in the order that it is told in. */
extern const struct probe_group *const probe_groups[];
extern const size_t probe_group_count;

/*
 * Opens what probes share, and removes what earlier ones left that were killed.  SIGINT and its
 * like wait until probe_host_free(), so that only SIGKILL can leave something.  With @readonly
 * nothing is written to tracefs but in an instance of our own.
 */
struct probe_host *probe_host_new(bool readonly);
void probe_host_free(struct probe_host *host);

/* Runs a probe; @result is zeroed or was released before. */
void probe_run(struct probe_host *host, const struct probe *probe, struct probe_result *result);
void probe_result_release(struct probe_result *result);

#endif
