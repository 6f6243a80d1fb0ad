/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/request.h"

#include <errno.h>
#include <string.h>

bool router_refuses(const struct router *router, const char *verb)
{
	for (size_t i = 0; i < router->count; i++) {
		const struct request_route *route = &router->routes[i];

		if (!strcmp(route->verb, verb))
			return (route->changes_system && router->readonly) ||
			       (route->needs_live && !router->live);
	}
	return false;
}

int router_check(const struct router *router, const struct request *request, struct error *error)
{
	for (size_t i = 0; i < router->count; i++)
		if (!strcmp(router->routes[i].verb, request->verb) && router->routes[i].check)
			return router->routes[i].check(request, error);
	return 0;
}

int router_post(const struct router *router, const struct request *request, struct error *error)
{
	for (size_t i = 0; i < router->count; i++) {
		const struct request_route *route = &router->routes[i];

		if (strcmp(route->verb, request->verb))
			continue;
		if (route->needs_live && !router->live)
			return error_set(error, -EROFS,
				"'%s' works on the live machine, this is a capture", route->verb);
		if (route->changes_system && router->readonly)
			return error_set(error, -EPERM,
				"'%s' changes the system: refused by --readonly", route->verb);
		return route->carry_out(router->context, request, error);
	}
	return error_set(error, -ENOSYS, "nothing here carries out '%s'", request->verb);
}
