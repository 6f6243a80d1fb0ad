/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/tasks.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/* That a start of /proc, cut to ticks of 100 Hz, may be too early by. */
#define TICK_NS (11 * NS_PER_MS)

/* A fork is told of a moment after its start: not before it, but for what clocks differ by. */
#define FORK_EARLY_NS NS_PER_MS

/* More than a fork takes, even of somebody who is throttled: another life. */
#define FORK_LATE_NS NS_PER_S

static bool tid_is(const void *owner, uint32_t entry, const void *key)
{
	return ((const struct tasks *)owner)->tasks[entry]->thread.tid == *(const uint32_t *)key;
}

static uint32_t tasks_slot(const struct tasks *tasks, uint32_t tid)
{
	return index_find(&tasks->by_tid, hash_u64(tid), tid_is, tasks, &tid);
}

static void set_cmdline(struct tasks *tasks, struct task *task, struct str text)
{
	size_t most = tasks->cmdlines > CMDLINES_MAX ? CMDLINE_SHORT : CMDLINE_MAX;

	if (text.size && text.data == task->cmdline.data) /* a keyframe is made of this one */
		return;
	if (text.size > most)
		text.size = most;
	tasks->cmdlines += text.size - task->cmdline.size;
	free((char *)task->cmdline.data);
	task->cmdline = (struct str){text.size ? mem_dup(text.data, text.size) : NULL, text.size};
}

void tasks_release(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++) {
		set_cmdline(tasks, tasks->tasks[i], (struct str){"", 0});
		free(tasks->tasks[i]);
	}
	free(tasks->tasks);
	free(tasks->unused);
	free(tasks->ended);
	index_release(&tasks->by_tid);
	*tasks = (struct tasks){0};
}

struct task *tasks_find_between(
	const struct tasks *tasks, uint32_t tid, uint64_t first, uint64_t last)
{
	uint32_t at = tasks_slot(tasks, tid);

	for (; at != INDEX_NONE; at = tasks->tasks[at]->older)
		if (tasks->tasks[at]->start <= last)
			return tasks->tasks[at]->end >= first ? tasks->tasks[at] : NULL;
	return NULL;
}

struct task *tasks_at(const struct tasks *tasks, uint32_t tid, uint64_t time)
{
	return tasks_find_between(tasks, tid, 0, time);
}

/* Whether who started then began later than the task. */
static bool is_later(const struct task *task, uint64_t start)
{
	if (!task->start)
		return start > task->told || start > task->end;
	return start > task->start + (task->starts_at_fork ? FORK_EARLY_NS : TICK_NS);
}

struct task *tasks_life(const struct tasks *tasks, uint32_t tid, uint64_t start)
{
	uint32_t at = tasks_slot(tasks, tid);
	struct task *found = NULL;

	for (; at != INDEX_NONE; at = tasks->tasks[at]->older) {
		if (tasks->tasks[at]->start == start)
			return tasks->tasks[at];
		if (is_later(tasks->tasks[at], start))
			break;
		found = tasks->tasks[at];
	}
	/* The first that began no earlier: if it is much younger, of his own nothing was told. */
	if (found && found->start > start + FORK_LATE_NS && !found->starts_at_fork)
		return NULL;
	return found;
}

struct task *tasks_first_between(
	const struct tasks *tasks, uint32_t tid, uint64_t first, uint64_t last)
{
	struct task *found = tasks_find_between(tasks, tid, first, last);

	while (found && found->older != INDEX_NONE && tasks->tasks[found->older]->end >= first)
		found = tasks->tasks[found->older];
	return found;
}

struct task *tasks_find(const struct tasks *tasks, uint32_t tid, uint64_t time)
{
	return tasks_find_between(tasks, tid, time, time);
}

struct task *tasks_alive(const struct tasks *tasks, uint32_t tid)
{
	uint32_t at = tasks_slot(tasks, tid);

	if (at == INDEX_NONE || tasks->tasks[at]->end != UINT64_MAX)
		return NULL;
	return tasks->tasks[at];
}

struct task *tasks_newest(const struct tasks *tasks, uint32_t tid)
{
	uint32_t at = tasks_slot(tasks, tid);

	return at == INDEX_NONE ? NULL : tasks->tasks[at];
}

static void tasks_remove(struct tasks *tasks, uint32_t slot)
{
	struct task *task = tasks->tasks[slot];
	uint32_t tid = task->thread.tid, at = tasks_slot(tasks, tid);

	if (at == slot) {
		index_remove(&tasks->by_tid, hash_u64(tid), slot);
		if (task->older != INDEX_NONE)
			index_add(&tasks->by_tid, hash_u64(tid), task->older);
	}
	for (; at != INDEX_NONE && at != slot; at = tasks->tasks[at]->older)
		if (tasks->tasks[at]->older == slot)
			tasks->tasks[at]->older = task->older;
	set_cmdline(tasks, task, (struct str){"", 0});
	task->in_use = false;
	tasks->unused = mem_grow(tasks->unused, &tasks->unused_capacity, tasks->unused_count + 1,
		sizeof(*tasks->unused));
	tasks->unused[tasks->unused_count++] = slot;
}

/* True if it is forgotten, and not one that goes on. */
static bool tasks_forget_first(struct tasks *tasks)
{
	uint32_t slot = tasks->ended[tasks->ended_first];
	bool lives = tasks->tasks[slot]->end == UINT64_MAX;

	tasks->tasks[slot]->queued = false;
	if (!lives)
		tasks_remove(tasks, slot);
	tasks->ended_first = (tasks->ended_first + 1) % TASKS_ENDED_MAX;
	tasks->ended_count--;
	return !lives;
}

/* Keeps count of the other threads in the first one. */
static void tasks_count_thread(struct tasks *tasks, const struct thread *thread, int change)
{
	struct task *first;

	if (thread->tid == thread->tgid)
		return;
	first = tasks_alive(tasks, thread->tgid);
	if (first && (change > 0 || first->threads))
		first->threads += (uint32_t)change;
}

static void tasks_end(struct tasks *tasks, uint32_t slot, uint64_t time)
{
	struct task *task = tasks->tasks[slot];

	tasks_count_thread(tasks, &task->thread, -1);
	task->end = time;
	if (task->queued)
		return;
	task->queued = true;
	if (!tasks->ended)
		tasks->ended = mem_alloc(TASKS_ENDED_MAX * sizeof(*tasks->ended));
	if (tasks->ended_count == TASKS_ENDED_MAX)
		tasks->evicted += tasks_forget_first(tasks);
	tasks->ended[(tasks->ended_first + tasks->ended_count++) % TASKS_ENDED_MAX] = slot;
}

void tasks_forget(struct tasks *tasks, uint64_t time)
{
	while (tasks->ended_count) {
		const struct task *first = tasks->tasks[tasks->ended[tasks->ended_first]];

		if (first->end >= time && first->end != UINT64_MAX)
			return;
		tasks_forget_first(tasks);
	}
}

static uint32_t tasks_add(struct tasks *tasks, const struct thread *thread)
{
	uint32_t slot, older = tasks_slot(tasks, thread->tid);

	if (tasks->unused_count) {
		slot = tasks->unused[--tasks->unused_count];
	} else {
		slot = (uint32_t)tasks->count++;
		tasks->tasks = mem_grow(
			tasks->tasks, &tasks->capacity, tasks->count, sizeof(*tasks->tasks));
		tasks->tasks[slot] = mem_alloc(sizeof(struct task));
	}
	*tasks->tasks[slot] = (struct task){
		.thread = *thread, .end = UINT64_MAX, .older = older, .in_use = true};
	tasks->tasks[slot]->thread.chunk = 0;
	if (older != INDEX_NONE)
		index_remove(&tasks->by_tid, hash_u64(thread->tid), older);
	index_add(&tasks->by_tid, hash_u64(thread->tid), slot);
	tasks_count_thread(tasks, thread, 1);
	return slot;
}

/* The process took another name: its threads carry it too. */
static void tasks_rename_process(struct tasks *tasks, uint32_t tgid, const char comm[16])
{
	for (size_t i = 0; i < tasks->count; i++) {
		struct task *task = tasks->tasks[i];

		if (!task->in_use || task->end != UINT64_MAX || task->thread.tgid != tgid)
			continue;
		memcpy(task->thread.process, comm, sizeof(task->thread.process));
		task->thread.chunk = 0;
	}
}

/* BPF tells with an exec when the process began; the side-band does not. */
static bool is_exec(const struct record *record)
{
	return record->sub == TASK_EXEC ||
	       (record->sub == TASK_COMM && record->nums && record->nums[TASK_START]);
}

/* What a record tells beside the name; a source leaves 0 and "" where it does not know. */
static void tasks_take_details(struct tasks *tasks, struct task *task, const struct record *record)
{
	const uint64_t *nums = record->nums;

	if (nums && nums[TASK_START] && !task->start) {
		task->start = task->thread.start = nums[TASK_START];
		task->thread.chunk = 0;
	}
	if (nums && nums[TASK_PARENT])
		task->parent = (uint32_t)nums[TASK_PARENT];
	if (nums && nums[TASK_UID])
		task->uid = (uint32_t)nums[TASK_UID];
	if (nums && nums[TASK_PIDNS])
		task->pidns = nums[TASK_PIDNS];
	if (nums && nums[TASK_MNTNS])
		task->mntns = nums[TASK_MNTNS];
	task->execs += record->sub == TASK_EXEC;
	if (is_exec(record) && record->time < task->execed)
		return; /* who knows the arguments was faster */
	if (is_exec(record))
		task->execed = record->time;
	if ((record->texts && record->texts[TASK_CMDLINE].size) || record->sub == TASK_EXEC)
		set_cmdline(tasks, task,
			record->texts ? record->texts[TASK_CMDLINE] : (struct str){"", 0});
}

static void tasks_update(struct tasks *tasks, struct task *task, const struct record *record)
{
	const struct thread *now = record->thread;
	struct thread before = task->thread;
	bool is_old = record->time < task->named;
	bool renamed = now->tid == now->tgid && task->threads && !is_old &&
		       memcmp(task->thread.process, now->comm, sizeof(now->comm)) != 0;

	task->thread = *now;
	task->thread.chunk = 0;
	if (is_old) {
		memcpy(task->thread.comm, before.comm, sizeof(before.comm));
		memcpy(task->thread.process, before.process, sizeof(before.process));
	} else if (record->sub == TASK_COMM || record->sub == TASK_EXEC) {
		task->named = record->time;
	}
	if (!now->cgroup_id) { /* not told: it is where it was */
		task->thread.cgroup_id = before.cgroup_id;
		task->thread.cgroup_hierarchy = before.cgroup_hierarchy;
	}
	task->thread.start = before.start;
	if (renamed)
		tasks_rename_process(tasks, now->tgid, now->comm);
}

/* A process begins as what its parent is. */
static void tasks_inherit(struct tasks *tasks, struct task *task, const struct record *record)
{
	const struct task *parent = NULL;

	if (record->thread->tid != record->thread->tgid)
		parent = tasks_alive(tasks, record->thread->tgid);
	else if (record->nums)
		parent = tasks_alive(tasks, (uint32_t)record->nums[TASK_PARENT]);
	if (!parent || parent == task)
		return;
	task->uid = parent->uid;
	task->pidns = parent->pidns;
	task->mntns = parent->mntns;
	if (record->thread->tid == record->thread->tgid) /* threads have none of their own */
		set_cmdline(tasks, task, parent->cmdline);
	if (task->thread.cgroup_id)
		return;
	task->thread.cgroup_id = parent->thread.cgroup_id;
	task->thread.cgroup_hierarchy = parent->thread.cgroup_hierarchy;
}

/* Who told of the task was faster than its fork. */
static bool is_its_fork(const struct task *task, uint64_t time)
{
	if (task->forked || task->end < time)
		return false;
	return task->start ? task->start <= time + FORK_EARLY_NS : task->told >= time;
}

static void tasks_take_fork(struct task *task, const struct record *record)
{
	task->forked = true;
	if (!task->start) {
		task->start = task->thread.start = record->time;
		task->starts_at_fork = true;
		task->thread.chunk = 0;
	}
	if (!task->parent && record->nums)
		task->parent = (uint32_t)record->nums[TASK_PARENT];
}

/* When the record says that its life began; 0: it does not. */
static uint64_t start_told(const struct record *record)
{
	if (record->sub == TASK_FORK)
		return 0;
	if (record->thread->start)
		return record->thread->start; /* of a task that is known */
	return record->nums && record->sub != TASK_EXIT ? record->nums[TASK_START] : 0;
}

/* The life that the record is about, or NULL: of one that is not known. */
static struct task *tasks_of(const struct tasks *tasks, const struct record *record)
{
	uint64_t start = start_told(record);
	uint32_t tid = record->thread->tid;
	struct task *task;

	if (start)
		return tasks_life(tasks, tid, start);
	if (record->sub == TASK_FORK) {
		task = tasks_at(tasks, tid, record->time + FORK_EARLY_NS);
		return task && is_its_fork(task, record->time) ? task : NULL;
	}
	task = tasks_at(tasks, tid, record->time);
	if (task && task->end < record->time && record->sub != TASK_EXIT &&
		record->sub != TASK_EXEC)
		return NULL;
	return task;
}

/*
 * Room for a life that nobody told of yet: the one before has ended, if its exit was lost or comes
 * later.  False if lives are known that began later: of it all will be told or nothing, and nothing
 * is better than a part.
 */
static bool tasks_make_way(struct tasks *tasks, const struct record *record)
{
	uint64_t start = start_told(record);
	uint64_t begun = start ? start : record->time;
	uint32_t slot = tasks_slot(tasks, record->thread->tid);
	struct task *newest = slot == INDEX_NONE ? NULL : tasks->tasks[slot];

	if (!newest)
		return true;
	if (newest->start > begun || (!newest->start && newest->told > begun))
		return false;
	if (newest->end == UINT64_MAX)
		tasks_end(tasks, slot, begun ? begun - 1 : 0);
	else if (newest->end >= begun)
		newest->end = begun ? begun - 1 : 0;
	return true;
}

static void tasks_begin(struct tasks *tasks, const struct record *record)
{
	uint32_t slot = tasks_add(tasks, record->thread);
	struct task *task = tasks->tasks[slot];

	task->told = record->time;
	task->forked = task->starts_at_fork = record->sub == TASK_FORK;
	if (task->forked)
		task->start = record->time;
	else
		task->start = start_told(record);
	task->thread.start = task->start;
	if (task->forked)
		tasks_inherit(tasks, task, record);
	tasks_take_details(tasks, task, record);
}

/* Who told of its end spoke of a first thread whose process goes on. */
static void tasks_go_on(struct tasks *tasks, struct task *task)
{
	if (tasks_newest(tasks, task->thread.tid) != task)
		return;
	task->end = UINT64_MAX;
	tasks_count_thread(tasks, &task->thread, 1);
}

/* Of several that tell of the end, who saw that it was gone by then tells a later time. */
static void tasks_take_exit(struct tasks *tasks, struct task *task, uint64_t time)
{
	if (time < task->execed) /* a first thread, whose number another one has taken */
		return;
	if (task->end == UINT64_MAX)
		tasks_end(tasks, tasks_slot(tasks, task->thread.tid), time);
	else if (time < task->end && time >= task->start)
		task->end = time;
}

void tasks_fold(struct tasks *tasks, const struct record *record)
{
	struct task *task;

	if (!record->thread)
		return;
	tasks->namespaces_told += record->nums && record->nums[TASK_PIDNS];
	task = tasks_of(tasks, record);
	if (!task) {
		if (record->sub != TASK_EXIT && tasks_make_way(tasks, record))
			tasks_begin(tasks, record);
	} else if (record->sub == TASK_FORK) {
		tasks_take_fork(task, record);
	} else if (record->sub == TASK_EXIT) {
		tasks_take_exit(tasks, task, record->time);
	} else {
		if (task->end < record->time)
			tasks_go_on(tasks, task);
		tasks_update(tasks, task, record);
		tasks_take_details(tasks, task, record);
	}
}

void tasks_each_alive(
	const struct tasks *tasks, void (*visit)(void *arg, struct task *task), void *arg)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->tasks[i]->in_use && tasks->tasks[i]->end == UINT64_MAX)
			visit(arg, tasks->tasks[i]);
}
