/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of whoever did it: thread, process, cgroup. */
#include "view/fields.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The thread of the entry, or NULL: entry 0 is "no thread". */
static const struct chunk_thread *thread_at(struct extract *x, uint32_t entry)
{
	uint32_t count;
	const struct chunk_thread *threads = rows_threads(x->rows, &count);
	const struct chunk_thread *thread = threads && entry ? &threads[entry] : NULL;

	/* What is said of a cgroup is said of nobody in it. */
	return thread && (thread->tid || thread->tgid || thread->comm) ? thread : NULL;
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

static struct value get_is_self(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	return thread && x->model->host.self ? value_bool(thread->tgid == x->model->host.self)
					     : value_none();
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

/* /proc tells starts in ticks: a thread may seem to be a little older than its process. */
#define START_SLACK_NS (20 * NS_PER_MS)

/*
 * The life of a number that had it when the thread began.  Where that was not told, nobody saw it
 * begin: it is the first within the chunk.
 */
static const struct task *task_of(
	struct extract *x, const struct chunk_thread *thread, uint32_t number)
{
	const struct tasks *tasks = &x->model->tasks;
	const struct task *task;
	uint64_t first, last;

	if (thread->start) {
		/* A process may have lost its first thread by then. */
		task = tasks_at(tasks, number, thread->start);
		return task || number == thread->tid
			       ? task
			       : tasks_at(tasks, number, thread->start + START_SLACK_NS);
	}
	rows_span(x->rows, &first, &last);
	return tasks_first_between(tasks, number, first, last);
}

static void prepare_processes(struct extract *x)
{
	x->thread_count = rows_thread_count(x->rows);
	x->processes = mem_grow(
		x->processes, &x->process_capacity, x->thread_count, sizeof(*x->processes));
	x->has_process = mem_grow(x->has_process, &x->has_process_capacity, x->thread_count, 1);
	memset(x->has_process, 0, x->thread_count);
}

/* Several fields ask for it. */
const struct task *field_process(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);

	if (!thread)
		return NULL;
	if (!x->thread_count)
		prepare_processes(x);
	if (entry >= x->thread_count)
		return NULL;
	if (!x->has_process[entry]) {
		x->has_process[entry] = true;
		x->processes[entry] = task_of(x, thread, thread->tgid);
	}
	return x->processes[entry];
}

static struct value get_ppid(struct extract *x, uint32_t entry)
{
	const struct task *task = field_process(x, entry);

	return task && task->parent ? value_unsigned(task->parent) : value_none();
}

/* Arguments with blanks between; of a kernel thread, and where nobody told, the name. */
static struct value get_cmdline(struct extract *x, uint32_t entry)
{
	const struct task *task = field_process(x, entry);
	size_t size;
	char *text;

	if (!task || !task->cmdline.size)
		return get_proc_name(x, entry);
	size = task->cmdline.size;
	text = extract_room(x, size);
	memcpy(text, task->cmdline.data, size);
	for (char *at = text; (at = memchr(at, '\0', size - (size_t)(at - text)));)
		*at = ' ';
	while (size && text[size - 1] == ' ')
		size--;
	return value_text((struct str){text, size});
}

/* Of a process that the model has given up, its own records still tell lives apart. */
static struct value get_start(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);
	const struct task *task = field_process(x, entry);

	if (task && task->start)
		return value_unsigned(task->start);
	return thread && thread->tid == thread->tgid && thread->start
		       ? value_unsigned(thread->start)
		       : value_none();
}

static struct value get_thread_start(struct extract *x, uint32_t entry)
{
	const struct chunk_thread *thread = thread_at(x, entry);
	const struct task *task = thread ? task_of(x, thread, thread->tid) : NULL;

	return task && task->start ? value_unsigned(task->start) : value_none();
}

/* The last look of a capture comes a moment after its end: some began in between. */
static struct value get_living(struct extract *x, uint32_t entry)
{
	const struct task *task = field_process(x, entry);
	uint64_t to = x->to ? x->to : UINT64_MAX;

	return task && task->start < to && task->end >= to ? value_unsigned(task->thread.tgid)
							   : value_none();
}

/* --- gauges --- */

static const uint64_t *usage_of(struct extract *x, enum task_usage_num num)
{
	return rows_num(x->rows, RECORD_TASK_USAGE, num);
}

static struct value get_cpu_percent(struct extract *x, uint32_t row, bool user, bool system)
{
	const uint64_t *durations = rows_value(x->rows, CHUNK_DURATION);
	const uint64_t *in_user = usage_of(x, TASK_USAGE_USER);
	const uint64_t *in_system = usage_of(x, TASK_USAGE_SYSTEM);
	uint64_t ns = 0;

	if (!durations || !in_user || !in_system || !durations[row])
		return value_none();
	ns += user ? in_user[row] : 0;
	ns += system ? in_system[row] : 0;
	return value_real(100 * (double)ns / (double)durations[row]);
}

static struct value get_cpu(struct extract *x, uint32_t row)
{
	return get_cpu_percent(x, row, true, true);
}

static struct value get_cpu_user(struct extract *x, uint32_t row)
{
	return get_cpu_percent(x, row, true, false);
}

static struct value get_cpu_system(struct extract *x, uint32_t row)
{
	return get_cpu_percent(x, row, false, true);
}

/* What is of the process stands in the record of its first thread. */
static struct value get_of_process(struct extract *x, uint32_t row, enum task_usage_num num)
{
	const uint32_t *kind = rows_index(x->rows, CHUNK_KIND);
	const uint64_t *column = usage_of(x, num);
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(x->rows, &count);

	if (!kind || !column || kinds[kind[row]].sub != USAGE_PROCESS)
		return value_none();
	return value_unsigned(column[row]);
}

static struct value get_rss(struct extract *x, uint32_t row)
{
	return get_of_process(x, row, TASK_USAGE_RSS);
}

static struct value get_rss_percent(struct extract *x, uint32_t row)
{
	struct value rss = get_of_process(x, row, TASK_USAGE_RSS);

	if (rss.type == VALUE_NONE || !x->model->host.memory)
		return value_none();
	return value_real(100 * (double)rss.u / (double)x->model->host.memory);
}

static struct value get_shared(struct extract *x, uint32_t row)
{
	return get_of_process(x, row, TASK_USAGE_SHARED);
}

static struct value get_virtual(struct extract *x, uint32_t row)
{
	return get_of_process(x, row, TASK_USAGE_VIRTUAL);
}

static struct value get_threads(struct extract *x, uint32_t row)
{
	return get_of_process(x, row, TASK_USAGE_THREADS);
}

static struct value get_nice(struct extract *x, uint32_t row)
{
	const uint64_t *nice = usage_of(x, TASK_USAGE_NICE);

	return nice ? value_signed((int64_t)nice[row]) : value_none();
}

static struct value get_state(struct extract *x, uint32_t row)
{
	static const char letters[] = "RSDTtXZPI";
	const uint64_t *state = usage_of(x, TASK_USAGE_STATE);
	const char *letter = state && state[row] && state[row] < 128
				     ? strchr(letters, (int)state[row])
				     : NULL;

	return letter ? value_text((struct str){letter, 1}) : value_none();
}

static const uint64_t *read_column(struct extract *x)
{
	return usage_of(x, TASK_USAGE_READ);
}

static const uint64_t *written_column(struct extract *x)
{
	return usage_of(x, TASK_USAGE_WRITTEN);
}

static const uint64_t *faults_column(struct extract *x)
{
	return usage_of(x, TASK_USAGE_FAULTS);
}

#define USAGE FIELD_TYPE(RECORD_TASK_USAGE)

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
	{.name = "proc.cmdline",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "COMMAND",
		.width = 40,
		.help = "arguments it was started with; the name where it has none",
		.get = get_cmdline},
	{.name = "proc.start",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_TIME,
		.domain = DOMAIN_THREAD,
		.title = "START",
		.width = 8,
		.help = "when it began",
		.get = get_start},
	{.name = "proc.living",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "LIVING",
		.width = 7,
		.help = "process id, of one that lives at the end of what is looked at",
		.get = get_living},
	{.name = "proc.is_self",
		.type = VALUE_BOOL,
		.domain = DOMAIN_THREAD,
		.title = "SELF",
		.width = 5,
		.help = "whether it is the tracetop that records",
		.get = get_is_self},
	{.name = "proc.cpu",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "CPU%",
		.width = 7,
		.help = "time on CPUs, of one CPU",
		.get = get_cpu},
	{.name = "proc.cpu_user",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "USER%",
		.width = 7,
		.help = "time on CPUs outside of the kernel",
		.get = get_cpu_user},
	{.name = "proc.cpu_system",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "SYS%",
		.width = 7,
		.help = "time on CPUs in the kernel",
		.get = get_cpu_system},
	{.name = "proc.rss",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "RSS",
		.width = 6,
		.help = "memory it has resident",
		.get = get_rss,
		.is_level = true},
	{.name = "proc.rss_share",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "MEM%",
		.width = 6,
		.help = "memory it has resident, of the machine's",
		.get = get_rss_percent,
		.is_level = true},
	{.name = "proc.shared",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "SHR",
		.width = 6,
		.help = "resident memory of files and shared segments",
		.get = get_shared,
		.is_level = true},
	{.name = "proc.virtual",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "VIRT",
		.width = 6,
		.help = "size of its address space",
		.get = get_virtual,
		.is_level = true},
	{.name = "proc.io_read",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "READ/s",
		.width = 7,
		.help = "bytes it had read from devices",
		.column = read_column},
	{.name = "proc.io_written",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "WRITE/s",
		.width = 7,
		.help = "bytes it caused to be written to devices",
		.column = written_column},
	{.name = "proc.major_faults",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "MAJFLT",
		.width = 7,
		.help = "page faults that waited for a device",
		.column = faults_column},
	{.name = "proc.threads",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "THR",
		.width = 4,
		.help = "number of its threads",
		.get = get_threads,
		.is_level = true},
	{.name = "proc.state",
		.type = VALUE_TEXT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "S",
		.width = 1,
		.help = "R running, S sleeping, D waiting for a device, I idle in the kernel, T "
			"stopped, "
			"t traced, Z dead and not waited for, X ended",
		.get = get_state},
	{.name = "proc.nice",
		.type = VALUE_SIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "NI",
		.width = 3,
		.help = "its nice value",
		.get = get_nice},
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
	{.name = "thread.start",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_TIME,
		.domain = DOMAIN_THREAD,
		.title = "START",
		.width = 8,
		.help = "when it began",
		.get = get_thread_start},
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
