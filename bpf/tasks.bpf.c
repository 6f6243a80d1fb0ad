/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: all that are there, when asked (an iterator that is read like a file), and those that
 * call exec or end meanwhile, so that none is missed between two looks.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_types.h"
#include "place.h"
#include "tasks.h"

char LICENSE[] SEC("license") = "GPL";

/* CPUs whose parts of counters are summed up; of more, the parts are left out. */
#define CPUS_SUMMED 64

const volatile struct task_settings settings = {0, -1};
__u64 tasks_lost; /* execs and exits for which the ring had no room */
bool skips_idle;  /* the walk: whoever did not run since it was last told of is left out */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} task_events SEC(".maps");

/* An exec's row with its arguments is larger than a program's stack. */
struct exec_row {
	struct task_row row;
	char args[TASK_ARGS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_row);
} task_scratch SEC(".maps");

/*
 * What threads had run when the walk last told of them.  Of ten thousand that sleep most of what a
 * row costs is reading, copying and comparing it.  A thread that fell out of here for want of room
 * is told of again.
 */
struct told {
	__u64 start; /* numbers are used again */
	__u64 runtime;
	__u64 state;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 15);
	__type(key, __u32);
	__type(value, struct told);
} tasks_told SEC(".maps");

/*
 * Since Linux 6.2 a counter of pages is a common part and one for each CPU; what CPUs keep to
 * themselves is a good part of a small process.  Memory of a CPU is found at an offset that is the
 * same for all such memory, and that a map of ours tells: where its entry is, less where the map
 * has it from.
 */
static __u64 cpu_offsets[CPUS_SUMMED];
static bool cpu_offsets_known;

static __always_inline void find_cpu_offsets(void)
{
	const struct bpf_array *map = (const struct bpf_array *)&task_scratch;
	unsigned long address = 0, from = 0;

	if (cpu_offsets_known)
		return;
	/* The verifier lets nobody calculate with a map, nor read behind its fixed part: by value.
	 */
	bpf_probe_read_kernel(&address, sizeof(address), &map);
	bpf_probe_read_kernel(&from, sizeof(from),
		(void *)address + bpf_core_field_offset(struct bpf_array, pptrs));
	for (__u32 cpu = 0; cpu < CPUS_SUMMED && cpu < settings.cpus; cpu++) {
		__u32 zero = 0;
		void *entry = bpf_map_lookup_percpu_elem(&task_scratch, &zero, cpu);

		bpf_probe_read_kernel(&address, sizeof(address), &entry);
		cpu_offsets[cpu] = entry ? address - from : 0;
	}
	cpu_offsets_known = true;
}

static __always_inline __s64 pages_of_cpus(void *counters)
{
	__s64 sum = 0;

	for (__u32 cpu = 0; cpu < CPUS_SUMMED && cpu < settings.cpus; cpu++) {
		__s32 part = 0;

		bpf_probe_read_kernel(&part, sizeof(part), counters + cpu_offsets[cpu]);
		sum += part;
	}
	return sum;
}

/* Pages of one kind that a process has: the kernel's MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES. */
static __always_inline __u64 pages_of(struct mm_struct *mm, int kind)
{
	struct mm_struct___before_6_2 *old = (void *)mm;
	void *counters = NULL, *at;
	__s64 count = 0;

	/* Entries of an array are as large as the running kernel has them. */
	if (bpf_core_field_exists(mm->rss_stat[0].count)) {
		at = (void *)mm + bpf_core_field_offset(mm->rss_stat) +
		     kind * bpf_core_type_size(struct percpu_counter);
		bpf_probe_read_kernel(&count, sizeof(count),
			at + bpf_core_field_offset(struct percpu_counter, count));
		bpf_probe_read_kernel(&counters, sizeof(counters),
			at + bpf_core_field_offset(struct percpu_counter, counters));
		if (settings.cpus && counters)
			count += pages_of_cpus(counters);
	} else {
		at = (void *)old + bpf_core_field_offset(old->rss_stat) +
		     bpf_core_field_offset(struct mm_rss_stat, count);
		bpf_probe_read_kernel(&count, sizeof(count), at + kind * sizeof(count));
	}
	return count > 0 ? count : 0;
}

/*
 * The walk gets a task as a pointer whose type the kernel knows (BTF): what is in the task is read
 * in place, which costs a tenth of asking a helper for it.  But not what it points to: for each
 * pointer that is followed the verifier looks through all types of the kernel, more than once, and
 * that takes longer than all else at the start.
 */
#define READ(walks, task, field) ((walks) ? (task)->field : BPF_CORE_READ(task, field))

static __always_inline void read_process(struct task_row *row, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	row->threads = BPF_CORE_READ(signal, nr_threads);
	row->dead_read = BPF_CORE_READ(signal, ioac.read_bytes);
	row->dead_written = BPF_CORE_READ(signal, ioac.write_bytes);
	row->dead_faults = BPF_CORE_READ(signal, maj_flt);
	if (!mm)
		return;
	row->file_pages = pages_of(mm, 0);
	row->anon_pages = pages_of(mm, 1);
	row->shmem_pages = pages_of(mm, 3);
	row->total_pages = BPF_CORE_READ(mm, total_vm);
}

static __always_inline void read_place(struct task_row *row, struct task_struct *task)
{
	unsigned int level;
	int number;

	row->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	if (settings.v1_subsystem >= 0)
		row->cgroup_v1 = place_v1(task, settings.v1_subsystem, &row->hierarchy_v1);
	row->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	row->pidns = place_pidns(task, &level, &number);
}

static __always_inline unsigned int state_of(struct task_struct *task, bool walks)
{
	struct task_struct___before_5_14 *old = (void *)task;
	unsigned int state;

	if (bpf_core_field_exists(task->__state))
		state = READ(walks, task, __state);
	else
		state = BPF_CORE_READ(old, state);
	return state | READ(walks, task, exit_state);
}

static __always_inline void read_task(struct task_row *row, struct task_struct *task, bool walks)
{
	find_cpu_offsets();
	row->tid = READ(walks, task, pid);
	row->tgid = READ(walks, task, tgid);
	row->parent = BPF_CORE_READ(task, real_parent, tgid);
	row->uid = BPF_CORE_READ(task, cred, uid.val);
	row->state = state_of(task, walks);
	row->nice = READ(walks, task, static_prio) - 120;
	row->start = READ(walks, task, start_time);
	row->runtime = READ(walks, task, se.sum_exec_runtime);
	row->user = READ(walks, task, utime);
	row->system = READ(walks, task, stime);
	if (bpf_core_field_exists(task->ioac.read_bytes)) {
		row->read = READ(walks, task, ioac.read_bytes);
		row->written = READ(walks, task, ioac.write_bytes);
	}
	row->faults = READ(walks, task, maj_flt);
	bpf_probe_read_kernel(row->comm, sizeof(row->comm), &task->comm);
	if (row->tid == row->tgid)
		read_process(row, task);
	read_place(row, task);
}

/* Whether it stands as it was told; if not, it will be. */
static __always_inline bool is_told(struct task_struct *task)
{
	struct told now = {task->start_time, task->se.sum_exec_runtime, state_of(task, true)},
		    *told;
	__u32 tid = task->pid;

	told = bpf_map_lookup_elem(&tasks_told, &tid);
	if (!told) {
		bpf_map_update_elem(&tasks_told, &tid, &now, BPF_ANY);
		return false;
	}
	if (told->runtime == now.runtime && told->start == now.start && told->state == now.state)
		return true;
	*told = now;
	return false;
}

SEC("iter/task")
int tasks_walk(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_row row = {.kind = TASK_ROW_THERE};

	if (!task || (is_told(task) && skips_idle))
		return 0;
	read_task(&row, task, true);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(tasks_exit, struct task_struct *task)
{
	struct task_row *row = bpf_ringbuf_reserve(&task_events, sizeof(*row), 0);

	if (!row) {
		__sync_fetch_and_add(&tasks_lost, 1);
		return 0;
	}
	__builtin_memset(row, 0, sizeof(*row));
	row->kind = TASK_ROW_EXIT;
	row->time = bpf_ktime_get_ns();
	read_task(row, task, false);
	bpf_ringbuf_submit(row, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(tasks_exec, struct task_struct *task)
{
	__u32 zero = 0;
	struct exec_row *exec = bpf_map_lookup_elem(&task_scratch, &zero);
	unsigned long start, end, size;

	if (!exec)
		return 0;
	__builtin_memset(&exec->row, 0, sizeof(exec->row));
	exec->row.kind = TASK_ROW_EXEC;
	exec->row.time = bpf_ktime_get_ns();
	read_task(&exec->row, task, false);
	start = BPF_CORE_READ(task, mm, arg_start);
	end = BPF_CORE_READ(task, mm, arg_end);
	size = end > start ? end - start : 0;
	if (size > TASK_ARGS)
		size = TASK_ARGS;
	/* The task's own memory, written by exec a moment ago: it is there. */
	if (size && !bpf_probe_read_user(exec->args, size, (const void *)start))
		exec->row.args_size = size;
	if (bpf_ringbuf_output(&task_events, exec, sizeof(*exec), BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&tasks_lost, 1);
	return 0;
}
