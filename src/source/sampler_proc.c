/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was there before anyone looked: asked of /proc, on a worker. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/worker.h"
#include "source/proc.h"
#include "source/sampler_local.h"

#define MODULES_CHECK_NS (5 * NS_PER_S)

struct ask {
	struct job job;
	struct sampler *sampler;
	uint32_t tgid, tid;
	bool maps;
	int code;
	struct proc_info info;
};

static void ask_run(struct job *job)
{
	struct ask *ask = (struct ask *)job;

	ask->code = proc_read(ask->tgid, ask->tid, ask->maps, &ask->info);
}

static void tell_task(
	struct sampler *sampler, const struct ask *ask, uint32_t tid, const char comm[16])
{
	struct tasks *tasks = &sampler->model->tasks;
	struct thread thread = {.tid = tid, .tgid = ask->tgid};
	struct task *task = tasks_at(tasks, tid, ask->info.time);
	uint64_t time = ask->info.time;

	if (task && task->thread.comm[0]) { /* the side-band was faster */
		task->asked = true;
		return;
	}
	if (task && task->end < time) /* /proc has it until somebody waits for it */
		time = task->end;
	memcpy(thread.comm, comm, sizeof(thread.comm));
	memcpy(thread.process, ask->info.process, sizeof(thread.process));
	recording_append(sampler->recording,
		&(struct record){.type = RECORD_TASK,
			.sub = TASK_ALIVE,
			.time = time,
			.flags = RECORD_SNAPSHOT,
			.thread = &thread,
			.nums = (uint64_t[TASK_NUMS]){[TASK_PARENT] = ask->info.parent,
				[TASK_START] = tid == ask->tgid ? ask->info.start : 0}});
	task = tasks_at(tasks, tid, ask->info.time);
	if (task)
		task->asked = true;
}

/* It has ended meanwhile: its samples are a stranger's, and nobody asks again. */
static void tell_gone(struct sampler *sampler, const struct ask *ask)
{
	struct tasks *tasks = &sampler->model->tasks;
	struct task *task = tasks_at(tasks, ask->tid, ask->info.time);
	struct thread thread = {.tid = ask->tid, .tgid = ask->tgid};
	struct record record = {
		.type = RECORD_TASK, .sub = TASK_ALIVE, .time = ask->info.time, .thread = &thread};

	if (!task) {
		recording_append(sampler->recording, &record);
		task = tasks_at(tasks, ask->tid, ask->info.time);
	}
	if (!task)
		return;
	task->asked = true;
	if (task->end != UINT64_MAX)
		return;
	thread = task->thread; /* its name stays with it */
	record.sub = TASK_EXIT;
	recording_append(sampler->recording, &record);
}

static void tell_maps(struct sampler *sampler, struct ask *ask)
{
	struct maps *maps = sampler->model->maps;
	struct map *found = mem_alloc((ask->info.map_count + 1) * sizeof(*found));

	for (size_t i = 0; i < ask->info.map_count; i++) {
		const struct proc_map *map = &ask->info.maps[i];
		struct str path = {ask->info.paths.data + map->path, map->path_size};
		struct str build_id = {(const char *)map->build_id, map->build_id_size};
		bool absolute;
		uint32_t dso = sampler_map_dso(sampler, ask->info.time, ask->tgid, map->start,
			(struct dso_key){.path = path,
				.build_id = build_id,
				.dev = map->dev,
				.inode = map->inode},
			&absolute);

		found[i] = (struct map){map->start, map->end, absolute ? map->start : map->offset,
			ask->info.time, dso};
	}
	maps_set(maps, ask->tgid, found, ask->info.map_count, ask->info.time);
	if (ask->info.maps_error)
		maps_set_state(maps, ask->tgid, SPACE_HIDDEN);
	free(found);
}

static void ask_done(struct job *job)
{
	struct ask *ask = (struct ask *)job;
	struct sampler *sampler = ask->sampler;

	sampler->asked--;
	if (ask->code) {
		tell_gone(sampler, ask);
		if (ask->maps) /* nothing more will be known */
			maps_set_state(sampler->model->maps, ask->tgid, SPACE_HIDDEN);
	} else {
		tell_task(sampler, ask, ask->tgid, ask->info.process);
		if (ask->tid != ask->tgid)
			tell_task(sampler, ask, ask->tid, ask->info.comm);
		if (ask->maps)
			tell_maps(sampler, ask);
	}
	proc_info_release(&ask->info);
	free(ask);
	if (sampler->waiting && sampler->running)
		sampler_tick(sampler, clock_now());
}

void sampler_ask(struct sampler *sampler, uint32_t tgid, uint32_t tid, bool maps)
{
	struct ask *ask = mem_zalloc(sizeof(*ask));

	ask->job.run = ask_run;
	ask->job.done = ask_done;
	ask->sampler = sampler;
	ask->tgid = tgid;
	ask->tid = tid;
	ask->maps = maps;
	if (maps)
		maps_set_state(sampler->model->maps, tgid, SPACE_ASKED);
	sampler->asked++;
	worker_post(sampler->worker, &ask->job);
}

/*
 * A module that was loaded where another was unloaded would be taken for it: whenever the list of
 * modules has changed, kernel addresses from then on belong to a new DSO, whose symbols are read
 * afresh.
 */
struct modules_job {
	struct job job;
	struct sampler *sampler;
	uint64_t hash;
};

static void modules_run(struct job *job)
{
	struct modules_job *modules = (struct modules_job *)job;
	struct buf text = {0}, names = {0};
	char *line, *rest;

	if (!fs_read("/proc/modules", &text, 4 << 20, NULL)) {
		rest = text.data;
		while (rest && (line = strsep(&rest, "\n"))) {
			/* name and, last, address; use counts in between change all the time */
			char *address = strrchr(line, ' ');

			buf_add(&names, line, strcspn(line, " "));
			buf_add_text(&names, address ? address : "");
		}
		modules->hash = hash_bytes(names.data, names.size);
	}
	buf_release(&text);
	buf_release(&names);
}

static void modules_done(struct job *job)
{
	struct modules_job *modules = (struct modules_job *)job;
	struct sampler *sampler = modules->sampler;
	bool first = !sampler->modules_hash;

	sampler->modules_asked = false;
	if (modules->hash != sampler->modules_hash) {
		sampler->modules_hash = modules->hash;
		if (!first)
			sampler_describe_kernel(sampler);
	}
	free(modules);
}

void sampler_check_modules(struct sampler *sampler, uint64_t now)
{
	struct modules_job *modules;

	if (sampler->modules_asked || now - sampler->modules_checked < MODULES_CHECK_NS)
		return;
	sampler->modules_checked = now;
	sampler->modules_asked = true;
	modules = mem_zalloc(sizeof(*modules));
	modules->job.run = modules_run;
	modules->job.done = modules_done;
	modules->sampler = sampler;
	worker_post(sampler->worker, &modules->job);
}
