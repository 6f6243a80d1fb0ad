/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups that come, go and are renamed, told with id and path: one that lives shorter than
 * the time between two looks is known all the same.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cgroups.h"
#include "kernel_types.h"

char LICENSE[] SEC("license") = "GPL";

/* The hierarchy of version 1 that is told of beside version 2; 0: none. */
const volatile __u32 hierarchy_v1 = 0;
__u64 cgroups_lost; /* events for which the ring had no room */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} cgroup_events SEC(".maps");

/* An event with its path is larger than a program's stack. */
struct told_event {
	struct cgroup_event event;
	char path[CGROUP_PATH];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct told_event);
} cgroup_scratch SEC(".maps");

static __always_inline int tell(__u32 kind, struct cgroup *cgroup, const char *path)
{
	__u32 zero = 0, hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
	struct told_event *told = bpf_map_lookup_elem(&cgroup_scratch, &zero);
	long size;

	if (!told || (hierarchy && hierarchy != hierarchy_v1))
		return 0;
	told->event.kind = kind;
	told->event.hierarchy = hierarchy;
	told->event.time = bpf_ktime_get_ns();
	told->event.id = BPF_CORE_READ(cgroup, kn, id);
	told->event.parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
	size = bpf_probe_read_kernel_str(told->path, sizeof(told->path), path);
	if (size < 0 || size > CGROUP_PATH)
		size = 0;
	told->event.path_size = size ? size - 1 : 0;
	/* Who is made may be gone in a tenth of a second, and so may be what is told of it. */
	if (bpf_ringbuf_output(&cgroup_events, told, sizeof(told->event) + size,
		    kind == CGROUP_EVENT_MADE ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&cgroups_lost, 1);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(cgroups_mkdir, struct cgroup *cgroup, const char *path)
{
	return tell(CGROUP_EVENT_MADE, cgroup, path);
}

SEC("raw_tp/cgroup_rmdir")
int BPF_PROG(cgroups_rmdir, struct cgroup *cgroup, const char *path)
{
	return tell(CGROUP_EVENT_REMOVED, cgroup, path);
}

SEC("raw_tp/cgroup_rename")
int BPF_PROG(cgroups_rename, struct cgroup *cgroup, const char *path)
{
	return tell(CGROUP_EVENT_RENAMED, cgroup, path);
}
