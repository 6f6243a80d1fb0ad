/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mapped where, now: address spaces of processes and of the kernel, executable parts only.
 *
 * Used while samples are taken in: an address becomes a DSO and an offset there and then, and the
 * sample carries those.  So nothing that is read later, on whatever machine, needs the maps of
 * that moment, and they are not recorded.
 */
#ifndef MODEL_MAPS_H
#define MODEL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/types.h"

struct map {
	uint64_t start, end; /* [start, end) */
	uint64_t offset;     /* in the DSO, of start; for absolute addresses the same as start */
	uint64_t since;	     /* CLOCK_MONOTONIC */
	uint32_t dso;
};

/* How much is known of an address space. */
enum space_state {
	SPACE_UNKNOWN, /* only what was mapped since we look; nobody asked for the rest yet */
	SPACE_ASKED,
	SPACE_KNOWN,
	SPACE_HIDDEN, /* could not be read: rights, or the process hangs */
};

struct maps;

struct maps *maps_new(void);
void maps_free(struct maps *maps);

enum space_state maps_state(const struct maps *maps, uint32_t tgid);
void maps_set_state(struct maps *maps, uint32_t tgid, enum space_state state);

/* A new mapping; takes the place of what was mapped there. */
void maps_add(struct maps *maps, uint32_t tgid, const struct map *map);

/*
 * All mappings of a process as they were read at @time: those that were added later stay on top.
 * @found is sorted by start and does not overlap.
 */
void maps_set(
	struct maps *maps, uint32_t tgid, const struct map *found, size_t count, uint64_t time);

void maps_fork(struct maps *maps, uint32_t parent, uint32_t child);
void maps_exec(struct maps *maps, uint32_t tgid); /* empty, and known to be */
void maps_exit(struct maps *maps, uint32_t tgid);

/* Nothing is known for sure any more (records were lost): every space is to be read again. */
void maps_doubt_all(struct maps *maps);

/* The mapping that covers the address, or NULL; borrowed until the next change. */
const struct map *maps_find(const struct maps *maps, uint32_t tgid, uint64_t address);

/*
 * Where a DSO was seen mapped last: who wants to read its file finds it there.  False: nowhere.
 */
struct sighting {
	uint32_t tgid;
	uint64_t start, end;
};
void maps_saw(struct maps *maps, uint32_t tgid, const struct map *map);
bool maps_sighting(const struct maps *maps, uint32_t dso, struct sighting *sighting);

/* Changes whenever an answer about this process may have: two spaces never share a number. */
uint64_t maps_generation(const struct maps *maps, uint32_t tgid);

/* The process number under which the kernel's own space is kept: no tgid is so large. */
#define MAPS_KERNEL UINT32_MAX

#endif
