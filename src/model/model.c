/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/model.h"

#include <stdlib.h>

#include "base/mem.h"
#include "record/cursor.h"

struct model *model_new(void)
{
	struct model *model = mem_zalloc(sizeof(*model));

	symbols_init(&model->symbols);
	model->maps = maps_new();
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	tasks_release(&model->tasks);
	symbols_release(&model->symbols);
	maps_free(model->maps);
	free(model->events);
	cgroups_release(&model->cgroups);
	users_release(&model->users);
	intern_release(&model->strings);
	free(model);
}

static void model_fold_host(struct model *model, const struct record *record)
{
	struct intern *strings = &model->strings;

	model->host = (struct host_fact){.name = intern(strings, record->name),
		.kernel = intern(strings, record->texts[HOST_KERNEL]),
		.arch = intern(strings, record->texts[HOST_ARCH]),
		.boot = intern(strings, record->texts[HOST_BOOT]),
		.system = intern(strings, record->texts[HOST_SYSTEM]),
		.cpus = record->nums[HOST_CPUS],
		.memory = record->nums[HOST_MEMORY],
		.self = record->nums[HOST_SELF],
		.realtime = record->nums[HOST_REALTIME]};
}

/* An event's name is used as a text of C: it was an argument, and has no NUL but a forged one. */
static void model_fold_event(struct model *model, const struct record *record)
{
	struct event_fact *event = (struct event_fact *)model_event(model, record->sub);
	struct str name = record->name;

	if (name.size)
		name.size = strnlen(name.data, name.size);
	if (!event) {
		model->events = mem_grow(model->events, &model->event_capacity,
			model->event_count + 1, sizeof(*model->events));
		event = &model->events[model->event_count++];
	}
	*event = (struct event_fact){.id = record->sub,
		.name = intern(&model->strings, name),
		.unit = intern(&model->strings, record->texts[EVENT_UNIT]),
		.why = intern(&model->strings, record->texts[EVENT_WHY]),
		.frequency = record->nums[EVENT_FREQUENCY],
		.period = record->nums[EVENT_PERIOD],
		.stacks = record->nums[EVENT_STACKS] != 0};
}

const struct event_fact *model_event(const struct model *model, uint32_t id)
{
	for (size_t i = 0; i < model->event_count; i++)
		if (model->events[i].id == id)
			return &model->events[i];
	return NULL;
}

/* By the paths of their cgroups, which may be of different hierarchies. */
static bool is_within(
	const struct cgroups *cgroups, const struct container *inner, const struct container *outer)
{
	const struct cgroup *below = cgroups_find(cgroups, inner->hierarchy, inner->cgroup);
	const struct cgroup *above = cgroups_find(cgroups, outer->hierarchy, outer->cgroup);

	return below && above && below->path.size > above->path.size &&
	       str_starts(below->path, above->path) && below->path.data[above->path.size] == '/';
}

const struct container *model_container(const struct model *model, const struct task *task,
	uint32_t hierarchy, uint64_t cgroup, uint64_t time)
{
	const struct cgroups *cgroups = &model->cgroups;
	const struct container *container = cgroups_container(cgroups, hierarchy, cgroup), *other;

	if (!task || (container && container->pidns == task->pidns))
		return container;
	/* Who has ended by then was in it while he lived. */
	other = cgroups_container_in(cgroups, task->pidns, container ? 0 : task->mntns,
		task->end < time ? task->end : time);
	/* A container in a container may have cgroups of its own in some hierarchies alone. */
	return !container || (other && is_within(cgroups, other, container)) ? other : container;
}

void model_fold(struct model *model, const struct record *record)
{
	switch (record->type) {
	case RECORD_HOST:
		model_fold_host(model, record);
		break;
	case RECORD_EVENT:
		model_fold_event(model, record);
		break;
	case RECORD_TASK:
		tasks_fold(&model->tasks, record);
		break;
	case RECORD_CGROUP:
	case RECORD_CONTAINER:
		cgroups_fold(&model->cgroups, record);
		break;
	case RECORD_USER:
		users_fold(&model->users, &model->strings, record);
		break;
	case RECORD_DSO:
	case RECORD_SYMBOL:
		symbols_fold(&model->symbols, record);
		break;
	default:
		break;
	}
}

uint64_t model_load(struct model *model, struct recording *recording)
{
	static const enum record_class order[] = {RECORD_FACT, RECORD_STATE};
	uint64_t damaged = 0;

	for (int i = 0; i < 2; i++) {
		struct cursor cursor;
		struct rows *rows;

		cursor_init(&cursor, recording, order[i], 0, UINT64_MAX);
		while ((rows = cursor_next(&cursor))) {
			uint32_t count = rows_count(rows);

			for (uint32_t row = 0; row < count; row++) {
				struct rows_record taken;

				if (!rows_record(rows, row, &taken)) {
					damaged++;
					break;
				}
				model_fold(model, &taken.record);
			}
		}
		damaged += cursor.damaged;
		cursor_release(&cursor);
	}
	return damaged;
}

struct snapshot {
	struct recording *recording;
	uint64_t time;
};

static void snapshot_task(void *arg, struct task *task)
{
	struct snapshot *snapshot = arg;
	uint64_t nums[TASK_NUMS] = {[TASK_PARENT] = task->parent,
		[TASK_START] = task->start,
		[TASK_UID] = task->uid,
		[TASK_PIDNS] = task->pidns,
		[TASK_MNTNS] = task->mntns};
	struct str texts[TASK_TEXTS] = {task->cmdline};

	recording_append(snapshot->recording, &(struct record){.type = RECORD_TASK,
						      .sub = TASK_ALIVE,
						      .time = snapshot->time,
						      .flags = RECORD_SNAPSHOT,
						      .thread = &task->thread,
						      .nums = nums,
						      .texts = texts});
}

void model_snapshot(const struct model *model, struct recording *recording, uint64_t time)
{
	struct snapshot snapshot = {recording, time};

	tasks_each_alive(&model->tasks, snapshot_task, &snapshot);
	cgroups_snapshot(&model->cgroups, recording, time);
	users_snapshot(&model->users, recording, time);
}
