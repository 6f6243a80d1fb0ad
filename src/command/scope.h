/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line narrows to: -f what is shown, -c what is recorded as well, -p that alone.
 */
#ifndef COMMAND_SCOPE_H
#define COMMAND_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct container;
struct filter;
struct options;
struct session;

/* The filter of -f and -c, the caller's; NULL when -f is none, and that was said. */
struct filter *scope_filter(const struct options *options);

/* Whether -c names that container, or its pod; without -c, all are meant. */
bool scope_has_container(const struct options *options, const struct container *container);

/*
 * Makes session->chosen of -c; NULL, if there is none.  Live it is to be decided before anything is
 * sampled: scope_settle() waits a moment for what is there, then decides.
 */
void scope_choose(struct session *session);
void scope_settle(struct session *session);

/* Records a note of each narrowing. */
void scope_note(struct session *session);

/* Words for all that narrows, as behind "only"; cut to @size, "" where nothing does. */
void scope_describe(const struct session *session, char *text, size_t size);

/* What -c names and is not there, in words, and what is; false: all of it is. */
bool scope_missing(const struct session *session, struct buf *text);
void scope_complain_missing(const struct session *session);

#endif
