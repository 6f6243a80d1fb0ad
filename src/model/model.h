/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is who: a fold over state and fact records.  The same records give the same model, whether
 * they are taken in live or read from a file.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/cgroups.h"
#include "model/maps.h"
#include "model/symbols.h"
#include "model/tasks.h"
#include "model/users.h"
#include "record/types.h"

struct recording;

/* An event that is or was sampled. */
struct event_fact {
	uint32_t id; /* subtype of its SAMPLE records */
	struct str name, unit, why;
	uint64_t frequency, period; /* one of them is 0 */
	bool stacks;
};

struct host_fact {
	struct str name, kernel, arch, boot, system;
	uint64_t cpus;
	uint64_t memory;   /* bytes; 0: not told */
	uint64_t self;	   /* process id of who recorded; 0: not told */
	uint64_t realtime; /* nanoseconds from CLOCK_MONOTONIC to the time since 1970 */
};

struct model {
	struct tasks tasks;
	struct symbols symbols;
	struct maps *maps; /* live only; nothing in a file needs them */
	struct host_fact host;
	struct event_fact *events;
	size_t event_count, event_capacity;
	struct cgroups cgroups;
	struct users users;
	struct intern strings;
};

struct model *model_new(void);
void model_free(struct model *model);

/* Takes one record in; other types than state and facts change nothing. */
void model_fold(struct model *model, const struct record *record);

/*
 * Everything of a recording that is there already: facts first, then state.  Returns how many
 * chunks could not be read.
 */
uint64_t model_load(struct model *model, struct recording *recording);

/* Appends the state that is now as SNAPSHOT records at @time: a keyframe. */
void model_snapshot(const struct model *model, struct recording *recording, uint64_t time);

/* The event with the id, or NULL. */
const struct event_fact *model_event(const struct model *model, uint32_t id);

/*
 * The container that a task was in at that time: by its cgroup, else by its namespaces.  @task may
 * be NULL, where only the cgroup is known.
 */
const struct container *model_container(const struct model *model, const struct task *task,
	uint32_t hierarchy, uint64_t cgroup, uint64_t time);

#endif
