/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/tasks.h"

#include <stdlib.h>

#include "base/mem.h"

static bool tid_is(const void *owner, uint32_t entry, const void *key)
{
	return ((const struct tasks *)owner)->tasks[entry]->thread.tid == *(const uint32_t *)key;
}

static uint32_t tasks_slot(const struct tasks *tasks, uint32_t tid)
{
	return index_find(&tasks->by_tid, hash_u64(tid), tid_is, tasks, &tid);
}

void tasks_release(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++)
		free(tasks->tasks[i]);
	free(tasks->tasks);
	free(tasks->unused);
	free(tasks->ended);
	index_release(&tasks->by_tid);
	*tasks = (struct tasks){0};
}

struct task *tasks_find(const struct tasks *tasks, uint32_t tid, uint64_t time)
{
	uint32_t at = tasks_slot(tasks, tid);

	for (; at != INDEX_NONE; at = tasks->tasks[at]->older)
		if (tasks->tasks[at]->start <= time)
			return tasks->tasks[at]->end >= time ? tasks->tasks[at] : NULL;
	return NULL;
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
	task->in_use = false;
	tasks->unused = mem_grow(tasks->unused, &tasks->unused_capacity, tasks->unused_count + 1,
		sizeof(*tasks->unused));
	tasks->unused[tasks->unused_count++] = slot;
}

static void tasks_forget_first(struct tasks *tasks)
{
	tasks_remove(tasks, tasks->ended[tasks->ended_first]);
	tasks->ended_first = (tasks->ended_first + 1) % TASKS_ENDED_MAX;
	tasks->ended_count--;
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
	tasks_count_thread(tasks, &tasks->tasks[slot]->thread, -1);
	tasks->tasks[slot]->end = time;
	if (!tasks->ended)
		tasks->ended = mem_alloc(TASKS_ENDED_MAX * sizeof(*tasks->ended));
	if (tasks->ended_count == TASKS_ENDED_MAX) {
		tasks_forget_first(tasks);
		tasks->evicted++;
	}
	tasks->ended[(tasks->ended_first + tasks->ended_count++) % TASKS_ENDED_MAX] = slot;
}

void tasks_forget(struct tasks *tasks, uint64_t time)
{
	while (tasks->ended_count && tasks->tasks[tasks->ended[tasks->ended_first]]->end < time)
		tasks_forget_first(tasks);
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

static void tasks_update(struct tasks *tasks, struct task *task, const struct record *record)
{
	const struct thread *now = record->thread;
	bool renamed = now->tid == now->tgid && task->threads &&
		       memcmp(task->thread.process, now->comm, sizeof(now->comm)) != 0;

	task->thread = *now;
	task->thread.chunk = 0;
	if (record->nums && record->nums[TASK_PARENT])
		task->parent = (uint32_t)record->nums[TASK_PARENT];
	if (renamed)
		tasks_rename_process(tasks, now->tgid, now->comm);
}

void tasks_fold(struct tasks *tasks, const struct record *record)
{
	const struct thread *thread = record->thread;
	uint32_t slot;
	struct task *task;

	if (!thread)
		return;
	slot = tasks_slot(tasks, thread->tid);
	task = slot == INDEX_NONE || tasks->tasks[slot]->end != UINT64_MAX ? NULL
									   : tasks->tasks[slot];
	/* Its exit was lost, or stands in another ring and comes later: another life begins. */
	if (task && record->sub == TASK_FORK) {
		tasks_end(tasks, slot, record->time ? record->time - 1 : 0);
		task = NULL;
	}
	if (!task && record->sub == TASK_EXIT)
		return;
	if (!task) {
		slot = tasks_add(tasks, thread);
		task = tasks->tasks[slot];
		if (record->sub == TASK_FORK)
			task->start = record->time;
		else if (record->nums)
			task->start = record->nums[TASK_START];
		if (record->nums)
			task->parent = (uint32_t)record->nums[TASK_PARENT];
	} else if (record->sub == TASK_EXIT) {
		tasks_end(tasks, slot, record->time);
	} else {
		tasks_update(tasks, task, record);
	}
}

void tasks_each_alive(
	const struct tasks *tasks, void (*visit)(void *arg, struct task *task), void *arg)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->tasks[i]->in_use && tasks->tasks[i]->end == UINT64_MAX)
			visit(arg, tasks->tasks[i]);
}
