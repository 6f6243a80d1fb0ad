/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who keeps a container: the daemon that is asked to pause it, or the command that does it, so that
 * they know of it.
 *
 * Docker's and Podman's sockets are asked whether the container is theirs; Podman, whose service
 * seldom runs, is called with the folders that the container's conmon was started with.  Whoever
 * can start a process may write what he likes into its arguments: only processes of root outside
 * of all containers are believed.  All of it may block: called on a worker.
 */
#ifndef RESOLVE_CONTAINER_KEEPER_H
#define RESOLVE_CONTAINER_KEEPER_H

#include <stddef.h>

#define KEEPER_WORDS 40

struct container_keeper {
	enum { KEEPER_NONE, KEEPER_SOCKET, KEEPER_COMMAND } kind;
	char socket[108];
	char *words[KEEPER_WORDS]; /* owned: the command and its options, without a verb */
	size_t word_count;
	char why[120]; /* of KEEPER_NONE, as the end of a sentence */
};

/* @runtime: as the container's record has it; @id whole.  Released by container_keeper_release().
 */
void container_keeper_find(
	const char *proc, const char *runtime, const char *id, struct container_keeper *keeper);
void container_keeper_release(struct container_keeper *keeper);

/* --- for tests --- */

/* Options of the command at the end of a conmon's arguments, those that say where things are. */
void container_keeper_podman(
	const char *const *words, size_t count, struct container_keeper *keeper);

#endif
