/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers as `tracetop list containers` has them: those that run and those that do not. */
#ifndef COMMAND_LIST_CONTAINERS_H
#define COMMAND_LIST_CONTAINERS_H

enum listed_cell {
	LISTED_NAME,
	LISTED_ID,
	LISTED_STATE,
	LISTED_PID,
	LISTED_EXIT,
	LISTED_RUNTIME,
	LISTED_IMAGE,
	LISTED_CREATED,
	LISTED_STARTED,
	LISTED_POD,
	LISTED_NAMESPACE,
	LISTED_CELLS
};

/*
 * Calls @visit for each, those that run first, by their names, with LISTED_CELLS texts, "" where
 * nothing is known.  What hinders that containers are told apart is said.
 */
void listed_containers(void (*visit)(void *arg, const char *const *cells), void *arg);

#endif
