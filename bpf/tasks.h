/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs of tasks.bpf.c hand to source/tasks_bpf.c. */
#ifndef BPF_TASKS_H
#define BPF_TASKS_H

#define TASK_ARGS 512 /* bytes of a command line that exec tells at most */

enum task_row_kind { TASK_ROW_THERE, TASK_ROW_EXEC, TASK_ROW_EXIT };

/* A thread as it stands; times in ns. */
struct task_row {
	unsigned int kind;
	unsigned int tid, tgid, parent, uid;
	unsigned int threads; /* of the process */
	unsigned int state;   /* bits of task_struct.__state and exit_state */
	int nice;
	unsigned long long time;		  /* CLOCK_MONOTONIC; of an exec or exit */
	unsigned long long start;		  /* likewise */
	unsigned long long runtime, user, system; /* user and system: as ticks saw them */
	unsigned long long read, written;	  /* bytes, of the thread; see dead_read */
	unsigned long long faults;
	/* Of the process, 0 with threads that are not its first: */
	unsigned long long file_pages, anon_pages, shmem_pages, total_pages;
	unsigned long long dead_read, dead_written, dead_faults; /* of threads that ended */
	unsigned long long cgroup;    /* id in the hierarchy of version 2 */
	unsigned long long cgroup_v1; /* id in another, 0: there is none */
	unsigned int hierarchy_v1;    /* its number */
	unsigned int pidns, mntns;
	unsigned int args_size; /* of an exec: bytes behind the row */
	char comm[16];
};

/* What programs are told before they are loaded. */
struct task_settings {
	unsigned int cpus; /* possible ones, whose counters of pages are summed; 0: they are not */
	int v1_subsystem;  /* index in css_set.subsys of the hierarchy to tell; -1: none */
};

#endif
