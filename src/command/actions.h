/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do to processes: verbs of the router, all of them refused under --readonly. */
#ifndef COMMAND_ACTIONS_H
#define COMMAND_ACTIONS_H

#include "base/error.h"
#include "base/request.h"

struct session;

/*
 * The target is the number of a process (of a thread for renice and affinity) that lives according
 * to the model; the argument a signal's name, a nice value, a list of CPUs.  Each is done to that
 * life or not at all: a number that is another's by now is refused.
 */
int action_signal(struct session *session, const struct request *request, struct error *error);
int action_renice(struct session *session, const struct request *request, struct error *error);
int action_affinity(struct session *session, const struct request *request, struct error *error);

/* Whether the argument is a nice value, or a list of CPUs that are there. */
int action_check_renice(const struct request *request, struct error *error);
int action_check_affinity(const struct request *request, struct error *error);

/*
 * What is to be run to get a shell in the container whose number is the target: @argv with room for
 * 24 words, the texts in @room, the first process of the container.  "shell": the container's own
 * namespaces and files, our own cgroup and rights; "tools": a shell of the machine's, with its
 * files and tools, in the network and pid namespaces of the container.
 */
int action_shell(struct session *session, const struct request *request, const char **argv,
	char room[24], struct error *error);

/* Whether there is no /bin/sh in the container that this process is the first one of. */
bool action_shell_is_missing(const char *pid);

#endif
