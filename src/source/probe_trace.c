/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: tracefs and the tracers.
 *
 * Everything is tried in an instance of our own.  A tracer that the kernel has in the machine's own
 * buffer only is not tried there, since that would end what others trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/probe_instance.h"

#define EVENT "task/task_rename"
#define PAGE_COMMIT 8 /* where a page of the ring says how much is in it: events/header_page */
#define COMMIT_BITS 0xfffff

/* --- shared --- */

int64_t probe_tracepoint_id(const struct probe_host *host, const char *name)
{
	struct buf text = {0};
	char *path;
	int64_t id;

	if (host->tracefs < 0)
		return host->tracefs;
	path = mem_printf("events/%s/id", name);
	id = probe_read(host->tracefs, path, &text);
	if (!id)
		id = text.size ? strtoll(text.data, NULL, 10) : -EINVAL;
	free(path);
	buf_release(&text);
	return id;
}

/* To the name that it has: nobody sees a difference. */
void probe_rename_self(void)
{
	char name[17] = {0};

	if (!prctl(PR_GET_NAME, name))
		prctl(PR_SET_NAME, name);
}

static void refused(const struct probe_host *host, struct probe_result *result, int code,
	const char *meaning, const char *remedy)
{
	if (code == -EROFS)
		probe_refused(host, result, code, NEED_NOTHING, "tracefs is mounted read-only",
			"mount -o remount,rw /sys/kernel/tracing; in a container: run it outside");
	else if (code == -ENOMEM)
		probe_refused(host, result, code, NEED_NOTHING,
			"the kernel has no memory for a ring on each CPU", "free some memory");
	else
		probe_refused(host, result, code, NEED_TRACEFS, meaning, remedy);
}

/* The instance; without it, says why it is no. */
static int need_instance(struct probe_host *host, struct probe_result *result)
{
	int fd = probe_instance(host);

	if (fd == -EINVAL && host->lockdown == LOCKDOWN_CONFIDENTIALITY)
		refused(host, result, fd,
			"the kernel is locked down (confidentiality), which keeps tracefs from "
			"everybody",
			"boot without lockdown; see kernel_lockdown(7)");
	else if (fd == -ESRCH)
		refused(host, result, fd, "without /proc nobody can tell whose an instance is",
			"mount -t proc proc /proc");
	else if (fd < 0)
		refused(host, result, fd, "there is no tracefs to make an instance in",
			"see tracefs above");
	return fd;
}

/* Writes what is to be had in the instance, and what takes it away again. */
static void try_write(struct probe_host *host, struct probe_result *result, const char *file,
	const char *on, const char *off, const char *meaning, const char *remedy)
{
	int instance = need_instance(host, result), code;

	if (instance < 0)
		return;
	code = probe_write(instance, file, on);
	if (code)
		refused(host, result, code, meaning, remedy);
	else if (off)
		probe_write(instance, file, off);
}

/* --- tracefs --- */

static void run_tracefs(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct buf clocks = {0};
	int code = host->tracefs;

	/* A folder that can be opened does not mean that its files can. */
	if (code >= 0)
		code = probe_read(host->tracefs, probe->text, &clocks);
	buf_release(&clocks);
	if (code) {
		refused(host, result, code,
			host->tracefs_path ? "it cannot be opened"
					   : "the kernel is built without it",
			host->tracefs_path ? "mount -t tracefs tracefs /sys/kernel/tracing"
					   : "a kernel with CONFIG_TRACING");
	} else if (host->tracefs_path) {
		probe_detail(result, "%s", host->tracefs_path);
	} else {
		result->state = PROBE_PARTLY;
		probe_reason(result,
			"the kernel has it, but it is not mounted here; what follows was tried on "
			"a mount that nobody else sees");
		probe_remedy(result, "mount -t tracefs tracefs /sys/kernel/tracing");
	}
}

static void run_instance(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	need_instance(host, result);
}

/* --- events --- */

/* Opens the ring of the CPU. */
static int open_ring(const struct probe_host *host, int instance)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "per_cpu/cpu%d/trace_pipe_raw", host->cpu);
	fd = openat(instance, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* How much of a page was written; or a negative errno (-EAGAIN: nothing). */
static int64_t read_page(const struct probe_host *host, int instance)
{
	static char page[65536];
	int fd = open_ring(host, instance);
	uint64_t commit;
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, page, sizeof(page));
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < (ssize_t)sizeof(commit) + PAGE_COMMIT)
		return got < 0 ? got : -EAGAIN;
	memcpy(&commit, page + PAGE_COMMIT, sizeof(commit));
	return (int64_t)(commit & COMMIT_BITS);
}

/* Switches tracing on, causes something, and reads it out of the ring of the CPU it was on. */
static int64_t trace_once(const struct probe_host *host, int instance, void (*cause)(int instance))
{
	cpu_set_t old;
	bool pinned = probe_pin(host, &old);
	int64_t got;

	probe_write(instance, "tracing_on", "1");
	cause(instance);
	probe_write(instance, "tracing_on", "0");
	got = read_page(host, instance);
	if (pinned)
		sched_setaffinity(0, sizeof(old), &old);
	return got;
}

static void cause_rename(int instance)
{
	(void)instance;
	probe_rename_self();
}

static void cause_marker(int instance)
{
	probe_write(instance, "trace_marker", "tracetop check");
}

static void run_event(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int instance = need_instance(host, result), code;
	int64_t got = 0;

	(void)probe;
	if (instance < 0)
		return;
	code = probe_write(instance, "events/" EVENT "/enable", "1");
	if (!code)
		got = trace_once(host, instance, cause_rename);
	probe_write(instance, "events/" EVENT "/enable", "0");
	if (code || got < 0)
		refused(host, result, code ? code : (int)got,
			code ? "the tracepoint is not there" : "nothing came of it",
			"a kernel with CONFIG_EVENT_TRACING");
	else
		probe_detail(result, EVENT ", %" PRId64 " bytes read", got);
}

static void run_raw(struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int instance = need_instance(host, result);
	int64_t got;

	(void)probe;
	if (instance < 0)
		return;
	got = trace_once(host, instance, cause_marker);
	if (got < 0)
		refused(host, result, (int)got, "what was written did not come back",
			"another kernel");
	else
		probe_detail(result, "%" PRId64 " bytes", got);
}

static void run_mmap(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	int instance = need_instance(host, result), fd;
	void *page;

	(void)probe;
	if (instance < 0)
		return;
	fd = open_ring(host, instance);
	page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		refused(host, result, fd < 0 ? fd : -errno, "this kernel cannot map its rings",
			"Linux 6.10 or newer; rings are read instead, at the cost of a copy");
	else
		munmap(page, size);
	if (fd >= 0)
		close(fd);
}

static void run_filter(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	try_write(host, result, "events/" EVENT "/filter", "pid == 1", "0",
		"the kernel does not take a filter", "a kernel with CONFIG_EVENT_TRACING");
}

static void run_pid_filter(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	char pid[32];
	int instance = need_instance(host, result);

	(void)probe;
	if (instance < 0)
		return;
	snprintf(pid, sizeof(pid), "%d", (int)gettid());
	try_write(host, result, "set_event_pid", pid, NULL, "the kernel cannot choose threads",
		"Linux 4.4 or newer; a filter on common_pid does the same for a few threads");
	if (result->state == PROBE_YES) { /* only truncating empties it */
		int fd = openat(instance, "set_event_pid", O_WRONLY | O_TRUNC | O_CLOEXEC);

		if (fd >= 0)
			close(fd);
	}
}

static void run_clock(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	try_write(host, result, "trace_clock", "mono", NULL, "the kernel lacks this clock",
		"Linux 3.17 or newer");
}

static void run_snapshot(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	try_write(host, result, "snapshot", "1", "0", "the kernel is built without snapshots",
		"a kernel with CONFIG_TRACER_SNAPSHOT; a second instance does for some of it");
}

static void run_hist(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	try_write(host, result, "events/" EVENT "/trigger", "hist:keys=common_pid",
		"!hist:keys=common_pid", "the kernel is built without histograms",
		"a kernel with CONFIG_HIST_TRIGGERS; BPF counts the same");
}

static void run_trigger(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	try_write(host, result, "events/" EVENT "/trigger", "traceoff:1", "!traceoff",
		"the kernel does not take a trigger", "Linux 3.14 or newer");
}

/* --- dynamic events --- */

/* With --readonly they are not tried: all instances see them. */
static bool is_tried(const struct probe_host *host, struct probe_result *result)
{
	if (!host->readonly)
		return true;
	result->state = PROBE_PARTLY;
	probe_reason(result, "not tried: it would stand in the machine's list for a moment, and "
			     "--readonly was given");
	probe_remedy(result, "check without --readonly");
	return false;
}

/* Defines an event and takes it away again; it is never switched on.  Frees both texts. */
static int try_definition(const struct probe_host *host, const char *file, char *on, char *off)
{
	int code = host->tracefs < 0 ? host->tracefs : probe_write(host->tracefs, file, on);

	if (!code)
		code = probe_write(host->tracefs, file, off);
	free(on);
	free(off);
	return code;
}

/* In the group of our own. */
static int try_probe(const struct probe_host *host, const char *file, const char *where)
{
	return try_definition(host, file, mem_printf("p:%s/check %s\n", host->group, where),
		mem_printf("-:%s/check\n", host->group));
}

static void run_kprobe(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int code = -ENOENT;

	if (!is_tried(host, result))
		return;
	for (const char *const *name = probe_quiet_functions; *name && code == -ENOENT; name++) {
		code = try_probe(host, probe->text, *name);
		if (!code)
			probe_detail(result, "on %s", *name);
	}
	if (code)
		refused(host, result, code, "the kernel is built without kprobes",
			"a kernel with CONFIG_KPROBE_EVENTS; tracepoints and uprobes do not need "
			"it");
}

static void run_uprobe(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	char *where;
	int code;

	if (!is_tried(host, result))
		return;
	where = mem_printf("/proc/self/exe:0x%" PRIx64, probe_own_function_offset());
	code = try_probe(host, probe->text, where);
	free(where);
	if (code)
		refused(host, result, code, "the kernel is built without uprobes",
			"a kernel with CONFIG_UPROBE_EVENTS");
	else
		probe_detail(result, "on a function of tracetop");
}

static int try_synthetic(const struct probe_host *host, const char *file)
{
	return try_definition(host, file, mem_printf("%s u64 value\n", host->group),
		mem_printf("!%s u64 value\n", host->group));
}

static void run_synthetic(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int code;

	if (!is_tried(host, result))
		return;
	code = try_synthetic(host, probe->text);
	if (code)
		refused(host, result, code, "the kernel is built without synthetic events",
			"a kernel with CONFIG_SYNTH_EVENTS; pairs of events are matched by "
			"tracetop instead");
}

/* --- tracers --- */

enum tracer {
	PLAIN,
	FUNCTIONS, /* hooks every function, unless a filter says which */
	EVERY_CPU, /* keeps a thread busy on each CPU */
	OFFLINES,  /* takes all CPUs but one offline */
};

static bool has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; at && *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == size && !strncmp(at, word, size))
			return true;
	return false;
}

/* Lets the function tracers of the instance see one function only, that hardly ever runs. */
static int choose_function(int instance)
{
	int code = -EINVAL; /* what the kernel says of a function that it cannot trace */

	for (const char *const *name = probe_quiet_functions; *name && code == -EINVAL; name++)
		code = probe_write(instance, "set_ftrace_filter", *name);
	return code;
}

static void run_function_filter(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int instance = need_instance(host, result), code;

	(void)probe;
	if (instance < 0)
		return;
	code = choose_function(instance);
	if (code)
		refused(host, result, code,
			code == -EINVAL ? "no function could be found to try it on"
					: "the kernel is built without function tracing",
			"a kernel with CONFIG_DYNAMIC_FTRACE");
}

static void set_tracer(struct probe_host *host, const struct probe *probe, int instance,
	struct probe_result *result)
{
	int code = probe->number == FUNCTIONS ? choose_function(instance) : 0;

	if (code) { /* without a filter it would hook them all, which nobody asked for */
		refused(host, result, code, "the functions that it traces cannot be chosen",
			"see function filter above");
		return;
	}
	/* Latency tracers record every function on the way as well, unless they are told not to. */
	probe_write(instance, "trace_options", "nofunction-trace");
	code = probe_write(instance, "current_tracer", probe->name);
	probe_write(instance, "current_tracer", "nop");
	if (code == -EINVAL) {
		result->state = PROBE_PARTLY;
		probe_reason(result,
			"%s in an instance: this kernel has it in the machine's own trace buffer "
			"only, where it was not tried, since that would end what others trace",
			probe_errno(code));
		probe_remedy(result, "look whether anybody else traces: cat "
				     "/sys/kernel/tracing/current_tracer should say nop");
	} else if (code == -EBUSY) {
		probe_refused(host, result, code, NEED_NOTHING, "somebody else uses it",
			"see who: grep -v nop /sys/kernel/tracing/current_tracer "
			"/sys/kernel/tracing/instances/*/current_tracer");
	} else if (code) {
		refused(host, result, code, "it is listed, but cannot be set",
			"look for the reason in: dmesg");
	}
}

static void run_tracer(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int instance = need_instance(host, result);
	struct buf listed = {0};

	if (instance < 0)
		return;
	if (probe_read(host->tracefs, "available_tracers", &listed) ||
		!has_word(listed.data, probe->name)) {
		result->state = PROBE_NO;
		probe_reason(result, "the kernel is built without it");
		probe_remedy(result, "a kernel with %s", probe->text);
	} else if (probe->number == EVERY_CPU || probe->number == OFFLINES) {
		result->state = PROBE_PARTLY;
		probe_reason(result, "listed, not tried: %s",
			probe->number == OFFLINES ? "it takes all CPUs but one offline"
						  : "it keeps a thread busy on every CPU");
		probe_remedy(result, "try it where nobody is hurt by that");
	} else {
		set_tracer(host, probe, instance, result);
	}
	buf_release(&listed);
}

/* --- the table --- */

static const struct probe rows[] = {
	{"tracefs", "tracepoints and tracers", run_tracefs, "trace_clock", 0},
	{"own instance", "tracing beside others", run_instance, NULL, 0},
	{"tracepoint", "streams of events", run_event, NULL, 0},
	{"event filter", "fewer events", run_filter, NULL, 0},
	{"set_event_pid", "events of some threads only", run_pid_filter, NULL, 0},
	{"event trigger", "stopping at an event", run_trigger, NULL, 0},
	{"mono clock", "one time line with perf and BPF", run_clock, NULL, 0},
	{"trace_pipe_raw", "reading rings as they are", run_raw, NULL, 0},
	{"ring mmap", "reading rings without a copy", run_mmap, NULL, 0},
	{"snapshot", "keeping what led to an event", run_snapshot, NULL, 0},
	{"hist trigger", "counting in the kernel", run_hist, NULL, 0},
	{"synthetic events", "latencies between events", run_synthetic, "synthetic_events", 0},
	{"kprobe_events", "probes in the kernel", run_kprobe, "kprobe_events", 0},
	{"uprobe_events", "probes in programs", run_uprobe, "uprobe_events", 0},
	{"function filter", "choosing functions to trace", run_function_filter, NULL, 0},
	{"nop", "events alone", run_tracer, "CONFIG_TRACING", PLAIN},
	{"function", "which functions run", run_tracer, "CONFIG_FUNCTION_TRACER", FUNCTIONS},
	{"function_graph", "which function calls which, and how long it takes", run_tracer,
		"CONFIG_FUNCTION_GRAPH_TRACER", FUNCTIONS},
	{"irqsoff", "the longest time with interrupts off", run_tracer, "CONFIG_IRQSOFF_TRACER",
		PLAIN},
	{"preemptoff", "the longest time without preemption", run_tracer, "CONFIG_PREEMPT_TRACER",
		PLAIN},
	{"preemptirqsoff", "the longest time with either", run_tracer,
		"CONFIG_IRQSOFF_TRACER and CONFIG_PREEMPT_TRACER", PLAIN},
	{"wakeup", "the longest wait of any task for a CPU", run_tracer, "CONFIG_SCHED_TRACER",
		PLAIN},
	{"wakeup_rt", "the same of real-time tasks", run_tracer, "CONFIG_SCHED_TRACER", PLAIN},
	{"wakeup_dl", "the same of deadline tasks", run_tracer, "CONFIG_SCHED_TRACER", PLAIN},
	{"hwlat", "time that the firmware takes", run_tracer, "CONFIG_HWLAT_TRACER", PLAIN},
	{"osnoise", "time that the kernel takes from a program", run_tracer,
		"CONFIG_OSNOISE_TRACER", EVERY_CPU},
	{"timerlat", "how late timers and threads are", run_tracer, "CONFIG_TIMERLAT_TRACER",
		EVERY_CPU},
	{"blk", "what becomes of disk I/O", run_tracer, "CONFIG_BLK_DEV_IO_TRACE", PLAIN},
	{"mmiotrace", "what drivers say to devices", run_tracer, "CONFIG_MMIOTRACE", OFFLINES},
};

const struct probe_group probe_trace = PROBE_GROUP("ftrace", rows);
