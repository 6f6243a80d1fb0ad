/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the watch over cgroups: where hierarchies are and what is in them (cgroups_tree.c),
 * their files (cgroups_read.c), what comes and goes (cgroups_bpf.c), records (cgroups.c).
 */
#ifndef SOURCE_CGROUPS_LOCAL_H
#define SOURCE_CGROUPS_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "record/types.h"
#include "source/cgroups.h"

#define CGROUPS_MAX 65536
#define CGROUP_DEPTH 64

/* --- cgroups_tree.c --- */

/* Version 2, and the hierarchies of version 1 that have files for us. */
enum cgroup_tree { TREE_V2, TREE_CPU, TREE_CPUACCT, TREE_MEMORY, TREE_BLKIO, TREE_PIDS, TREES };

struct cgroup_mounts {
	char *path[TREES];     /* NULL: not mounted */
	enum cgroup_tree v1;   /* the one of version 1 that is told of; TREE_V2: none */
	uint32_t v1_hierarchy; /* its number; also where it is not mounted here */
};

/* Reads a mountinfo(5) and a cgroups(7) table; files that are missing are as empty. */
void cgroup_mounts_find(struct cgroup_mounts *mounts, const char *mountinfo, const char *cgroups);
void cgroup_mounts_release(struct cgroup_mounts *mounts);

/* Looks for them where process 1 has them mounted: a container sees its own alone. */
void cgroup_mounts_find_host(struct cgroup_mounts *mounts);

/* What a walk found, parents before their children. */
struct cgroup_found {
	uint64_t id, parent;
	uint32_t hierarchy;
	uint32_t path, size; /* in paths */
};
struct cgroup_walk {
	struct cgroup_found *found;
	size_t count, capacity;
	struct buf paths;
	bool cut; /* there were more than CGROUPS_MAX, or deeper ones */
};
void cgroup_walk_tree(struct cgroup_walk *walk, const char *root, uint32_t hierarchy);
void cgroup_walk_release(struct cgroup_walk *walk);

/* --- cgroups_read.c --- */

enum cgroup_file {
	FILE_CPU_STAT,
	FILE_CPU_MAX,
	FILE_MEMORY_CURRENT,
	FILE_MEMORY_STAT,
	FILE_MEMORY_MAX,
	FILE_MEMORY_EVENTS,
	FILE_IO_STAT,
	FILE_PIDS_CURRENT,
	FILE_PIDS_MAX,
	FILE_PSI_CPU,
	FILE_PSI_MEMORY,
	FILE_PSI_IO,
	/* Of version 1: */
	FILE_CPUACCT_USAGE,
	FILE_CPUACCT_USER,
	FILE_CPUACCT_SYSTEM,
	FILE_V1_CPU_STAT,
	FILE_V1_QUOTA,
	FILE_V1_PERIOD,
	FILE_V1_MEMORY,
	FILE_V1_MEMORY_STAT,
	FILE_V1_OOM,
	FILE_V1_BLKIO,
	FILE_V1_PIDS,
	FILE_V1_PIDS_MAX,
	CGROUP_FILES
};

/* What the files say; counters since the cgroup was made. */
struct cgroup_raw {
	uint64_t nums[CGROUP_USAGE_NUMS];
	uint64_t inactive; /* bytes of file pages that are the first to be given up */
	uint64_t resident; /* where version 2 has no memory.current: its root */
	uint64_t quota, period;
	uint32_t have; /* bits of CGROUP_USAGE_…: what some file told */
};

/* Takes in the text of a file; what is not understood changes nothing. */
void cgroup_file_parse(enum cgroup_file file, const char *text, struct cgroup_raw *raw);

/* The files of one cgroup, some of them open. */
struct cgroup_files {
	int fds[CGROUP_FILES]; /* -1: closed */
	uint32_t missing;      /* bits of files that are not there */
	uint32_t looks, phase;
	struct cgroup_raw raw;
};

struct cgroup_reader {
	const struct cgroup_mounts *mounts;
	size_t open, open_max; /* descriptors */
};

void cgroup_files_init(struct cgroup_files *files, uint64_t id);
void cgroup_files_close(struct cgroup_reader *reader, struct cgroup_files *files);

/*
 * Looks at one cgroup, @path below the roots.  What changes seldom, and all but CPU time of one
 * that did not run, is looked at now and then only.  False: it is gone.
 */
bool cgroup_files_look(struct cgroup_reader *reader, struct cgroup_files *files, const char *path);

/*
 * Instead of a look at one that cannot have run, as the one above it did not: whether that will do
 * this time.
 */
bool cgroup_files_skip(struct cgroup_files *files);

/* --- cgroups_bpf.c --- */

struct cgroup_bpf;
struct cgroup_change_event {
	enum { CGROUP_MADE, CGROUP_WENT, CGROUP_MOVED } kind;
	uint32_t hierarchy;
	uint64_t time, id, parent;
	struct str path;
};

struct cgroup_bpf *cgroup_bpf_new(uint32_t v1_hierarchy, struct error *error);
void cgroup_bpf_free(struct cgroup_bpf *bpf);
void cgroup_bpf_drain(struct cgroup_bpf *bpf,
	void (*take)(void *arg, const struct cgroup_change_event *event), void *arg);
/* Readable when a cgroup was made. */
int cgroup_bpf_fd(const struct cgroup_bpf *bpf);
uint64_t cgroup_bpf_lost(const struct cgroup_bpf *bpf);

#endif
