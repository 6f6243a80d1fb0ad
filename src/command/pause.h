/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers stopped where they stand, and let go on: by who keeps them, so that docker ps and
 * podman ps say so too; where nobody does or answers, by the kernel's freezer of their cgroup.
 *
 * Who keeps a container is found out when the question is put, so that the question says what will
 * be done; all of it on a worker.
 */
#ifndef COMMAND_PAUSE_H
#define COMMAND_PAUSE_H

#include <stdbool.h>

#include "base/error.h"

struct loop;
struct model;
struct pauser;

struct pauser_hooks {
	void (*found)(void *arg); /* pauser_describe() has more to say */
	/* It was done, or was not: @text says which, and how; escaped. */
	void (*done)(void *arg, bool is_done, const char *text);
	void *arg;
};

struct pauser *pauser_new(struct loop *loop, struct model *model, const struct pauser_hooks *hooks);
void pauser_free(struct pauser *pauser);

/*
 * What will be done to the container with the number @target, escaped; "" for none.  Begins to find
 * out where that is not known.  Borrowed until the next call.
 */
const char *pauser_describe(struct pauser *pauser, const char *target, bool pause);

/*
 * Does what was described, as soon as that is found out; done() follows.  Returns 1, or a negative
 * errno.
 */
int pauser_begin(struct pauser *pauser, const char *target, bool pause, struct error *error);

#endif
