/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the path of a cgroup says of the container it belongs to.
 *
 * Every runtime and driver has its own way to name cgroups; the rules are tried on the components
 * of a path from right to left, so that of containers in containers the inner one is found.  Text
 * that only looks like an id is not taken for one; where any text may be an id (plain runc, ctr)
 * the path alone says nothing, and who asks has to look for a state that goes with it.
 */
#ifndef RESOLVE_CONTAINER_PATHS_H
#define RESOLVE_CONTAINER_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum container_role {
	ROLE_NONE,	/* says nothing of a container */
	ROLE_CONTAINER, /* of a container, or below one */
	ROLE_HELPER,	/* of what looks after one: conmon, a monitor */
};

#define CONTAINER_NAME_MAX 256

struct container_path {
	enum container_role role;
	const char *runtime; /* "oci" where the path tells no more than that it is one */
	struct str id;	     /* into the path, or into text */
	struct str pod_uid;  /* into uid; with dashes where the path has underscores */
	size_t size;	     /* of the path, as far as the container's own cgroup */
	char text[CONTAINER_NAME_MAX], uid[40];
};

/* The innermost container that the path tells of; false: none, and no helper of one. */
bool container_path_match(struct str path, struct container_path *out);

/* Whether the path may be that of a container whose id is any text: its last component is it. */
bool container_path_is_free(struct str path);

#endif
