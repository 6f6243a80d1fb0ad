/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lua with its hands tied: base, string, table and math, without what loads code, reaches files or
 * changes metatables; memory, time and the work of patterns are bounded, and pcall() does not help
 * against the bounds.
 */
#ifndef VIEW_SANDBOX_H
#define VIEW_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#define SANDBOX_MEMORY (8u << 20) /* bytes */
#define SANDBOX_TIME_NS 80000000ull

struct sandbox {
	lua_State *lua;
	size_t used;
	uint64_t deadline;
	const char *broke; /* the bound that was broken; NULL: none */
};

/* Returns 0 or -ENOMEM. */
int sandbox_init(struct sandbox *sandbox);
void sandbox_release(struct sandbox *sandbox);

/* Calls what is on the stack like lua_pcall(), from now within the bounds; a Lua status. */
int sandbox_call(struct sandbox *sandbox, int arguments, int results);

/* Why the last call failed; borrowed until the next. */
const char *sandbox_message(const struct sandbox *sandbox);

#endif
