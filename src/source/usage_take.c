/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look becomes records: what is new, what has changed, what was used since the last one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/redact.h"
#include "source/usage_local.h"

/*
 * Looks that tell of everybody are not nearer than that: with one each second, every other tells
 * of those alone that were not idle.  Views that show what tasks use look at three seconds at
 * least: one that is whole is in there.
 */
#define WHOLE_NS (1200 * NS_PER_MS)

/* --- who is there --- */

static void append_task(struct usage *usage, enum task_change change, uint64_t time,
	const struct look_row *row, const struct task *known, struct str arguments)
{
	struct thread thread = {.tid = row->tid,
		.tgid = row->tgid,
		.cgroup_hierarchy = row->hierarchy,
		.cgroup_id = row->cgroup};
	const struct task *first = tasks_alive(&usage->model->tasks, row->tgid);
	uint64_t nums[TASK_NUMS] = {[TASK_PARENT] = row->tid == row->tgid ? row->parent : 0,
		[TASK_START] = row->start,
		[TASK_UID] = (uint64_t)row->uid + 1,
		[TASK_PIDNS] = row->pidns,
		[TASK_MNTNS] = row->mntns};

	memcpy(thread.comm, row->comm, sizeof(thread.comm));
	memcpy(thread.process, row->tid == row->tgid || !first ? row->comm : first->thread.comm,
		sizeof(thread.process));
	recording_append(usage->recording, &(struct record){.type = RECORD_TASK,
						   .sub = change,
						   .time = time,
						   .flags = known ? 0 : RECORD_SNAPSHOT,
						   .thread = &thread,
						   .nums = nums,
						   .texts = &arguments});
}

/* Whether the model has it as it is.  Who tells of new names at once is faster than a look. */
static bool is_known(const struct task *task, const struct look_row *row)
{
	bool is_named = task->named ? task->thread.comm[0] != '\0'
				    : !memcmp(task->thread.comm, row->comm, sizeof(row->comm));
	bool same_cgroup = !row->cgroup || (task->thread.cgroup_id == row->cgroup &&
						   task->thread.cgroup_hierarchy == row->hierarchy);

	return task->uid == row->uid + 1 && (!row->pidns || task->pidns == row->pidns) &&
	       (!row->mntns || task->mntns == row->mntns) && same_cgroup && task->start &&
	       (row->tid != row->tgid || task->parent == row->parent) && is_named;
}

static void append_exit(struct usage *usage, const struct task *task, uint64_t time)
{
	recording_append(usage->recording, &(struct record){.type = RECORD_TASK,
						   .sub = TASK_EXIT,
						   .time = time,
						   .thread = &task->thread});
}

/* Whether nothing of its process is left but its number. */
static bool is_zombie(const struct look_row *row)
{
	return row->time || (row->state == 'Z' && row->threads <= 1);
}

/* A look met it while its number was taken away: all that it used is told with its exit. */
static bool is_gone(const struct look_row *row)
{
	return row->state == 'X' && !row->time;
}

/* The task of a row as the model has it, made known if it is not; NULL: too late for that. */
static struct task *meet(struct usage *usage, const struct look_row *row, uint64_t time)
{
	struct tasks *tasks = &usage->model->tasks;
	struct task *task = tasks_life(tasks, row->tid, row->start), *other;
	bool goes_on = task && task->end < time && !is_zombie(row);

	if (task && is_known(task, row) && !goes_on)
		return task;
	/* Another life under the same number, whose end nobody told. */
	other = task ? NULL : tasks_alive(tasks, row->tid);
	if (other && other->start < row->start)
		append_exit(usage, other, row->start);
	if (task && task->end < time && !goes_on)
		time = task->end;
	append_task(usage, TASK_ALIVE, time, row, task, (struct str){"", 0});
	return tasks_life(tasks, row->tid, row->start);
}

void usage_take_exec(struct usage *usage, const struct look_row *row, struct str arguments)
{
	struct buf shown = {0};

	if (!usage_follows(usage, row))
		return;
	redact_arguments(&shown, arguments);
	append_task(usage, TASK_COMM, row->time, row,
		tasks_life(&usage->model->tasks, row->tid, row->start), buf_str(&shown));
	buf_release(&shown);
}

/* --- what they used --- */

static bool seen_is(const void *owner, uint32_t entry, const void *tid)
{
	return ((const struct usage *)owner)->seen[entry].tid == *(const uint32_t *)tid;
}

/* What was seen of the thread before; began with nothing if it started since the last look. */
static struct seen *seen_of(struct usage *usage, const struct look_row *row, bool *first_look)
{
	uint64_t hash = hash_u64(row->tid);
	uint32_t at = index_find(&usage->by_tid, hash, seen_is, usage, &row->tid);

	*first_look = false;
	if (at != INDEX_NONE && usage->seen[at].start == row->start)
		return &usage->seen[at];
	if (at == INDEX_NONE) {
		usage->seen = mem_grow(usage->seen, &usage->seen_capacity, usage->seen_count + 1,
			sizeof(*usage->seen));
		at = (uint32_t)usage->seen_count++;
		index_add(&usage->by_tid, hash, at);
	}
	usage->seen[at] = (struct seen){.tid = row->tid, .start = row->start};
	*first_look = row->start < usage->last || !usage->last;
	return &usage->seen[at];
}

static uint64_t rise(uint64_t *before, uint64_t now)
{
	uint64_t more = now > *before ? now - *before : 0;

	*before = now > *before ? now : *before;
	return more;
}

/* Of who ended all is known, also a name that the side-band tells of a moment later. */
static void name_ended(struct thread *thread, const struct look_row *row)
{
	thread->chunk = 0;
	memcpy(thread->comm, row->comm, sizeof(thread->comm));
	if (row->tid == row->tgid)
		memcpy(thread->process, row->comm, sizeof(thread->process));
}

/* Whether it did nothing, and is as it was told of last. */
static bool is_idle(const struct seen *seen, const uint64_t *nums)
{
	return seen->is_told && !memcmp(seen->nums, nums, sizeof(seen->nums));
}

/* What it was told to be, as that is when it does nothing. */
static void remember_told(struct seen *seen, const uint64_t *nums)
{
	static const enum task_usage_num counters[] = {TASK_USAGE_USER, TASK_USAGE_SYSTEM,
		TASK_USAGE_READ, TASK_USAGE_WRITTEN, TASK_USAGE_FAULTS};

	seen->is_told = true;
	memcpy(seen->nums, nums, sizeof(seen->nums));
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		seen->nums[counters[i]] = 0;
}

static void append_usage(struct usage *usage, const struct look_row *row, struct task *task,
	uint64_t duration, uint64_t time)
{
	struct thread ended = task->thread;
	bool first_look;
	struct seen *seen = seen_of(usage, row, &first_look);
	uint64_t nums[TASK_USAGE_NUMS] = {[TASK_USAGE_USER] = rise(&seen->user, row->user),
		[TASK_USAGE_SYSTEM] = rise(&seen->system, row->system),
		[TASK_USAGE_STATE] = (uint8_t)row->state,
		[TASK_USAGE_NICE] = (uint64_t)(int64_t)row->nice,
		[TASK_USAGE_RSS] = row->rss,
		[TASK_USAGE_SHARED] = row->shared,
		[TASK_USAGE_VIRTUAL] = row->virtual,
		[TASK_USAGE_READ] = rise(&seen->read, row->read),
		[TASK_USAGE_WRITTEN] = rise(&seen->written, row->written),
		[TASK_USAGE_THREADS] = row->threads,
		[TASK_USAGE_FAULTS] = rise(&seen->faults, row->faults)};

	seen->look = usage->looks;
	if (row->time)
		name_ended(&ended, row);
	if (first_look) /* all that it used before anyone looked */
		nums[TASK_USAGE_USER] = nums[TASK_USAGE_SYSTEM] = nums[TASK_USAGE_READ] =
			nums[TASK_USAGE_WRITTEN] = nums[TASK_USAGE_FAULTS] = 0;
	if (!usage_counts(usage, row, task))
		return;
	if (usage->task_hook)
		usage->task_hook(usage->task_hook_arg, task, nums);
	if (usage->is_partial && !row->time && is_idle(seen, nums))
		return;
	remember_told(seen, nums);
	recording_append(usage->recording,
		&(struct record){.type = RECORD_TASK_USAGE,
			.sub = row->tid == row->tgid ? USAGE_PROCESS : USAGE_THREAD,
			.flags = usage->is_partial ? RECORD_PARTIAL : 0,
			.time = time,
			.duration = duration,
			.thread = row->time ? &ended : &task->thread,
			.nums = nums});
}

/* Who ended since the last look, before or after this one. */
static void take_ended(struct usage *usage, const struct look_row *row, uint64_t time)
{
	/* Whose side-band was not there to tell is told of whole. */
	struct task *task = meet(usage, row, row->time);
	uint64_t end = row->time > usage->last ? row->time : usage->last;

	if (!task)
		return;
	/* A look that found it gone told a later time; the side-band's is the same but for us. */
	if (task->end > row->time + NS_PER_MS)
		append_exit(usage, task, row->time);
	append_usage(usage, row, task, end - usage->last, time);
}

/* Whom this look did not find has ended; the last entry takes a place that is free. */
static void forget_unseen(struct usage *usage, uint64_t time)
{
	for (size_t i = usage->seen_count; i-- > 0;) {
		struct seen *seen = &usage->seen[i], *last = &usage->seen[usage->seen_count - 1];
		struct task *task;

		if (seen->look == usage->looks)
			continue;
		task = tasks_life(&usage->model->tasks, seen->tid, seen->start);
		if (task && task->end == UINT64_MAX)
			append_exit(usage, task, time);
		index_remove(&usage->by_tid, hash_u64(seen->tid), (uint32_t)i);
		if (seen != last) {
			index_remove(&usage->by_tid, hash_u64(last->tid),
				(uint32_t)usage->seen_count - 1);
			*seen = *last;
			index_add(&usage->by_tid, hash_u64(seen->tid), (uint32_t)i);
		}
		usage->seen_count--;
	}
}

/* Processes whose arguments nobody has told. */
static void ask_arguments(struct usage *usage, const struct look *look)
{
	uint32_t *tgids = mem_alloc((look->count + 1) * sizeof(*tgids));
	size_t count = 0;

	for (size_t i = 0; i < look->count; i++) {
		const struct look_row *row = &look->rows[i];
		const struct task *task = tasks_alive(&usage->model->tasks, row->tid);
		uint32_t at;

		if (row->tid != row->tgid || !row->virtual || !task || task->cmdline.size)
			continue;
		at = index_find(&usage->by_tid, hash_u64(row->tid), seen_is, usage, &row->tid);
		if (at == INDEX_NONE || usage->seen[at].execs_asked == task->execs + 1)
			continue;
		usage->seen[at].execs_asked = task->execs + 1;
		tgids[count++] = row->tid;
	}
	if (count)
		usage_ask(usage, tgids, count);
	free(tgids);
}

static void append_lost(struct usage *usage, uint64_t time)
{
	uint64_t lost = usage_lost(usage), more = lost - usage->lost;

	usage->lost = lost;
	if (more)
		recording_append(
			usage->recording, &(struct record){.type = RECORD_LOST,
						  .sub = LOST_TASKS,
						  .time = time,
						  .name = STR("execs and exits: ring full"),
						  .nums = &more});
}

bool usage_next_is_partial(const struct usage *usage, uint64_t now)
{
	/* An interval that is closed is looked at by itself. */
	return !usage->end && usage->whole && now - usage->whole < WHOLE_NS;
}

void usage_take(struct usage *usage, struct look *look, uint64_t now)
{
	uint64_t duration = usage->last ? look->time - usage->last : 0;

	usage->looks++;
	usage->is_partial = look->skips_idle || usage_next_is_partial(usage, now);
	if (!usage->is_partial && duration)
		usage->whole = now;
	for (size_t i = 0; i < usage->ended_count; i++)
		if (usage->ended[i].time < look->time)
			take_ended(usage, &usage->ended[i], now);
	for (size_t i = 0; i < look->count; i++) {
		struct task *task = is_gone(&look->rows[i]) || !usage_follows(usage, &look->rows[i])
					    ? NULL
					    : meet(usage, &look->rows[i], now);

		if (task)
			append_usage(usage, &look->rows[i], task, duration, now);
	}
	for (size_t i = 0; i < usage->ended_count; i++)
		if (usage->ended[i].time >= look->time)
			take_ended(usage, &usage->ended[i], now);
	usage->ended_count = 0;
	if (!look->partial && !look->skips_idle)
		forget_unseen(usage, now);
	append_lost(usage, now);
	host_take(usage, &look->host, now, duration);
	usage->last = look->time;
	ask_arguments(usage, look);
}
