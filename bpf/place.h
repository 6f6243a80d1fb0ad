/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a task lives: cgroups and namespaces as BPF programs find them. */
#ifndef BPF_PLACE_H
#define BPF_PLACE_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel_types.h"

/*
 * The id of its cgroup in the hierarchy of version 1 that has the subsystem at that place of
 * css_set.subsys, and the number of that hierarchy.
 */
static __always_inline __u64 place_v1(
	struct task_struct *task, int subsystem, unsigned int *hierarchy)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css),
		(void *)set + bpf_core_field_offset(set->subsys) + (subsystem & 31) * sizeof(css));
	*hierarchy = BPF_CORE_READ(css, cgroup, root, hierarchy_id);
	return BPF_CORE_READ(css, cgroup, kn, id);
}

/*
 * The inode of its pid namespace, the innermost one that numbers it; @level: how deep that is, 0
 * for the machine's own; @number: its number there.  0: it is no longer numbered.
 */
static __always_inline unsigned int place_pidns(
	struct task_struct *task, unsigned int *level, int *number)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *ns = NULL;
	void *upid;

	*level = 0;
	*number = 0;
	if (!pid)
		return 0;
	*level = BPF_CORE_READ(pid, level);
	upid = (void *)pid + bpf_core_field_offset(pid->numbers) +
	       (*level & 31) * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&ns, sizeof(ns), upid + bpf_core_field_offset(struct upid, ns));
	bpf_probe_read_kernel(
		number, sizeof(*number), upid + bpf_core_field_offset(struct upid, nr));
	return BPF_CORE_READ(ns, ns.inum);
}

#endif
