/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers that do not run, as far as their runtimes keep files of them: Docker's, Podman's and
 * CRI-O's, LXC's, those that runc made.  It may block and is not trusted: called on a worker.
 */
#ifndef RESOLVE_CONTAINER_STOPPED_H
#define RESOLVE_CONTAINER_STOPPED_H

#include "resolve/container_facts.h"

#define STOPPED_MAX 10000

struct stopped_container {
	struct container_facts facts;		     /* flags, state and processes mean nothing */
	char state[16];				     /* created, exited, dead, stopped */
	char created[40], started[40], finished[40]; /* as the files have them, or "" */
	int64_t exit_code;			     /* -1: not told */
};

/*
 * Calls @take for each, STOPPED_MAX at most; those that run may be among them where the files do
 * not tell.  @storages: more folders in which Podman keeps containers, NULL behind the last.
 */
void containers_stopped(struct fact_sources *sources, char *const *storages,
	void (*take)(void *arg, const struct stopped_container *container), void *arg);

#endif
