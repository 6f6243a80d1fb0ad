/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of containers: cgroups and namespaces that the model knows of become CONTAINER
 * records.
 *
 * A container has its number as soon as its cgroup is seen; name, image and the rest follow in
 * another record with that number, from a worker that may take its time.  What is below its cgroup
 * belongs to it by the model.  Another run of the same container is another number.
 */
#ifndef RESOLVE_CONTAINERS_H
#define RESOLVE_CONTAINERS_H

#include <stdbool.h>
#include <stdint.h>

#include "resolve/container_facts.h"

struct containers;
struct loop;
struct model;
struct recording;

/* @roots: NULL for the machine's own. */
struct containers *containers_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct containers_roots *roots);
void containers_free(struct containers *containers);

/* Looks what came and went; costs nothing when nothing did. */
void containers_kick(struct containers *containers);

/* Something was done to some of them: looks at all again, soon. */
void containers_look_again(struct containers *containers);

/* Waits until nothing is being asked any more, at most so long; for the end of a recording. */
bool containers_settle(struct containers *containers, int timeout_ms);

/* Why containers are not told apart, in words; NULL: they are. */
const char *containers_trouble(const struct containers *containers);

#endif
