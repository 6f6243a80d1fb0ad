/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Containers that someone asked for, and which of the places that tasks live in are theirs.
 *
 * A place is a cgroup, or where a container has none of its own a namespace.  Those of the machine
 * and of other containers are out; what only begins is open until there is a name, or none is to
 * be expected any more.  Where containers come, go and are renamed, places are decided again.
 */
#ifndef MODEL_CHOSEN_H
#define MODEL_CHOSEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct chosen;
struct container;
struct model;

enum chosen_kind { CHOSEN_CGROUP, CHOSEN_PIDNS, CHOSEN_MNTNS };

struct chosen_place {
	enum chosen_kind kind;
	uint32_t hierarchy; /* of a cgroup: 0 for version 2 */
	uint64_t id;	    /* of the cgroup, inode of the namespace */
};

enum chosen_answer {
	CHOSEN_OPEN, /* nothing is known of it, or not enough yet */
	CHOSEN_IN,
	CHOSEN_OUT,
	CHOSEN_HOST, /* a cgroup of no container: who is in there is told by its namespaces */
};

/* @names: of containers or pods, or beginnings of ids; borrowed, as the model is. */
struct chosen *chosen_new(const struct model *model, const char *const *names, size_t count);
void chosen_free(struct chosen *chosen);

/* Whether that container is one that was asked for. */
bool chosen_has(const struct chosen *chosen, const struct container *container);

/* Whether a container is called so: by name, by id or the beginning of one, or by its pod. */
bool chosen_is_called(const struct container *container, const char *name);

/* Whether a name is taken for the beginning of an id: as docker and podman print them. */
bool chosen_is_id(const char *name);

/* Decides what has changed since; costs nothing where nothing has.  @now: clock_now(). */
void chosen_update(struct chosen *chosen, uint64_t now);

/*
 * Called for each place whose answer changes; CHOSEN_OPEN: it is gone or to be forgotten.  The same
 * answer may be told again.
 */
typedef void chosen_hook(void *arg, const struct chosen_place *place, enum chosen_answer answer);
void chosen_on_change(struct chosen *chosen, chosen_hook *hook, void *arg);

/* Calls for every place that is decided. */
void chosen_each(const struct chosen *chosen, chosen_hook *hook, void *arg);

/*
 * Whether who lives there belongs to it, never CHOSEN_HOST.  0: not told; of whom nothing at all is
 * told, nobody will know a container.
 */
enum chosen_answer chosen_ask(const struct chosen *chosen, uint32_t hierarchy, uint64_t cgroup,
	uint64_t pidns, uint64_t mntns);

/*
 * Appends what was asked for and is not there now, 'a', 'b' and so on; false: all of it is.  With
 * @ended, containers that have ended count too.
 */
bool chosen_missing(const struct chosen *chosen, bool ended, struct buf *names);

#endif
