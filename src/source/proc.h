/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc says of a process that was there before anyone looked.  All of it may block (a
 * process whose memory map is locked): called on a worker.
 */
#ifndef SOURCE_PROC_H
#define SOURCE_PROC_H

#include <stdint.h>

#include "base/buf.h"
#include "record/types.h"

struct proc_map {
	uint64_t start, end, offset;
	uint64_t dev, inode; /* dev: major << 32 | minor; both 0 with a build id */
	uint8_t build_id[20];
	uint8_t build_id_size;
	uint32_t path, path_size; /* in proc_info.paths */
};

struct proc_info {
	uint64_t time; /* when it was read, CLOCK_MONOTONIC */
	uint32_t parent;
	uint64_t start;		    /* CLOCK_MONOTONIC; 0: not known */
	char process[16], comm[16]; /* of the first thread and of the one asked for */
	struct proc_map *maps;	    /* executable ones, by start */
	size_t map_count, map_capacity;
	struct buf paths;
	int maps_error; /* negative errno: they could not be read */
};

/*
 * Reads about a thread of a process; with @maps, what it has mapped executable too.  Returns 0 or a
 * negative errno if there is no such thread.  proc_info_release() in any case.
 */
int proc_read(uint32_t tgid, uint32_t tid, int maps, struct proc_info *info);
void proc_info_release(struct proc_info *info);

/* Thread ids of a process; the caller frees them.  Returns how many, or a negative errno. */
int proc_threads(uint32_t tgid, uint32_t **tids);

#endif
