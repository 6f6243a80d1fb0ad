/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Narrows sampling to a set of processes, to places (cgroups and namespaces of containers), or to
 * both: a sample of any other is dropped before it is written.
 *
 * Children of processes in the set join it as they are forked; who has ended leaves it, so that
 * its number does not let a stranger in.  Places are user space's to decide; a pid namespace is
 * forgotten here when it ends, because its number is used again at once.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel_types.h"
#include "narrow.h"
#include "place.h"

char LICENSE[] SEC("license") = "GPL";

/* The root of the hierarchy of version 2: kernfs numbers from 1. */
#define CGROUP_ROOT_ID 1

const volatile struct narrow_settings settings = {1, 0, -1};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NARROW_TGIDS);
	__type(key, __u32);
	__type(value, __u8);
} narrow_tgids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NARROW_PLACES);
	__type(key, struct narrow_place);
	__type(value, __u8);
} narrow_places SEC(".maps");

/* Samples that were dropped. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} narrow_left_out SEC(".maps");

static __always_inline __u8 answer_of(__u32 kind, __u32 hierarchy, __u64 id)
{
	struct narrow_place place = {id, kind, hierarchy};
	__u8 *answer = bpf_map_lookup_elem(&narrow_places, &place);

	return answer ? *answer : 0;
}

/* Version 2 tells, unless it leaves the task in its root: then the other hierarchy may. */
static __always_inline __u8 answer_of_cgroup(struct task_struct *task)
{
	__u64 id = bpf_get_current_cgroup_id(), id_v1;
	__u32 hierarchy = 0;

	if (id <= CGROUP_ROOT_ID && settings.v1_subsystem >= 0) {
		id_v1 = place_v1(task, settings.v1_subsystem, &hierarchy);
		if (id_v1 > CGROUP_ROOT_ID)
			return answer_of(NARROW_CGROUP, hierarchy, id_v1);
	}
	return answer_of(NARROW_CGROUP, 0, id);
}

/* As chosen_ask() in src/model/chosen.c does. */
static __always_inline int is_in_place(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u8 answer = answer_of_cgroup(task);
	__u32 level, pidns;
	int number;

	if (answer != NARROW_HOST)
		return answer != NARROW_OUT;
	pidns = place_pidns(task, &level, &number);
	if (level)
		answer = answer_of(NARROW_PIDNS, 0, pidns);
	if (level && answer != NARROW_OUT)
		return 1;
	return answer_of(NARROW_MNTNS, 0, BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum)) ==
	       NARROW_IN;
}

static __always_inline int is_in(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (settings.by_tgid && !bpf_map_lookup_elem(&narrow_tgids, &tgid))
		return 0;
	return !settings.by_place || is_in_place();
}

SEC("perf_event")
int narrow_sample(void *ctx)
{
	__u32 zero = 0;
	__u64 *left_out;

	if (is_in())
		return 1;
	left_out = bpf_map_lookup_elem(&narrow_left_out, &zero);
	if (left_out)
		++*left_out;
	return 0;
}

/* TP_PROTO(struct task_struct *parent, struct task_struct *child): include/trace/events/sched.h */
SEC("raw_tp/sched_process_fork")
int narrow_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx->args[0];
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	__u32 parent_tgid = BPF_CORE_READ(parent, tgid);
	__u32 child_tgid = BPF_CORE_READ(child, tgid);
	__u8 one = 1;

	if (parent_tgid != child_tgid && bpf_map_lookup_elem(&narrow_tgids, &parent_tgid))
		bpf_map_update_elem(&narrow_tgids, &child_tgid, &one, BPF_ANY);
	return 0;
}

/* A namespace goes with the process that is number 1 in it. */
static __always_inline void forget_place(struct task_struct *task)
{
	unsigned int level, pidns;
	int number;
	struct narrow_place place;

	pidns = place_pidns(task, &level, &number);
	place.id = pidns;
	place.kind = NARROW_PIDNS;
	place.hierarchy = 0;
	if (level && number == 1)
		bpf_map_delete_elem(&narrow_places, &place);
}

/* Fires in do_exit() after the thread was taken off signal->live: 0 for the last one. */
SEC("raw_tp/sched_process_exit")
int narrow_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	bpf_map_delete_elem(&narrow_tgids, &tgid);
	if (settings.by_place)
		forget_place(BPF_CORE_READ(task, group_leader));
	return 0;
}
