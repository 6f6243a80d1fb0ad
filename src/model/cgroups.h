/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups and the containers in them, folded from CGROUP and CONTAINER records.
 *
 * A cgroup is known by its hierarchy and its id: ids of different hierarchies collide, and a path
 * is used again by the next run of the same container.  What is below a container's cgroup belongs
 * to the container, by the ids of parents, not by paths.  A process that has no cgroup of its
 * container's is told by its pid namespace, else by its mount namespace.
 *
 * Those that are gone are kept as long as there is data about them, up to a bound; the first that
 * went are the first to be forgotten, and are counted.
 */
#ifndef MODEL_CGROUPS_H
#define MODEL_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/intern.h"
#include "record/types.h"

#define CGROUPS_GONE_MAX 16384
#define CONTAINERS_ENDED_MAX 8192

struct cgroup {
	uint64_t met; /* how many had been met with it: rises along the array */
	uint64_t id,
		parent; /* parent: an id of the same hierarchy; 0: unknown, or it is the root */
	uint32_t hierarchy;
	struct str path; /* below the root of its hierarchy, "/" for the root itself */
	bool gone;
	uint64_t end; /* when it went */
};

/* As its last CONTAINER record has it; texts are "" where nobody told. */
struct container {
	uint32_t number; /* not 0 */
	uint32_t hierarchy;
	uint64_t cgroup; /* 0: none of its own */
	uint64_t pidns, mntns;
	uint32_t pid1;
	uint64_t start, end; /* end 0: it is there */
	enum container_state state;
	uint32_t flags; /* enum container_flag */
	uint64_t restarts;
	struct str name, id, runtime, image, pod, pod_namespace, pod_uid, labels;
};

struct cgroups {
	struct cgroup *cgroups; /* in the order in which they were met */
	size_t count, capacity;
	struct index by_id, by_path; /* by_path: the newest with the path */
	struct container *containers;
	size_t container_count, container_capacity;
	struct index by_number, by_cgroup, by_pidns, by_mntns; /* of containers; the newest */
	struct intern strings;				       /* all texts of both */
	uint64_t met;					       /* cgroups, ever */
	size_t gone_count, ended_count;			       /* of those that are kept */
	uint64_t evicted;	       /* that were given up while there may be data about them */
	uint64_t generation;	       /* changes when another container may be the answer */
	uint64_t container_generation; /* changes with what is told of containers alone */
};

void cgroups_release(struct cgroups *cgroups);
void cgroups_fold(struct cgroups *cgroups, const struct record *record);

/*
 * Forgets what was gone before @time, a good many at once, and what is too much.  Borrowed texts
 * and pointers are good until here.
 */
void cgroups_forget(struct cgroups *cgroups, uint64_t time);

/* The first cgroup in the array that was met after so many; the count if there is none. */
size_t cgroups_met_after(const struct cgroups *cgroups, uint64_t met);

/* NULL if nobody told of it; borrowed until the next fold, as all that follows. */
const struct cgroup *cgroups_find(const struct cgroups *cgroups, uint32_t hierarchy, uint64_t id);

/* The newest with that path, or NULL. */
const struct cgroup *cgroups_at(const struct cgroups *cgroups, uint32_t hierarchy, struct str path);

/* The container that a cgroup belongs to, itself or by one above it; NULL: none. */
const struct container *cgroups_container(
	const struct cgroups *cgroups, uint32_t hierarchy, uint64_t id);

/*
 * The container of who lived in these namespaces at that time; NULL: none.  Inodes of namespaces
 * are used again at once, so one that began later or had ended is no answer.
 */
const struct container *cgroups_container_in(
	const struct cgroups *cgroups, uint64_t pidns, uint64_t mntns, uint64_t time);

const struct container *cgroups_container_numbered(const struct cgroups *cgroups, uint32_t number);

/* Appends all cgroups and containers as SNAPSHOT records: their part of a keyframe. */
struct recording;
void cgroups_snapshot(const struct cgroups *cgroups, struct recording *recording, uint64_t time);

#endif
