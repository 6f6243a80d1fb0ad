/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What containers a machine has that is a folder: container_table FOLDER [HIERARCHY…].
 *
 * FOLDER has proc, cgroup, run and lib in place of the real ones; hierarchies are numbers as in
 * cgroups(7), of which 0, version 2, is taken where none is given.  Printed is a line of JSON for
 * each container, cgroup and process; bytes are as the code points of those numbers.
 */
#include <dirent.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/loop.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_paths.h"
#include "resolve/containers.h"
#include "source/cgroups_local.h"
#include "unit.h"

#define SETTLE_MS 20000

struct table {
	struct recording *recording;
	struct model *model;
	struct cgroup_walk walk;
	char proc[4096], run[4096], lib[4096], cgroup[4096];
};

/* --- printing --- */

static void print_text(const char *name, struct str text)
{
	printf(", \"%s\": \"", name);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void print_number(const char *name, uint64_t number)
{
	printf(", \"%s\": %llu", name, (unsigned long long)number);
}

static void print_container(const struct container *container)
{
	printf("{\"what\": \"container\"");
	print_text("name", container->name);
	print_text("id", container->id);
	print_text("runtime", container->runtime);
	print_text("image", container->image);
	print_text("pod", container->pod);
	print_text("namespace", container->pod_namespace);
	print_text("uid", container->pod_uid);
	print_text("labels", container->labels);
	print_number("number", container->number);
	print_number("hierarchy", container->hierarchy);
	print_number("pid1", container->pid1);
	print_number("pidns", container->pidns);
	print_number("mntns", container->mntns);
	print_number("state", container->state);
	print_number("flags", container->flags);
	print_number("restarts", container->restarts);
	puts("}");
}

static void print_cgroup(const struct table *table, const struct cgroup *cgroup)
{
	const struct container *container = cgroups_container(
		&table->model->cgroups, cgroup->hierarchy, cgroup->id);
	struct container_path path;
	bool is_helper = container_path_match(cgroup->path, &path) && path.role == ROLE_HELPER;

	printf("{\"what\": \"cgroup\"");
	print_text("path", cgroup->path);
	print_number("hierarchy", cgroup->hierarchy);
	print_number("container", container ? container->number : 0);
	print_text("helper", is_helper ? str_from(path.runtime) : STR(""));
	print_text("helper_of", is_helper ? path.id : STR(""));
	puts("}");
}

static void print_process(void *arg, struct task *task)
{
	const struct table *table = arg;
	const struct container *container = model_container(table->model, task,
		task->thread.cgroup_hierarchy, task->thread.cgroup_id, clock_now());

	printf("{\"what\": \"process\"");
	print_number("pid", task->thread.tid);
	print_number("container", container ? container->number : 0);
	puts("}");
}

/* --- taking in, as the sources do --- */

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static struct str path_of(const struct table *table, const struct cgroup_found *found)
{
	return (struct str){table->walk.paths.data + found->path, found->size};
}

static void add_cgroups(struct table *table, uint32_t hierarchy)
{
	size_t first = table->walk.count;

	cgroup_walk_tree(&table->walk, table->cgroup, hierarchy);
	for (size_t i = first; i < table->walk.count; i++) {
		const struct cgroup_found *found = &table->walk.found[i];
		uint64_t nums[CGROUP_NUMS] = {found->hierarchy, found->id, found->parent};

		recording_append(table->recording, &(struct record){.type = RECORD_CGROUP,
							   .sub = CGROUP_THERE,
							   .time = clock_now(),
							   .name = path_of(table, found),
							   .nums = nums});
	}
}

/* The cgroup that the first line of /proc/PID/cgroup names. */
static const struct cgroup_found *cgroup_of(const struct table *table, uint32_t pid)
{
	const struct cgroup_found *found = NULL;
	struct buf text = {0};
	char path[4200];
	struct str line;

	snprintf(path, sizeof(path), "%s/%u/cgroup", table->proc, pid);
	if (fact_file(path, &text)) {
		line = (struct str){text.data + 3, text.size > 4 ? text.size - 4 : 0}; /* "0::" */
		for (size_t i = 0; i < table->walk.count && !found; i++)
			if (str_equal(path_of(table, &table->walk.found[i]), line))
				found = &table->walk.found[i];
	}
	buf_release(&text);
	return found;
}

static void add_process(struct table *table, uint32_t pid)
{
	struct fact_process process;
	const struct cgroup_found *cgroup = cgroup_of(table, pid);
	struct thread thread = {.tid = pid, .tgid = pid};

	if (!fact_process_read(table->proc, pid, &process))
		return;
	if (cgroup) {
		thread.cgroup_id = cgroup->id;
		thread.cgroup_hierarchy = cgroup->hierarchy;
	}
	recording_append(table->recording,
		&(struct record){.type = RECORD_TASK,
			.sub = TASK_ALIVE,
			.time = clock_now(),
			.thread = &thread,
			.nums = (uint64_t[TASK_NUMS]){[TASK_PARENT] = process.parent,
				[TASK_START] = 1,
				[TASK_PIDNS] = process.pidns,
				[TASK_MNTNS] = process.mntns}});
}

static void add_processes(struct table *table)
{
	DIR *folder = opendir(table->proc);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid)
			add_process(table, pid);
	}
	if (folder)
		closedir(folder);
}

static void print_all(const struct table *table)
{
	const struct cgroups *cgroups = &table->model->cgroups;

	for (size_t i = 0; i < cgroups->container_count; i++)
		print_container(&cgroups->containers[i]);
	for (size_t i = 0; i < cgroups->count; i++)
		print_cgroup(table, &cgroups->cgroups[i]);
	tasks_each_alive(&table->model->tasks, print_process, (void *)table);
}

static void table_init(struct table *table, const char *root)
{
	*table = (struct table){
		.recording = recording_new(NULL, (size_t)64 << 20), .model = model_new()};
	snprintf(table->proc, sizeof(table->proc), "%s/proc", root);
	snprintf(table->run, sizeof(table->run), "%s/run", root);
	snprintf(table->lib, sizeof(table->lib), "%s/lib", root);
	snprintf(table->cgroup, sizeof(table->cgroup), "%s/cgroup", root);
	recording_observe(table->recording, fold, table->model);
}

int main(int argc, char **argv)
{
	struct table table;
	struct loop *loop = loop_new();
	struct containers *containers;

	if (argc < 2)
		return 2;
	table_init(&table, argv[1]);
	for (int i = 2; i < argc; i++)
		add_cgroups(&table, (uint32_t)strtoul(argv[i], NULL, 10));
	if (argc == 2)
		add_cgroups(&table, 0);
	add_processes(&table);
	containers = containers_new(loop, table.recording, table.model,
		&(struct containers_roots){table.proc, table.run, table.lib, table.cgroup});
	if (!containers_settle(containers, SETTLE_MS))
		fputs("it did not settle\n", stderr);
	print_all(&table);
	printf("{\"what\": \"trouble\"");
	print_text("text",
		str_from(containers_trouble(containers) ? containers_trouble(containers) : ""));
	puts("}");
	containers_free(containers);
	recording_free(table.recording);
	model_free(table.model);
	cgroup_walk_release(&table.walk);
	loop_free(loop);
	return 0;
}
