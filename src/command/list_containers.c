/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at the machine without sampling it: the cgroups and tasks there are name the containers as
 * the screen has them, the files of runtimes tell when they were made, and which do not run.
 */
#include "command/list_containers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "command/command.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_inspect.h"
#include "resolve/container_paths.h"
#include "resolve/container_stopped.h"
#include "resolve/containers.h"
#include "source/cgroups.h"
#include "source/usage.h"

#define BUFFER (16u << 20)
#define NAMES_MS 1500 /* that they take at most, where the machine is busy or a daemon hangs */
#define FILES_MS 1000 /* for what only files tell: a mount that hangs costs that, not the list */

struct listed {
	char *cells[LISTED_CELLS]; /* NULL: nothing */
	bool runs;
};

struct list {
	struct listed *listed;
	size_t count, capacity;
};

struct look {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct cgroup_watch *cgroups;
	struct usage *usage;
	struct containers *containers;
	struct worker *worker;
};

/* --- cells --- */

static void set(struct listed *listed, enum listed_cell cell, struct str text)
{
	if (!text.size)
		return;
	free(listed->cells[cell]);
	listed->cells[cell] = mem_printf("%.*s", (int)text.size, text.data);
}

static struct listed *add(struct list *list)
{
	list->listed = mem_grow(
		list->listed, &list->capacity, list->count + 1, sizeof(*list->listed));
	list->listed[list->count] = (struct listed){0};
	return &list->listed[list->count++];
}

static const char *cell(const struct listed *listed, enum listed_cell which)
{
	return listed->cells[which] ? listed->cells[which] : "";
}

static bool is_listed(const struct list *list, struct str id)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(str_from(cell(&list->listed[i], LISTED_ID)), id))
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct listed *first = a, *second = b;
	int order = second->runs - first->runs;

	if (!order)
		order = strcmp(cell(first, LISTED_NAME), cell(second, LISTED_NAME));
	return order ? order : strcmp(cell(first, LISTED_ID), cell(second, LISTED_ID));
}

/* --- those that run --- */

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static void look_begin(struct look *look)
{
	look->loop = loop_new();
	look->model = model_new();
	look->recording = recording_new(NULL, BUFFER);
	recording_observe(look->recording, fold, look->model);
	look->containers = containers_new(look->loop, look->recording, look->model, NULL);
	look->cgroups = cgroup_watch_new(look->loop, look->recording);
	look->usage = usage_new(look->loop, look->recording, look->model);
	cgroup_watch_start(look->cgroups);
	usage_start(look->usage);
	cgroup_watch_close_interval(look->cgroups, clock_now());
	usage_close_interval(look->usage, clock_now());
	containers_settle(look->containers, NAMES_MS);
	look->worker = worker_new(look->loop, "tracetop-list", 1, false);
}

static void look_end(struct look *look)
{
	worker_free(look->worker, true);
	usage_free(look->usage);
	cgroup_watch_free(look->cgroups);
	containers_free(look->containers);
	recording_free(look->recording);
	model_free(look->model);
	loop_free(look->loop);
}

static void add_running(struct list *list, const struct container *container)
{
	static const char *const states[] = {"", "created", "running", "paused", "ended"};
	struct listed *listed = add(list);
	char pid[16];

	listed->runs = true;
	set(listed, LISTED_NAME, container->name.size ? container->name : container->id);
	set(listed, LISTED_ID, container->id);
	set(listed, LISTED_STATE, str_from(states[container->state]));
	set(listed, LISTED_RUNTIME, container->runtime);
	set(listed, LISTED_IMAGE, container->image);
	set(listed, LISTED_POD, container->pod);
	set(listed, LISTED_NAMESPACE, container->pod_namespace);
	snprintf(pid, sizeof(pid), "%u", container->pid1);
	set(listed, LISTED_PID, str_from(container->pid1 ? pid : ""));
}

/* --- what only files tell --- */

struct inspecting {
	struct job job;
	struct container_wish wish;
	struct fact_sources *sources;
	uint32_t pid1;
	char *created, *started, *storage; /* found */
	struct list stopped;		   /* by the last job */
	char **storages;
	bool lists, done;
};

static char *found_text(
	const struct inspect *inspect, enum inspect_section section, const char *name)
{
	for (size_t i = 0; i < inspect->count; i++)
		if (inspect->rows[i].section == section &&
			str_equal(inspect_name(inspect, i), str_from(name))) {
			struct str value = inspect_value(inspect, i);

			return mem_printf("%.*s", (int)value.size, value.data);
		}
	return NULL;
}

/* GRAPHROOT/DRIVER-containers of GRAPHROOT/DRIVER-containers/ID/userdata/config.json. */
static char *storage_of(const char *bundle)
{
	const char *at = bundle ? strstr(bundle, "-containers/") : NULL;

	return at ? mem_printf("%.*s", (int)(at + 11 - bundle), bundle) : NULL;
}

static void add_stopped(void *arg, const struct stopped_container *container)
{
	const struct container_facts *facts = &container->facts;
	struct listed *listed = add(arg);
	char code[24];

	set(listed, LISTED_NAME, (struct str){facts->name.data, facts->name.size});
	set(listed, LISTED_ID, (struct str){facts->id.data, facts->id.size});
	set(listed, LISTED_RUNTIME, (struct str){facts->runtime.data, facts->runtime.size});
	set(listed, LISTED_IMAGE, (struct str){facts->image.data, facts->image.size});
	set(listed, LISTED_POD, (struct str){facts->pod.data, facts->pod.size});
	set(listed, LISTED_NAMESPACE,
		(struct str){facts->pod_namespace.data, facts->pod_namespace.size});
	set(listed, LISTED_STATE, str_from(container->state));
	set(listed, LISTED_CREATED, str_from(container->created));
	set(listed, LISTED_STARTED, str_from(container->started));
	snprintf(code, sizeof(code), "%lld", (long long)container->exit_code);
	set(listed, LISTED_EXIT, str_from(container->exit_code >= 0 ? code : ""));
}

static void inspecting_run(struct job *job)
{
	struct inspecting *inspecting = (struct inspecting *)job;
	struct inspect inspect = {0};
	char *bundle;

	if (inspecting->lists) {
		containers_stopped(inspecting->sources, inspecting->storages, add_stopped,
			&inspecting->stopped);
		return;
	}
	container_inspect(inspecting->sources, &inspecting->wish, inspecting->pid1, &inspect);
	inspecting->created = found_text(&inspect, INSPECT_STATE, "created");
	inspecting->started = found_text(&inspect, INSPECT_STATE, "started");
	bundle = found_text(&inspect, INSPECT_FILES, "bundle");
	inspecting->storage = storage_of(bundle);
	free(bundle);
	inspect_release(&inspect);
}

static void inspecting_done(struct job *job)
{
	((struct inspecting *)job)->done = true;
}

static struct inspecting *inspecting_new(struct fact_sources *sources)
{
	struct inspecting *inspecting = mem_zalloc(sizeof(*inspecting));

	inspecting->job.run = inspecting_run;
	inspecting->job.done = inspecting_done;
	inspecting->sources = sources;
	return inspecting;
}

static void inspecting_free(struct inspecting *inspecting)
{
	container_wish_release(&inspecting->wish);
	free(inspecting->created);
	free(inspecting->started);
	free(inspecting->storage);
	free(inspecting);
}

static void list_free(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (int k = 0; k < LISTED_CELLS; k++)
			free(list->listed[i].cells[k]);
	free(list->listed);
	*list = (struct list){0};
}

/* Folders in which Podman keeps containers, of those that run. */
struct storages {
	char **paths; /* NULL behind the last */
	size_t count;
};

static void add_storage(struct storages *storages, const char *path)
{
	for (size_t i = 0; i < storages->count; i++)
		if (!strcmp(storages->paths[i], path))
			return;
	storages->paths = mem_realloc(
		storages->paths, (storages->count + 2) * sizeof(*storages->paths));
	storages->paths[storages->count++] = mem_strdup(path);
	storages->paths[storages->count] = NULL;
}

/* What a job found of one that runs.  One that hangs in a mount keeps what it works on. */
static void take_found(
	struct listed *listed, struct inspecting *inspecting, struct storages *storages)
{
	if (!inspecting->done)
		return;
	set(listed, LISTED_CREATED, str_from(inspecting->created));
	set(listed, LISTED_STARTED, str_from(inspecting->started));
	if (inspecting->storage)
		add_storage(storages, inspecting->storage);
	inspecting_free(inspecting);
}

static void list_running(struct look *look, struct list *list, struct fact_sources *sources,
	struct storages *storages)
{
	const struct cgroups *cgroups = &look->model->cgroups;
	struct inspecting **jobs = mem_zalloc((cgroups->container_count + 1) * sizeof(*jobs));

	for (size_t i = 0; i < cgroups->container_count; i++) {
		const struct container *container = &cgroups->containers[i];

		if (container->end || (container->flags & CONTAINER_SANDBOX))
			continue;
		jobs[list->count] = inspecting_new(sources);
		container_wish_for(look->model, container, &jobs[list->count]->wish);
		jobs[list->count]->pid1 = container->pid1;
		worker_post(look->worker, &jobs[list->count]->job);
		add_running(list, container);
	}
	worker_finish(look->worker, FILES_MS);
	for (size_t i = 0; i < list->count; i++)
		take_found(&list->listed[i], jobs[i], storages);
	free(jobs);
}

/* What holds a pod together is not listed while it runs, and has not ended either. */
static bool is_running(const struct look *look, struct str id)
{
	const struct cgroups *cgroups = &look->model->cgroups;

	for (size_t i = 0; i < cgroups->container_count; i++)
		if (!cgroups->containers[i].end && str_equal(cgroups->containers[i].id, id))
			return true;
	return false;
}

/* Hands those over that are not listed yet. */
static void merge(const struct look *look, struct list *list, struct list *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (!is_listed(list, str_from(cell(&from->listed[i], LISTED_ID))) &&
			!is_running(look, str_from(cell(&from->listed[i], LISTED_ID)))) {
			*add(list) = from->listed[i];
			from->listed[i] = (struct listed){0};
		}
	list_free(from);
}

static void list_stopped(struct look *look, struct list *list, struct fact_sources *sources,
	const struct storages *storages)
{
	struct inspecting *inspecting = inspecting_new(sources);

	inspecting->lists = true;
	inspecting->storages = storages->paths;
	worker_post(look->worker, &inspecting->job);
	worker_finish(look->worker, FILES_MS);
	if (!inspecting->done)
		return;
	merge(look, list, &inspecting->stopped);
	inspecting_free(inspecting);
}

void listed_containers(void (*visit)(void *arg, const char *const *cells), void *arg)
{
	static const struct containers_roots roots = {
		.proc = "/proc", .run = "/run", .var_lib = "/var/lib"};
	struct fact_sources *sources = fact_sources_new(&roots);
	struct storages storages = {0};
	struct look look = {0};
	struct list list = {0};

	look_begin(&look);
	if (containers_trouble(look.containers))
		command_complain(containers_trouble(look.containers));
	list_running(&look, &list, sources, &storages);
	list_stopped(&look, &list, sources, &storages);
	if (list.count)
		qsort(list.listed, list.count, sizeof(*list.listed), compare);
	for (size_t i = 0; i < list.count; i++) {
		const char *cells[LISTED_CELLS];

		for (int k = 0; k < LISTED_CELLS; k++)
			cells[k] = cell(&list.listed[i], (enum listed_cell)k);
		visit(arg, cells);
	}
	list_free(&list);
	if (!worker_pending(look.worker)) { /* else a thread hangs in a job with them */
		fact_sources_free(sources);
		for (size_t i = 0; i < storages.count; i++)
			free(storages.paths[i]);
		free(storages.paths);
	}
	look_end(&look);
}
