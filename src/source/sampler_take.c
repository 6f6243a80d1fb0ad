/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of the rings become records of the recording. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/sampler_local.h"

/* How long a sample waits for what /proc says before it is taken in without. */
#define WAIT_NS (60 * NS_PER_MS)

/* A thread is still sampled for a moment after its exit was told. */
#define AFTERLIFE_NS NS_PER_S

/* The root of the hierarchy of version 2: kernfs numbers from 1. */
#define CGROUP_ROOT_ID 1

/* perf's pid of a task that has been taken off the lists: perf_event_pid_type(). */
#define GONE UINT32_MAX

void sampler_lose(struct sampler *sampler, enum lost how, uint64_t time, uint32_t cpu,
	uint64_t count, uint64_t duration)
{
	static const struct str names[] = {[LOST_SAMPLES] = {"samples: ring full", 18},
		[LOST_SIDEBAND] = {"side-band: ring full", 20},
		[LOST_THROTTLED] = {"throttled by the kernel", 23},
		[LOST_EVICTED] = {"given up", 8},
		[LOST_TASKS] = {"execs and exits: ring full", 26},
		[LOST_CGROUPS] = {"cgroups: ring full", 18}};

	recording_append(sampler->recording, &(struct record){.type = RECORD_LOST,
						     .sub = how,
						     .time = time,
						     .cpu = cpu,
						     .duration = duration,
						     .name = names[how],
						     .nums = &count});
	sampler->lost += how == LOST_SAMPLES ? count : 0;
}

static bool tgid_is(const void *owner, uint32_t entry, const void *key)
{
	return ((const struct sampler *)owner)->followed_tgids[entry] == *(const uint32_t *)key;
}

bool sampler_follows(const struct sampler *sampler, uint32_t tgid)
{
	return !sampler->pid_count || index_find(&sampler->followed, hash_u64(tgid), tgid_is,
					      sampler, &tgid) != INDEX_NONE;
}

void sampler_follow(struct sampler *sampler, uint32_t tgid)
{
	if (sampler_follows(sampler, tgid))
		return;
	sampler->followed_tgids = mem_grow(sampler->followed_tgids, &sampler->followed_capacity,
		sampler->followed_count + 1, sizeof(*sampler->followed_tgids));
	sampler->followed_tgids[sampler->followed_count] = tgid;
	index_add(&sampler->followed, hash_u64(tgid), (uint32_t)sampler->followed_count++);
}

static void sampler_unfollow(struct sampler *sampler, uint32_t tgid)
{
	uint32_t at = index_find(&sampler->followed, hash_u64(tgid), tgid_is, sampler, &tgid);
	uint32_t last = (uint32_t)sampler->followed_count - 1;

	if (at == INDEX_NONE)
		return;
	index_remove(&sampler->followed, hash_u64(tgid), at);
	if (at != last) {
		uint32_t moved = sampler->followed_tgids[last];

		index_remove(&sampler->followed, hash_u64(moved), last);
		sampler->followed_tgids[at] = moved;
		index_add(&sampler->followed, hash_u64(moved), at);
	}
	sampler->followed_count--;
}

void sampler_describe_kernel(struct sampler *sampler)
{
	uint64_t now = clock_now();
	struct dso_key key = {.kind = DSO_KERNEL,
		.path = STR("[kernel]"),
		.build_id = {"", 0},
		.inode = now}; /* another each time: see sampler_check_modules() */

	sampler->kernel_dso = sampler_dso(sampler, now, &key, DSO_UNSEEN);
}

/* --- who is who --- */

static bool is_of_now(const struct task *task, uint64_t time)
{
	return task && (task->end == UINT64_MAX || time < task->end + AFTERLIFE_NS);
}

/*
 * Sees to it that a thread's name and what its process has mapped are known; asks /proc for what is
 * not.  False: it has been asked, the record at hand is to wait.
 */
static bool is_known(
	struct sampler *sampler, uint32_t tgid, uint32_t tid, uint64_t time, uint64_t now)
{
	struct task *task = tasks_at(&sampler->model->tasks, tid, time);
	enum space_state space = maps_state(sampler->model->maps, tgid);
	bool named = is_of_now(task, time) && (task->thread.comm[0] || task->asked);
	bool mapped = !tgid || (space != SPACE_UNKNOWN && space != SPACE_ASKED);

	if (named && mapped) {
		sampler->waiting = false;
		return true;
	}
	if (!sampler->waiting) {
		sampler->waiting = true;
		sampler->waiting_since = now;
		if (space != SPACE_ASKED)
			sampler_ask(sampler, tgid, tid, !mapped);
		else if (!named)
			sampler_ask(sampler, tgid, tid, false);
		return false;
	}
	if (now - sampler->waiting_since < WAIT_NS && sampler->asked)
		return false;
	/* It hangs, or it is gone: taken in with what is known. */
	sampler->waiting = false;
	if (!mapped)
		maps_set_state(sampler->model->maps, tgid, SPACE_HIDDEN);
	if (is_of_now(task, time))
		task->asked = true;
	return true;
}

static void record_task(struct sampler *sampler, enum task_change change, uint64_t time,
	const struct thread *thread, uint32_t parent)
{
	recording_append(
		sampler->recording, &(struct record){.type = RECORD_TASK,
					    .sub = change,
					    .time = time,
					    .thread = thread,
					    .nums = (uint64_t[TASK_NUMS]){[TASK_PARENT] = parent}});
}

/* The child has its parent's name and maps: if nobody knows those yet, it is time to ask. */
static bool take_fork(struct sampler *sampler, const struct perf_record *r, uint64_t now)
{
	struct thread thread = {.tid = r->tid, .tgid = r->pid};
	bool is_process = r->pid != r->fork.parent;
	struct task *parent;

	if (!sampler_follows(sampler, r->fork.parent))
		return true;
	if (!is_known(sampler, r->fork.parent, r->fork.parent_thread, r->time, now))
		return false;
	parent = tasks_at(&sampler->model->tasks, r->fork.parent_thread, r->time);
	if (parent) {
		memcpy(thread.comm, parent->thread.comm, sizeof(thread.comm));
		memcpy(thread.process, is_process ? parent->thread.comm : parent->thread.process,
			sizeof(thread.process));
	}
	record_task(sampler, TASK_FORK, r->time, &thread, is_process ? r->fork.parent : 0);
	if (!is_process)
		return true;
	maps_fork(sampler->model->maps, r->fork.parent, r->pid);
	if (sampler->pid_count)
		sampler_follow(sampler, r->pid);
	return true;
}

static void take_exit(struct sampler *sampler, const struct perf_record *r)
{
	struct tasks *tasks = &sampler->model->tasks;
	struct task *task = tasks_at(tasks, r->tid, r->time), *first;

	if (!sampler_follows(sampler, r->pid))
		return;
	/* A look that found it gone told a later time. */
	if (task && task->end > r->time)
		record_task(sampler, TASK_EXIT, r->time, &task->thread, 0);
	/* The first thread may end before others: what is mapped goes with the last. */
	first = tasks_newest(tasks, r->pid);
	if (first && (first->end == UINT64_MAX || first->threads))
		return;
	maps_exit(sampler->model->maps, r->pid);
	if (sampler->pid_count)
		sampler_unfollow(sampler, r->pid);
}

static void take_comm(struct sampler *sampler, const struct perf_record *r)
{
	struct task *first = tasks_alive(&sampler->model->tasks, r->pid);
	struct thread thread = {.tid = r->tid, .tgid = r->pid};
	size_t size = r->comm.name.size < 15 ? r->comm.name.size : 15;

	if (!sampler_follows(sampler, r->pid))
		return;
	memcpy(thread.comm, r->comm.name.data, size);
	if (r->tid == r->pid)
		memcpy(thread.process, thread.comm, sizeof(thread.process));
	else if (first)
		memcpy(thread.process, first->thread.process, sizeof(thread.process));
	record_task(sampler, r->comm.exec ? TASK_EXEC : TASK_COMM, r->time, &thread, 0);
	if (r->comm.exec)
		maps_exec(sampler->model->maps, r->pid);
}

static void take_map(struct sampler *sampler, const struct perf_record *r)
{
	struct map map = {r->map.start, r->map.start + r->map.length, r->map.offset, r->time, 0};
	bool absolute;

	/* Modules are told without a process; their symbols come with the kernel's. */
	if ((r->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL ||
		!sampler_follows(sampler, r->pid) || map.end <= map.start)
		return;
	map.dso = sampler_map_dso(sampler, r->time, r->pid, map.start,
		(struct dso_key){.path = r->map.path,
			.build_id = r->map.build_id,
			.dev = r->map.dev,
			.inode = r->map.inode,
			.generation = r->map.generation},
		&absolute);
	if (absolute)
		map.offset = map.start;
	maps_add(sampler->model->maps, r->pid, &map);
}

/* Code that the kernel made: BPF programs, trampolines.  Each is a DSO with one symbol. */
static void take_ksymbol(struct sampler *sampler, const struct perf_record *r)
{
	struct map map = {r->ksymbol.address, r->ksymbol.address + r->ksymbol.length,
		r->ksymbol.address, r->time, 0};
	struct dso_key key = {
		.kind = r->ksymbol.type == PERF_RECORD_KSYMBOL_TYPE_OOL ? DSO_TRAMPOLINE : DSO_BPF,
		.path = r->ksymbol.name,
		.build_id = {"", 0},
		.dev = r->ksymbol.address,
		.inode = r->time};

	if (r->ksymbol.gone)
		return; /* its samples keep their name; what comes there later takes its place */
	map.dso = sampler_dso(sampler, r->time, &key, DSO_PROVEN);
	maps_add(sampler->model->maps, MAPS_KERNEL, &map);
	recording_append(
		sampler->recording, &(struct record){.type = RECORD_SYMBOL,
					    .time = r->time,
					    .name = r->ksymbol.name,
					    .nums = (uint64_t[SYMBOL_NUMS]){[SYMBOL_DSO] = map.dso,
						    [SYMBOL_START] = map.start,
						    [SYMBOL_END] = map.end},
					    .texts = (struct str[SYMBOL_TEXTS]){{"", 0}}});
}

static void take_cgroup(struct sampler *sampler, const struct perf_record *r)
{
	recording_append(sampler->recording,
		&(struct record){.type = RECORD_CGROUP,
			.time = r->time,
			.name = r->cgroup.path,
			.nums = (uint64_t[CGROUP_NUMS]){[CGROUP_ID] = r->cgroup.id}});
}

static void take_lost(struct sampler *sampler, const struct perf_record *r)
{
	struct opened *opened = sampler_opened(sampler, r->id);

	if (opened)
		opened->lost += r->lost.count;
	if (opened && opened->event == SIDEBAND) {
		/* Forks and maps among them, maybe: nothing that was known is sure any more. */
		maps_doubt_all(sampler->model->maps);
		sampler_lose(sampler, LOST_SIDEBAND, r->time, r->cpu, r->lost.count, 0);
	} else {
		sampler_lose(sampler, LOST_SAMPLES, r->time, r->cpu, r->lost.count, 0);
	}
}

static void take_throttle(struct sampler *sampler, const struct perf_record *r)
{
	struct opened *opened = sampler_opened(sampler, r->id);

	if (!opened)
		return;
	if (r->type == PERF_RECORD_THROTTLE) {
		opened->paused_since = r->time;
		sampler->throttled++;
	} else if (opened->paused_since) {
		sampler_lose(sampler, LOST_THROTTLED, r->time, opened->cpu, 0,
			r->time - opened->paused_since);
		opened->paused_since = 0;
	}
}

/* --- samples --- */

static struct thread *sampler_thread(struct sampler *sampler, const struct perf_record *r)
{
	struct task *task = tasks_at(&sampler->model->tasks, r->tid, r->time);

	if (is_of_now(task, r->time))
		return &task->thread;
	sampler->stranger = (struct thread){.tid = r->tid, .tgid = r->pid};
	task = r->tid == GONE ? tasks_at(&sampler->model->tasks, r->pid, r->time) : NULL;
	if (is_of_now(task, r->time)) { /* of the process all is known */
		sampler->stranger = task->thread;
		sampler->stranger.tid = GONE;
		sampler->stranger.chunk = 0;
		memset(sampler->stranger.comm, 0, sizeof(sampler->stranger.comm));
	}
	return &sampler->stranger;
}

/*
 * What tracetop does to look is no news: a write that is sampled would be written, and sampled
 * again.  What it costs, samples of time tell; and who names it wants it.
 */
static bool is_own_doing(
	const struct sampler *sampler, const struct opened *opened, const struct perf_record *r)
{
	return sampler->events[opened->event].spec.attr.type == PERF_TYPE_TRACEPOINT &&
	       r->pid == sampler->own_pid && !sampler->pid_count;
}

static bool take_sample(struct sampler *sampler, const struct perf_record *r, uint64_t now)
{
	struct opened *opened = sampler_opened(sampler, r->id);
	struct thread *thread = NULL;
	uint64_t weight = r->sample.period;
	struct chunk *chunk;

	if (!opened || opened->event == SIDEBAND || is_own_doing(sampler, opened, r))
		return true;
	if (r->pid != GONE) {
		/* A thread that was taken off the lists before its process is nobody's number. */
		if (!is_known(sampler, r->pid, r->tid == GONE ? r->pid : r->tid, r->time, now))
			return false;
		thread = sampler_thread(sampler, r);
	}
	/* The root of version 2 says nothing of who is told apart in another hierarchy. */
	if (thread && r->sample.cgroup && thread->cgroup_id != r->sample.cgroup &&
		!(thread->cgroup_hierarchy && r->sample.cgroup == CGROUP_ROOT_ID)) {
		thread->cgroup_hierarchy = 0;
		thread->cgroup_id = r->sample.cgroup;
		thread->chunk = 0;
	}
	chunk = recording_chunk(sampler->recording, RECORD_SAMPLE);
	recording_append(sampler->recording, &(struct record){.type = RECORD_SAMPLE,
						     .sub = sampler->events[opened->event].id,
						     .time = r->time,
						     .cpu = r->cpu,
						     .thread = thread,
						     .stack = sampler_stack(sampler, chunk, r),
						     .nums = &weight});
	sampler->sampled = true;
	return true;
}

bool sampler_take(struct sampler *sampler, const struct perf_record *r, uint64_t now)
{
	switch (r->type) {
	case PERF_RECORD_SAMPLE:
		return take_sample(sampler, r, now);
	case PERF_RECORD_FORK:
		return take_fork(sampler, r, now);
	case PERF_RECORD_EXIT:
		take_exit(sampler, r);
		break;
	case PERF_RECORD_COMM:
		take_comm(sampler, r);
		break;
	case PERF_RECORD_MMAP2:
		take_map(sampler, r);
		break;
	case PERF_RECORD_KSYMBOL:
		take_ksymbol(sampler, r);
		break;
	case PERF_RECORD_CGROUP:
		take_cgroup(sampler, r);
		break;
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		take_lost(sampler, r);
		break;
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
		take_throttle(sampler, r);
		break;
	default:
		break;
	}
	return true;
}
