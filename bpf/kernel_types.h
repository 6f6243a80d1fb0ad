/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few fields of kernel structures that our BPF programs read.  libbpf finds them in the running
 * kernel by name (CO-RE), so order and other fields do not matter, and no generated header of three
 * megabytes is needed.
 */
#ifndef BPF_KERNEL_TYPES_H
#define BPF_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long long counter;
} atomic64_t;

struct task_io_accounting {
	unsigned long long read_bytes, write_bytes;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	unsigned long maj_flt;
	struct task_io_accounting ioac;
};

/* The inodes of namespaces. */
struct ns_common {
	unsigned int inum;
};
struct pid_namespace {
	struct ns_common ns;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kernfs_node {
	unsigned long long id;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};
struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

/* Pages: a counter a CPU beside a common one since Linux 6.2, a common one before. */
struct percpu_counter {
	long long count;
	int *counters;
};
struct mm_struct {
	struct percpu_counter rss_stat[4];
	unsigned long total_vm, arg_start, arg_end;
};
struct mm_rss_stat {
	atomic64_t count[4];
};
struct mm_struct___before_6_2 {
	struct mm_rss_stat rss_stat;
};

typedef struct {
	unsigned int val;
} kuid_t;
struct cred {
	kuid_t uid;
};
struct sched_entity {
	unsigned long long sum_exec_runtime;
};

struct task_struct {
	unsigned int __state; /* state before Linux 5.14 */
	int exit_state;
	int static_prio;
	struct sched_entity se;
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	unsigned long long utime, stime;
	unsigned long long start_time;
	unsigned long maj_flt;
	const struct cred *cred;
	char comm[16];
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct task_io_accounting ioac;
	struct css_set *cgroups;
};
struct task_struct___before_5_14 {
	long state;
};

/* A map of one entry a CPU. */
struct bpf_array {
	void *pptrs[1];
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
