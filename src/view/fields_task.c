/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of whoever did it: thread, process, cgroup. */
#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The thread of the entry, or NULL: entry 0 is "no thread". */
static const struct chunk_thread *thread_at(struct extract *x, uint32_t entry)
{
	uint32_t count;
	const struct chunk_thread *threads = rows_threads(x->rows, &count);

	return threads && entry ? &threads[entry] : NULL;
}

static struct value get_tid(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	/* The kernel no longer had a number for a thread that was about to end. */
	return thread && thread->tid != UINT32_MAX ? value_unsigned(thread->tid) : value_none();
}

static struct value get_pid(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	return thread ? value_unsigned(thread->tgid) : value_none();
}

static struct value get_string(struct extract *x, uint32_t string)
{
	struct str text = rows_string(x->rows, string);

	return text.size ? value_text(text) : value_none();
}

static struct value get_thread_name(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	return thread ? get_string(x, thread->comm) : value_none();
}

static struct value get_proc_name(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	return thread ? get_string(x, thread->process) : value_none();
}

static struct value get_is_main(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	return thread ? value_bool(thread->tid == thread->tgid) : value_none();
}

/* The process's first thread as the model has it, at the time of the chunk. */
static struct value get_ppid(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);
	const struct task *task;
	uint64_t first, last;

	if (!thread)
		return value_none();
	rows_span(x->rows, &first, &last);
	task = tasks_find(&x->model->tasks, thread->tgid, last);
	return task && task->parent ? value_unsigned(task->parent) : value_none();
}

static const struct field proc_fields[] = {
	{.name = "proc.pid",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "PID",
		.width = 7,
		.help = "process id (the kernel's tgid)",
		.get = get_pid},
	{.name = "proc.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "PROCESS",
		.width = 16,
		.help = "name of the process: that of its first thread",
		.get = get_proc_name},
	{.name = "proc.ppid",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "PPID",
		.width = 7,
		.help = "process id of its parent",
		.get = get_ppid},
};

const struct field_class fields_proc = {
	"proc", "the process that did it", proc_fields, COUNT(proc_fields)};

static const struct field thread_fields[] = {
	{.name = "thread.tid",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "TID",
		.width = 7,
		.help = "thread id; 0: the idle task of a CPU",
		.get = get_tid},
	{.name = "thread.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "THREAD",
		.width = 16,
		.help = "name of the thread (comm)",
		.get = get_thread_name},
	{.name = "thread.is_main",
		.type = VALUE_BOOL,
		.domain = DOMAIN_THREAD,
		.title = "MAIN",
		.width = 5,
		.help = "whether it is the first thread of its process",
		.get = get_is_main},
};

const struct field_class fields_thread = {
	"thread", "the thread that did it", thread_fields, COUNT(thread_fields)};

static const struct chunk_cgroup *cgroup_at(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);
	uint32_t count;
	const struct chunk_cgroup *cgroups = rows_cgroups(x->rows, &count);

	return thread && cgroups && thread->cgroup ? &cgroups[thread->cgroup] : NULL;
}

static struct value get_cgroup_id(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = cgroup_at(x, entry);

	return cgroup ? value_unsigned(cgroup->id) : value_none();
}

static struct value get_cgroup_path(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = cgroup_at(x, entry);
	struct str path = {"", 0};

	if (cgroup)
		{
		const struct cgroup *found = cgroups_find(&x->model->cgroups, cgroup->hierarchy, cgroup->id);

		if (found)
			path = found->path;
	}
	return path.size ? value_text(path) : value_none();
}

static const struct field cgroup_fields[] = {
	{.name = "cgroup.id",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "CGROUP ID",
		.width = 10,
		.help = "id of its cgroup, the inode of the folder",
		.get = get_cgroup_id},
	{.name = "cgroup.path",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "CGROUP",
		.width = 24,
		.help = "path of its cgroup below the root of the hierarchy",
		.get = get_cgroup_path},
};

const struct field_class fields_cgroup = {
	"cgroup", "the control group of the thread", cgroup_fields, COUNT(cgroup_fields)};
