/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the file behind a DSO, and says what proves that it is the one.  May block: on a worker.
 */
#ifndef RESOLVE_OPEN_H
#define RESOLVE_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/maps.h"
#include "record/types.h"

struct open_wish {
	enum dso_kind kind;
	char *path;	     /* as the process sees it */
	uint64_t dev, inode; /* dev: major << 32 | minor; 0 where the build id is known */
	bool has_build_id;
	bool has_sighting;
	struct sighting sighting;
	uint64_t seen; /* CLOCK_REALTIME, when it was mapped or found mapped */
};

struct open_result {
	int fd;		/* or a negative errno */
	bool proven;	/* this is the file that was mapped; else its build id has to tell */
	bool disproven; /* and without one, it is not */
};

#define OPEN_WAYS 3

/*
 * Tries the @way-th way, from 0: by the mapping itself, by its path as the process sees it, by its
 * path here.  -ENOENT where a way leads nowhere.
 */
struct open_result open_dso(const struct open_wish *wish, unsigned way);

/* The vDSO of this process, in a file of its own; or a negative errno. */
int open_vdso(void);

#endif
