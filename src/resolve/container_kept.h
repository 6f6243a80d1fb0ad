/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was learned of a container, in as many bytes as it takes: there may be tens of thousands. */
#ifndef RESOLVE_CONTAINER_KEPT_H
#define RESOLVE_CONTAINER_KEPT_H

#include "base/str.h"
#include "resolve/container_facts.h"

/* The texts stand behind it, in one piece of memory. */
struct kept_facts {
	struct str name, id, runtime, image, pod, pod_namespace, pod_uid;
	struct str labels; /* as in struct container_facts */
	uint32_t pid1, flags;
	uint64_t pidns, mntns, start, restarts;
	enum container_state state;
};

/*
 * Made of the facts, and where they tell nothing, of those that were kept before (NULL: none are):
 * a later look may find less, for its files go before a container does.  The caller's to free.
 */
struct kept_facts *facts_keep(const struct container_facts *facts, const struct kept_facts *before);

bool facts_are_same(const struct kept_facts *a, const struct kept_facts *b);

#endif
