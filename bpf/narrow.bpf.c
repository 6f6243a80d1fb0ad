/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Narrows sampling to a set of processes: a sample of any other is dropped before it is written.
 * Children of processes in the set join it as they are forked; who has ended leaves it, so that
 * its number does not let a stranger in.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel_types.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} narrow_tgids SEC(".maps");

SEC("perf_event")
int narrow_sample(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&narrow_tgids, &tgid) != NULL;
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

/* Fires in do_exit() after the thread was taken off signal->live: 0 for the last one. */
SEC("raw_tp/sched_process_exit")
int narrow_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);

	if (!BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&narrow_tgids, &tgid);
	return 0;
}
