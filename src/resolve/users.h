/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users: those that tasks of the model run as become USER records.
 *
 * The machine's own are asked of the C library, which may ask a server that hangs: on a worker.
 * Those of a task with a root of its own are read from the passwd file there, as numbers of its own
 * user namespace; the machine's names would be wrong for them.
 */
#ifndef RESOLVE_USERS_H
#define RESOLVE_USERS_H

#include <stdbool.h>

struct loop;
struct model;
struct recording;
struct user_names;

/* @proc: "/proc", or another folder in tests. */
struct user_names *user_names_new(
	struct loop *loop, struct recording *recording, struct model *model, const char *proc);
void user_names_free(struct user_names *names);

/* Looks, once a second at most, for users that have not been asked for. */
void user_names_kick(struct user_names *names);

/* Waits for what is being asked, at most so long; whether all is there. */
bool user_names_settle(struct user_names *names, int timeout_ms);

#endif
