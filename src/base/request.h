/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a key reaches the kernel: whoever draws posts {verb, target, argument}; a router above all
 * sources and actions carries it out.  The screen knows no source, and a source no screen.
 */
#ifndef BASE_REQUEST_H
#define BASE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct request {
	const char *verb;     /* as in the router's table: "event", "frequency", "save" … */
	const char *target;   /* what it is about; may be NULL */
	const char *argument; /* a value for it; may be NULL */
};

struct request_route {
	const char *verb;
	bool needs_live;     /* means nothing on a capture */
	bool changes_system; /* refused under --readonly */
	/* 0: it is done; 1: it is under way, and will be told of; or a negative errno. */
	int (*carry_out)(void *context, const struct request *request, struct error *error);
	/* Whether the argument is one, before anything is done or asked about; NULL: any is. */
	int (*check)(const struct request *request, struct error *error);
};

struct router {
	const struct request_route *routes;
	size_t count;
	void *context;
	bool live, readonly;
};

/* Whether what the verb asks for is refused in any case: by --readonly, or as it is a capture. */
bool router_refuses(const struct router *router, const char *verb);

/* What is wrong with the argument: a negative errno with @error filled; 0: nothing. */
int router_check(const struct router *router, const struct request *request, struct error *error);

/* Carries the request out, or refuses it; 0, 1, or a negative errno with @error filled. */
int router_post(const struct router *router, const struct request *request, struct error *error);

#endif
