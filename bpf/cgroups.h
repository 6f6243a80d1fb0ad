/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs of cgroups.bpf.c hand to source/cgroups_bpf.c. */
#ifndef BPF_CGROUPS_H
#define BPF_CGROUPS_H

#define CGROUP_PATH 4096

enum cgroup_event_kind { CGROUP_EVENT_MADE, CGROUP_EVENT_REMOVED, CGROUP_EVENT_RENAMED };

struct cgroup_event {
	unsigned int kind;
	unsigned int hierarchy;	 /* 0: version 2 */
	unsigned long long time; /* CLOCK_MONOTONIC */
	unsigned long long id, parent;
	unsigned int path_size; /* bytes behind the event */
	unsigned int unused;
};

#endif
