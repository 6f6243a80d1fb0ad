/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/usage.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/usage_local.h"

#define LOOK_MS 2000 /* that the end of an interval waits for a look */
#define END_MS 100   /* and for one that is under way at the end of all */
#define THREADS 2
#define TICK_NS (11 * NS_PER_MS) /* of 100 Hz, in which /proc tells starts, and a little */

struct look_row *look_add(struct look *look)
{
	look->rows = mem_grow(look->rows, &look->capacity, look->count + 1, sizeof(*look->rows));
	return &look->rows[look->count++];
}

void look_release(struct look *look)
{
	free(look->rows);
	host_look_release(&look->host);
	*look = (struct look){0};
}

struct usage *usage_new(struct loop *loop, struct recording *recording, struct model *model)
{
	struct usage *usage = mem_zalloc(sizeof(*usage));

	usage->loop = loop;
	usage->recording = recording;
	usage->model = model;
	usage->worker = worker_new(loop, "tracetop-usage", THREADS, false);
	return usage;
}

void usage_free(struct usage *usage)
{
	if (!usage)
		return;
	worker_finish(usage->worker, END_MS);
	worker_free(usage->worker, true);
	if (!usage->looking) /* else a thread hangs in there, or is slow: it keeps what it reads */
		usage_bpf_free(usage->bpf);
	free(usage->seen);
	index_release(&usage->by_tid);
	free(usage->ended);
	free(usage->followed);
	index_release(&usage->by_tgid);
	host_look_release(&usage->host);
	free(usage);
}

/* --- narrowing --- */

static bool tgid_is(const void *owner, uint32_t entry, const void *tgid)
{
	return ((const struct usage *)owner)->followed[entry].tgid == *(const uint32_t *)tgid;
}

static struct followed *find_followed(const struct usage *usage, uint32_t tgid)
{
	uint32_t at = index_find(&usage->by_tgid, hash_u64(tgid), tgid_is, usage, &tgid);

	return at == INDEX_NONE ? NULL : &usage->followed[at];
}

static void follow(struct usage *usage, uint32_t tgid, uint64_t start)
{
	struct followed *followed = find_followed(usage, tgid);

	if (!followed) {
		usage->followed = mem_grow(usage->followed, &usage->followed_capacity,
			usage->followed_count + 1, sizeof(*usage->followed));
		followed = &usage->followed[usage->followed_count];
		followed->tgid = tgid;
		index_add(&usage->by_tgid, hash_u64(tgid), (uint32_t)usage->followed_count++);
	}
	followed->start = start;
	followed->end = UINT64_MAX;
}

void usage_narrow(struct usage *usage, const uint32_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		follow(usage, pids[i], 0);
	usage->narrowed = count ? clock_now() : 0;
}

/* Whether the first thread's row is of that life, or of another with its number. */
static bool is_same(const struct usage *usage, const struct followed *followed, uint64_t start)
{
	if (!followed->start)
		return start < usage->narrowed;
	/* Looks by /proc, which may follow others, cut it to ticks. */
	return start < followed->start + TICK_NS && followed->start < start + TICK_NS;
}

/*
 * A number that is used again is told by its start: who began later than we did is of the set only
 * as a child of somebody who was in it then.
 */
bool usage_follows(struct usage *usage, const struct look_row *row)
{
	struct followed *followed, *parent;

	if (!usage->narrowed)
		return true;
	followed = find_followed(usage, row->tgid);
	if (followed && row->tid != row->tgid)
		return row->start <= followed->end;
	if (followed && is_same(usage, followed, row->start))
		return true;
	if (followed && row->start <= followed->end)
		followed->end = row->start - 1;
	parent = find_followed(usage, row->parent);
	if (row->tid != row->tgid || row->start < usage->narrowed || !parent ||
		row->start > parent->end)
		return false;
	follow(usage, row->tgid, row->start);
	return true;
}

void usage_choose(struct usage *usage, const struct chosen *chosen)
{
	usage->chosen = chosen;
}

/*
 * /proc does not tell cgroups with each look: then it is where it was.  The first look, which has
 * nothing to tell but who is there, comes before anything is decided.
 */
bool usage_counts(const struct usage *usage, const struct look_row *row, const struct task *task)
{
	bool told = row->cgroup != 0;

	if (!usage->chosen)
		return true;
	return usage->last &&
	       chosen_ask(usage->chosen, told ? row->hierarchy : task->thread.cgroup_hierarchy,
		       told ? row->cgroup : task->thread.cgroup_id,
		       row->pidns ? row->pidns : task->pidns,
		       row->mntns ? row->mntns : task->mntns) != CHOSEN_OUT;
}

/* --- looking --- */

struct looking {
	struct job job;
	struct usage *usage;
	bool has_run;
	bool first; /* BPF is yet to be loaded */
	struct usage_bpf *bpf;
	struct error trouble;
	struct look look;
};

static void looking_run(struct job *job)
{
	struct looking *looking = (struct looking *)job;

	looking->has_run = true;
	if (looking->first)
		looking->bpf = usage_bpf_new(&looking->trouble);
	if (!looking->bpf || usage_bpf_look(looking->bpf, &looking->look)) {
		look_release(&looking->look);
		usage_proc_look(&looking->look);
	}
	host_look(&looking->look.host);
}

static void take_exec(void *arg, const struct look_row *row, struct str arguments)
{
	usage_take_exec(arg, row, arguments);
}

static void take_exit(void *arg, const struct look_row *row)
{
	struct usage *usage = arg;
	struct followed *followed;

	if (!usage_follows(usage, row))
		return;
	usage->ended = mem_grow(usage->ended, &usage->ended_capacity, usage->ended_count + 1,
		sizeof(*usage->ended));
	usage->ended[usage->ended_count++] = *row;
	/* The children that it had may be told of later. */
	followed = usage->narrowed ? find_followed(usage, row->tgid) : NULL;
	if (followed && row->tid == row->tgid && row->threads <= 1)
		followed->end = row->time;
}

void usage_drain(struct usage *usage)
{
	struct usage_events events = {take_exec, take_exit, usage};

	if (usage->bpf)
		usage_bpf_drain(usage->bpf, &events);
}

static void looking_done(struct job *job)
{
	struct looking *looking = (struct looking *)job;
	struct usage *usage = looking->usage;

	usage->looking = false;
	if (looking->first) {
		usage->bpf = looking->bpf;
		usage->trouble = looking->trouble;
	}
	if (looking->has_run && looking->look.time > usage->last) {
		usage_drain(usage);
		usage_take(usage, &looking->look,
			usage->end && usage->end <= looking->look.time ? usage->end - 1
								       : looking->look.time);
		if (usage->hook && !usage->end)
			usage->hook(usage->hook_arg);
	}
	look_release(&looking->look);
	free(looking);
}

void usage_on_look(struct usage *usage, void (*hook)(void *arg), void *arg)
{
	usage->hook = hook;
	usage->hook_arg = arg;
}

void usage_on_task(struct usage *usage,
	void (*hook)(void *arg, const struct task *task, const uint64_t *nums), void *arg)
{
	usage->task_hook = hook;
	usage->task_hook_arg = arg;
}

void usage_need_idle(struct usage *usage, bool needed)
{
	usage->needs_idle = needed;
}

void usage_tick(struct usage *usage)
{
	struct looking *looking;

	usage_drain(usage);
	if (usage->looking)
		return; /* the last one hangs or is slow */
	looking = mem_zalloc(sizeof(*looking));
	looking->job.run = looking_run;
	looking->job.done = looking_done;
	looking->usage = usage;
	looking->bpf = usage->bpf;
	looking->first = !usage->begun;
	looking->look.skips_idle = usage->bpf && !usage->needs_idle &&
				   usage_next_is_partial(usage, clock_now());
	usage->begun = usage->looking = true;
	worker_post(usage->worker, &looking->job);
}

void usage_close_interval(struct usage *usage, uint64_t end)
{
	worker_finish(usage->worker, LOOK_MS); /* one that is under way */
	usage->end = end;
	usage_tick(usage);
	worker_finish(usage->worker, LOOK_MS); /* and the arguments it asks for */
	usage->end = 0;
}

void usage_settle(struct usage *usage, int timeout_ms)
{
	worker_finish(usage->worker, timeout_ms);
}

void usage_start(struct usage *usage)
{
	usage_tick(usage);
}

const char *usage_trouble(const struct usage *usage)
{
	return usage->bpf || !usage->trouble.code ? NULL : usage->trouble.text;
}

uint64_t usage_lost(const struct usage *usage)
{
	return usage->bpf ? usage_bpf_lost(usage->bpf) : 0;
}
