/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/clock.h"

#define HOOK_EVERY 1000 /* instructions */
#define REPEAT_MAX (1 << 20)
#define PATTERN_WORK 10000000 /* steps that a match may take at worst */

static struct sandbox *sandbox_of(lua_State *lua)
{
	return *(struct sandbox **)lua_getextraspace(lua);
}

/*
 * Once a bound is broken every instruction raises the error again: a pcall() that catches it is
 * left by the next one.
 */
static void sandbox_hook(lua_State *lua, lua_Debug *unused)
{
	struct sandbox *sandbox = sandbox_of(lua);

	(void)unused;
	if (!sandbox->broke && clock_now() > sandbox->deadline)
		sandbox->broke = "it runs too long";
	if (sandbox->broke) {
		lua_sethook(lua, sandbox_hook, LUA_MASKCOUNT, 1);
		luaL_error(lua, "%s", sandbox->broke);
	}
}

static void *sandbox_alloc(void *arg, void *block, size_t old_size, size_t new_size)
{
	struct sandbox *sandbox = arg;
	size_t old = block ? old_size : 0;
	void *moved;

	if (!new_size) {
		free(block);
		sandbox->used -= old;
		return NULL;
	}
	if (new_size > old && sandbox->used + (new_size - old) > SANDBOX_MEMORY) {
		sandbox->broke = "it takes too much memory";
		if (sandbox->lua)
			lua_sethook(sandbox->lua, sandbox_hook, LUA_MASKCOUNT, 1);
		return NULL;
	}
	moved = realloc(block, new_size);
	if (moved)
		sandbox->used += new_size - old;
	return moved;
}

/*
 * Patterns backtrack: with k items that may match a varying length, a match takes up to n^k steps,
 * in C, where no hook looks.  So subject and pattern are weighed before.
 */
static void check_pattern(lua_State *lua)
{
	size_t subject, size;
	const char *pattern;
	double work;

	luaL_checklstring(lua, 1, &subject);
	pattern = luaL_checklstring(lua, 2, &size);
	work = (double)subject + 1;
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] == '%')
			i++;
		else if (strchr("*+-?", pattern[i]))
			work *= (double)subject + 1;
	}
	if (work > PATTERN_WORK)
		luaL_error(lua, "the pattern may take too long on a text of %d bytes",
			(int)(subject > 1 << 30 ? 1 << 30 : subject));
}

/* The function of the library, kept as an upvalue, behind the check. */
static int call_library(lua_State *lua)
{
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
	return lua_gettop(lua);
}

static int bounded_pattern(lua_State *lua)
{
	check_pattern(lua);
	return call_library(lua);
}

static int bounded_rep(lua_State *lua)
{
	if (luaL_checkinteger(lua, 2) > REPEAT_MAX)
		luaL_error(lua, "more than %d repetitions", REPEAT_MAX);
	return call_library(lua);
}

static int bounded_move(lua_State *lua)
{
	lua_Integer first = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3);

	if (last > first && (lua_Unsigned)last - (lua_Unsigned)first > REPEAT_MAX)
		luaL_error(lua, "more than %d elements", REPEAT_MAX);
	return call_library(lua);
}

static void bound(lua_State *lua, const char *library, const char *name, lua_CFunction check)
{
	lua_getglobal(lua, library);
	lua_getfield(lua, -1, name);
	lua_pushcclosure(lua, check, 1);
	lua_setfield(lua, -2, name);
	lua_pop(lua, 1);
}

static void forget(lua_State *lua, const char *library, const char *name)
{
	lua_getglobal(lua, library);
	lua_pushnil(lua);
	lua_setfield(lua, -2, name);
	lua_pop(lua, 1);
}

static int sandbox_open(lua_State *lua)
{
	static const char *const forbidden[] = {"collectgarbage", "dofile", "getmetatable", "load",
		"loadfile", "print", "rawset", "require", "setmetatable", "warn"};
	static const char *const patterns[] = {"find", "gmatch", "gsub", "match"};

	luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
	luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
	luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
	luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
	lua_settop(lua, 0);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		forget(lua, LUA_GNAME, forbidden[i]);
	forget(lua, LUA_STRLIBNAME, "dump");
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		bound(lua, LUA_STRLIBNAME, patterns[i], bounded_pattern);
	bound(lua, LUA_STRLIBNAME, "rep", bounded_rep);
	bound(lua, LUA_TABLIBNAME, "move", bounded_move);
	return 0;
}

int sandbox_init(struct sandbox *sandbox)
{
	*sandbox = (struct sandbox){.deadline = UINT64_MAX};
	sandbox->lua = lua_newstate(sandbox_alloc, sandbox);
	if (!sandbox->lua)
		return -ENOMEM;
	*(struct sandbox **)lua_getextraspace(sandbox->lua) = sandbox;
	lua_pushcfunction(sandbox->lua, sandbox_open);
	return lua_pcall(sandbox->lua, 0, 0, 0) == LUA_OK ? 0 : -ENOMEM;
}

void sandbox_release(struct sandbox *sandbox)
{
	if (sandbox->lua)
		lua_close(sandbox->lua);
	sandbox->lua = NULL;
}

int sandbox_call(struct sandbox *sandbox, int arguments, int results)
{
	int status;

	sandbox->deadline = clock_now() + SANDBOX_TIME_NS;
	sandbox->broke = NULL;
	lua_sethook(sandbox->lua, sandbox_hook, LUA_MASKCOUNT, HOOK_EVERY);
	status = lua_pcall(sandbox->lua, arguments, results, 0);
	lua_sethook(sandbox->lua, NULL, 0, 0);
	/* It may have ended well and yet have broken a bound. */
	return status == LUA_OK && sandbox->broke ? LUA_ERRRUN : status;
}

const char *sandbox_message(const struct sandbox *sandbox)
{
	const char *text;

	if (sandbox->broke)
		return sandbox->broke;
	text = lua_type(sandbox->lua, -1) == LUA_TSTRING ? lua_tostring(sandbox->lua, -1) : NULL;
	return text ? text : "it failed without a message";
}
