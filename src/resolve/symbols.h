/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbol resolver: addresses that the model wants named become SYMBOL records.
 *
 * Files are opened here, on a worker, and parsed in a child without rights (child.h), one request
 * at a time, so that a file that kills or holds the parser is known by its name; only that file
 * goes without symbols then, and another child takes over.
 */
#ifndef RESOLVE_SYMBOLS_H
#define RESOLVE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct model;
struct recording;
struct resolver;

struct resolver *resolver_new(struct loop *loop, struct recording *recording, struct model *model);
void resolver_free(struct resolver *resolver);

/* Sees to what the model wants by now. */
void resolver_kick(struct resolver *resolver);

/* Whether nothing is wanted that may still be answered. */
bool resolver_is_settled(const struct resolver *resolver);

/* Works until that is so, at most so long; for the end of a recording.  Whether it is. */
bool resolver_settle(struct resolver *resolver, int timeout_ms);

/* Called when names have become known. */
void resolver_on_names(struct resolver *resolver, void (*hook)(void *arg), void *arg);

#endif
