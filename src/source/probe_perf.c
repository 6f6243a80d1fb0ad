/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: events of perf. */
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/event.h"
#include "source/mounts.h"
#include "source/perf.h"
#include "source/probe_local.h"
#include "source/proc.h"
#include "source/ring.h"

#define RING (64u << 10)
#define PERIOD_NS 100000 /* of the clock that is sampled */
#define PERIOD_CYCLES 100000
#define TURNS 20
#define PATIENCE_NS (200 * NS_PER_MS)

#define NO_PMU "no PMU of this machine counts it"
#define NO_PMU_REMEDY                                                                  \
	"where the processor has counters: give a virtual machine its PMU (QEMU -cpu " \
	"host,pmu=on; in a cloud another type of instance); without, cpu-clock is sampled"

/* --- opening --- */

enum whose { OWN, EVERYONE }; /* this thread's, or all threads' of one CPU */

static int open_event(const struct probe_host *host, struct perf_event_attr *attr, enum whose whose)
{
	return perf_open(attr, whose == OWN ? 0 : -1, whose == OWN ? -1 : host->cpu);
}

static void clock_attr(struct perf_event_attr *attr)
{
	perf_attr_init(attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_CPU_CLOCK;
	attr->sample_period = PERIOD_NS;
}

/* No: perf_event_open() gave @code. */
static void refused(const struct probe_host *host, struct probe_result *result, int code,
	const char *meaning, const char *remedy)
{
	int64_t paranoid = 0;

	if ((code != -EACCES && code != -EPERM) || probe_has(host, NEED_PERFMON) ||
		fs_read_i64("/proc/sys/kernel/perf_event_paranoid", &paranoid)) {
		if (code == -ENOSYS)
			probe_refused(host, result, code, NEED_NOTHING,
				"this kernel is built without perf events",
				"a kernel with CONFIG_PERF_EVENTS");
		else
			probe_refused(host, result, code, NEED_PERFMON, meaning, remedy);
		return;
	}
	result->state = PROBE_NO;
	probe_reason(result, "%s: kernel.perf_event_paranoid is %lld, and CAP_PERFMON is missing",
		probe_errno(code), (long long)paranoid);
	probe_remedy(result, "run it as root, or: setcap cap_perfmon+ep tracetop, or: sysctl "
			     "kernel.perf_event_paranoid=-1 (for all users)");
}

static uint64_t read_count(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* --- counting and sampling --- */

enum { COUNTS_ALWAYS = 1 }; /* a moment's work cannot have left it at 0 */

/* Works, touches new memory, and waits. */
static void work(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *page;

	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page != MAP_FAILED) {
		*page = 1;
		munmap((void *)page, size);
	}
	probe_spin(NS_PER_MS / 5);
	usleep(1000); /* long enough to be switched away from, also where all is slow */
}

/* What was counted of it, and whether that is enough. */
static void judge_count(
	const struct probe *probe, uint64_t count, bool user_only, struct probe_result *result)
{
	probe_detail(result, "counted %llu in a moment of work", (unsigned long long)count);
	if (user_only) {
		result->state = !count && probe->number & COUNTS_ALWAYS ? PROBE_NO : PROBE_PARTLY;
		probe_reason(result, "without CAP_PERFMON it is counted in user code only%s",
			count || !(probe->number & COUNTS_ALWAYS) ? ""
								  : ", where it does not occur");
		probe_remedy(result, "run it as root, or: setcap cap_perfmon+ep tracetop, or: "
				     "sysctl kernel.perf_event_paranoid=1 (for all users)");
	} else if (!count && probe->number & COUNTS_ALWAYS) {
		result->state = PROBE_NO;
		probe_reason(result, "it can be opened, but does not count");
		probe_remedy(result, NO_PMU_REMEDY);
	}
}

/* Counts the event that the probe names; where counters are short it has to wait for its turn. */
static void run_counter(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct event_spec spec;
	struct error error = {0};
	bool user_only = false;
	uint64_t count = 0;
	int fd = event_parse(probe->text, &spec, &error);

	if (!fd)
		fd = open_event(host, &spec.attr, OWN);
	if (fd == -EACCES || fd == -EPERM) {
		user_only = true;
		spec.attr.exclude_kernel = spec.attr.exclude_hv = 1;
		fd = open_event(host, &spec.attr, OWN);
	}
	if (fd < 0) {
		refused(host, result, fd, NO_PMU, NO_PMU_REMEDY);
		return;
	}
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	for (int i = 0; !count && (!i || probe->number & COUNTS_ALWAYS) && i < TURNS; i++) {
		work();
		count = read_count(fd);
	}
	judge_count(probe, count, user_only, result);
	close(fd);
}

static void run_everyone(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct perf_event_attr attr;
	int fd;

	(void)probe;
	clock_attr(&attr);
	fd = open_event(host, &attr, EVERYONE);
	if (fd < 0) {
		refused(host, result, fd, "this kernel has no cpu-clock",
			"a kernel with CONFIG_PERF_EVENTS");
		return;
	}
	probe_detail(result, "cpu-clock of CPU %d", host->cpu);
	close(fd);
}

/* --- what is in the records --- */

static bool of_event(const void *arg, uint64_t id, uint64_t *sample_type)
{
	(void)id;
	*sample_type = *(const uint64_t *)arg;
	return true;
}

/* What is looked for in a ring. */
struct wish {
	bool (*is_it)(const struct perf_record *record, struct probe_result *result);
	void (*cause)(void); /* makes it happen */
};

/* Takes records out of the ring until one is what is wished for. */
static bool take(struct ring *ring, uint64_t sample_type, const struct wish *wish,
	struct probe_result *result)
{
	struct perf_form form = {of_event, &sample_type, true};
	uint32_t heap[1];
	struct ring_set set = {.rings = ring, .count = 1, .heap = heap};
	const struct perf_event_header *header;
	struct perf_record record;
	size_t size, which;
	bool found = false;

	ring_set_begin(&set, clock_now());
	while (!found && (header = ring_set_peek(&set, &size, &which))) {
		found = !perf_parse(header, size, &form, &record) && wish->is_it(&record, result);
		ring_set_consume(&set);
	}
	ring_set_end(&set);
	return found;
}

/*
 * Opens an event with a ring; in user code only, where no more is allowed.  The descriptor, or a
 * negative errno after having said why.
 */
static int open_ring(struct probe_host *host, struct perf_event_attr *attr, enum whose whose,
	struct ring *ring, const char *newer, struct probe_result *result)
{
	int fd = open_event(host, attr, whose), code;

	if ((fd == -EACCES || fd == -EPERM) && whose == OWN) {
		attr->exclude_kernel = attr->exclude_hv = 1;
		attr->exclude_callchain_kernel = 1;
		fd = open_event(host, attr, OWN);
	}
	if (fd < 0) {
		refused(host, result, fd,
			attr->type == PERF_TYPE_HARDWARE ? NO_PMU : "this kernel does not know it",
			newer);
		return fd;
	}
	code = ring_open(ring, fd, RING);
	if (!code)
		return fd;
	close(fd);
	probe_refused(host, result, code, NEED_NOTHING, "its ring cannot be mapped",
		"see perf_event_mlock_kb above");
	return code;
}

/* Waits until what is wished for (NULL: nothing) stands in the ring of an event; or explains. */
static void want_record(struct probe_host *host, struct perf_event_attr *attr, enum whose whose,
	const struct wish *wish, const char *newer, struct probe_result *result)
{
	uint64_t end;
	struct ring ring;
	int fd = open_ring(host, attr, whose, &ring, newer, result);
	bool found = !wish, pinned;
	cpu_set_t old;

	if (fd < 0)
		return;
	pinned = whose == EVERYONE && probe_pin(host, &old);
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	end = clock_now() + PATIENCE_NS; /* opening may have taken long */
	while (!found && clock_now() < end) {
		wish->cause();
		found = take(&ring, attr->sample_type, wish, result);
	}
	if (pinned)
		sched_setaffinity(0, sizeof(old), &old);
	if (!found) {
		result->state = PROBE_NO;
		probe_reason(result, "it can be opened, but none came");
		probe_remedy(result, "%s", newer);
	}
	ring_close(&ring);
	close(fd);
}

static void cause_work(void)
{
	probe_spin(2 * PERIOD_NS);
}

static bool is_sample(const struct perf_record *record, struct probe_result *result)
{
	(void)result;
	return record->type == PERF_RECORD_SAMPLE && record->tid == (uint32_t)gettid();
}

static void run_clock(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {is_sample, cause_work};
	struct perf_event_attr attr;

	(void)probe;
	clock_attr(&attr);
	want_record(host, &attr, OWN, &wish, "a kernel with CONFIG_PERF_EVENTS", result);
	if (result->state == PROBE_YES && attr.exclude_kernel) {
		result->state = PROBE_PARTLY;
		probe_reason(result, "user code only, without CAP_PERFMON");
		probe_remedy(result, "run it as root, or: setcap cap_perfmon+ep tracetop, or: "
				     "sysctl kernel.perf_event_paranoid=1 (for all users)");
	}
}

/* Whether they can be sampled, which virtual PMUs without interrupts cannot. */
static void run_cycles_sampled(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {is_sample, cause_work};
	struct perf_event_attr attr;

	(void)probe;
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_HARDWARE;
	attr.config = PERF_COUNT_HW_CPU_CYCLES;
	attr.sample_period = PERIOD_CYCLES;
	want_record(host, &attr, OWN, &wish, NO_PMU_REMEDY, result);
}

static bool is_chain(const struct perf_record *record, struct probe_result *result)
{
	if (!is_sample(record, result) || record->sample.depth < 2)
		return false;
	probe_detail(result, "one of %llu frames", (unsigned long long)record->sample.depth);
	return true;
}

static void run_chains(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {is_chain, cause_work};
	struct perf_event_attr attr;

	(void)probe;
	clock_attr(&attr);
	attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
	want_record(host, &attr, OWN, &wish, "an architecture that perf follows calls on", result);
}

static bool has_time(const struct perf_record *record, struct probe_result *result)
{
	uint64_t now = clock_now();

	return is_sample(record, result) && record->time <= now && now - record->time < NS_PER_S;
}

static void run_monotonic(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {has_time, cause_work};
	struct perf_event_attr attr;

	(void)probe;
	clock_attr(&attr);
	want_record(host, &attr, OWN, &wish, "Linux 4.1 or newer", result);
}

/* Maps its own program once more, executable as code is. */
static void cause_map(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (map != MAP_FAILED)
		munmap(map, 4096);
	if (fd >= 0)
		close(fd);
}

static bool is_map(const struct perf_record *record, struct probe_result *result)
{
	(void)result;
	return record->type == PERF_RECORD_MMAP2;
}

static bool is_build_id(const struct perf_record *record, struct probe_result *result)
{
	if (!is_map(record, result) || !record->map.build_id.size)
		return false;
	for (size_t i = 0; i < 4 && i < record->map.build_id.size; i++)
		probe_detail(result, "%s%02x", i ? "" : "own build id ",
			(unsigned char)record->map.build_id.data[i]);
	return true;
}

static void sideband_attr(struct perf_event_attr *attr)
{
	perf_attr_init(attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_DUMMY;
	attr->exclude_kernel = 1;
}

static void run_maps(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish any = {is_map, cause_map}, build_id = {is_build_id, cause_map};
	struct perf_event_attr attr;

	sideband_attr(&attr);
	attr.mmap = attr.mmap2 = 1;
	attr.build_id = probe->number;
	want_record(host, &attr, OWN, probe->number ? &build_id : &any, probe->text, result);
}

static void cause_comm(void)
{
	probe_rename_self();
}

static bool is_comm(const struct perf_record *record, struct probe_result *result)
{
	(void)result;
	return record->type == PERF_RECORD_COMM;
}

static void run_comm(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {is_comm, cause_comm};
	struct perf_event_attr attr;

	sideband_attr(&attr);
	attr.comm = attr.comm_exec = attr.task = 1;
	want_record(host, &attr, OWN, &wish, probe->text, result);
}

static bool has_cgroup(const struct perf_record *record, struct probe_result *result)
{
	if (!is_sample(record, result) || !record->sample.cgroup)
		return false;
	probe_detail(result, "own cgroup %llu", (unsigned long long)record->sample.cgroup);
	return true;
}

static void run_cgroup(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish wish = {has_cgroup, cause_work};
	struct perf_event_attr attr;

	clock_attr(&attr);
	attr.sample_type |= PERF_SAMPLE_CGROUP;
	attr.cgroup = 1;
	want_record(host, &attr, OWN, &wish, probe->text, result);
}

static void cause_program(void)
{
	probe_load_something();
}

static bool is_symbol(const struct perf_record *record, struct probe_result *result)
{
	(void)result;
	return record->type == PERF_RECORD_KSYMBOL;
}

static bool is_program(const struct perf_record *record, struct probe_result *result)
{
	(void)result;
	return record->type == PERF_RECORD_BPF_EVENT;
}

/* Code that the kernel makes: a BPF program of our own is some. */
static void run_made_code(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const struct wish symbol = {is_symbol, cause_program},
				 program = {is_program, cause_program};
	struct perf_event_attr attr;
	int code = probe_load_something();

	sideband_attr(&attr);
	attr.ksymbol = probe->number == PERF_RECORD_KSYMBOL;
	attr.bpf_event = probe->number == PERF_RECORD_BPF_EVENT;
	want_record(host, &attr, EVERYONE,
		code	       ? NULL
		: attr.ksymbol ? &symbol
			       : &program,
		probe->text, result);
	if (!code || result->state != PROBE_YES)
		return;
	result->state = PROBE_PARTLY;
	probe_reason(result,
		"it can be opened; whether one comes was not tried, since no BPF "
		"program can be loaded: %s",
		probe_errno(code));
	probe_remedy(result, "run it as root, or: setcap cap_bpf,cap_perfmon+ep tracetop");
}

/* --- events that are put somewhere --- */

static void run_tracepoint(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int64_t id = probe_tracepoint_id(host, probe->text);
	struct perf_event_attr attr;
	int fd;

	if (id < 0) {
		probe_refused(host, result, (int)id, NEED_TRACEFS,
			"its number stands in tracefs, which cannot be had", "see tracefs below");
		return;
	}
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint64_t)id;
	fd = open_event(host, &attr, OWN);
	if (fd < 0) {
		refused(host, result, fd, "this kernel has no tracepoints for perf",
			"a kernel with CONFIG_EVENT_TRACING");
		return;
	}
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	probe_rename_self();
	probe_detail(result, "%s", probe->text);
	if (!read_count(fd)) {
		result->state = PROBE_NO;
		probe_reason(result, "it can be opened, but does not count");
		probe_remedy(result, "another kernel: this is a fault of the kernel");
	}
	close(fd);
}

static void run_breakpoint(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static volatile int watched;
	struct perf_event_attr attr;
	int fd;

	(void)probe;
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_BREAKPOINT;
	attr.bp_type = HW_BREAKPOINT_W;
	attr.bp_addr = (uint64_t)(uintptr_t)&watched;
	attr.bp_len = HW_BREAKPOINT_LEN_4;
	attr.exclude_kernel = attr.exclude_hv = 1;
	fd = open_event(host, &attr, OWN);
	if (fd < 0) {
		refused(host, result, fd,
			fd == -ENOSPC ? "all of the processor's breakpoints are in use"
				      : "this processor or kernel has no data breakpoints",
			fd == -ENOSPC ? "end the debuggers that use them"
				      : "another machine: virtual ones may lack them");
		return;
	}
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	watched++;
	if (!read_count(fd)) {
		result->state = PROBE_NO;
		probe_reason(result, "it can be opened, but does not count");
		probe_remedy(result, "another machine: some virtual ones do not pass them on");
	}
	close(fd);
}

/* sysfs may not be mounted: then a mount that nobody else sees does. */
int64_t probe_pmu_type(const char *pmu)
{
	char *path = mem_printf("bus/event_source/devices/%s/type", pmu);
	int folder = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf text = {0};
	int64_t type;

	if (folder < 0 || faccessat(folder, "bus", F_OK, 0)) {
		if (folder >= 0)
			close(folder);
		folder = mount_detached("sysfs");
	}
	type = folder < 0 ? folder : probe_read(folder, path, &text);
	if (!type)
		type = text.size ? strtoll(text.data, NULL, 10) : -EINVAL;
	if (folder >= 0)
		close(folder);
	buf_release(&text);
	free(path);
	return type;
}

static void run_kprobe(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int64_t type = probe_pmu_type("kprobe");
	struct perf_event_attr attr;
	int fd = -ENOENT;

	(void)probe;
	if (type < 0) {
		probe_refused(host, result, (int)type, NEED_NOTHING,
			"the kernel is built without kprobes",
			"a kernel with CONFIG_KPROBE_EVENTS; tracepoints and uprobes do not need "
			"it");
		return;
	}
	for (const char *const *name = probe_quiet_functions; *name && fd == -ENOENT; name++) {
		perf_attr_init(&attr);
		attr.type = (uint32_t)type;
		attr.kprobe_func = (uint64_t)(uintptr_t)*name;
		fd = open_event(host, &attr, OWN);
		if (fd >= 0)
			probe_detail(result, "on %s", *name);
	}
	if (fd >= 0)
		close(fd);
	else
		refused(host, result, fd, "no function could be found to try it on",
			"a kernel with CONFIG_KALLSYMS");
}

/* --- the function that uprobes are put on --- */

static volatile unsigned calls;

/* Not inlined: it is a place in the program. */
__attribute__((noinline)) void probe_call_own_function(void)
{
	calls++;
}

/* Where the function stands in the program's file. */
uint64_t probe_own_function_offset(void)
{
	uint64_t address = (uint64_t)(uintptr_t)probe_call_own_function, offset = 0;
	struct proc_info info = {0};

	if (!proc_read((uint32_t)getpid(), (uint32_t)gettid(), 1, &info))
		for (size_t i = 0; i < info.map_count; i++)
			if (address >= info.maps[i].start && address < info.maps[i].end)
				offset = address - info.maps[i].start + info.maps[i].offset;
	proc_info_release(&info);
	return offset;
}

int probe_uprobe_attr(struct perf_event_attr *attr)
{
	int64_t type = probe_pmu_type("uprobe");

	if (type < 0)
		return (int)type;
	perf_attr_init(attr);
	attr->type = (uint32_t)type;
	attr->uprobe_path = (uint64_t)(uintptr_t) "/proc/self/exe";
	attr->probe_offset = probe_own_function_offset();
	return 0;
}

static void run_uprobe(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct perf_event_attr attr;
	int code = probe_uprobe_attr(&attr), fd;

	(void)probe;
	if (code) {
		probe_refused(host, result, code, NEED_NOTHING,
			"the kernel is built without uprobes",
			"a kernel with CONFIG_UPROBE_EVENTS");
		return;
	}
	fd = open_event(host, &attr, OWN);
	if (fd < 0) {
		refused(host, result, fd, "a probe cannot be put into the program's file",
			"a program on a file system that uprobes know (not one of FUSE)");
		return;
	}
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	probe_call_own_function();
	probe_detail(result, "on a function of tracetop");
	if (!read_count(fd)) {
		result->state = PROBE_NO;
		probe_reason(result, "it can be opened, but does not count");
		probe_remedy(result, "another kernel: this is a fault of the kernel");
	}
	close(fd);
}

/* --- the table --- */

static const struct probe rows[] = {
	{"system-wide", "sampling of all processes", run_everyone, NULL, 0},
	{"cpu-clock", "sampling of a process of one's own", run_clock, NULL, 0},
	{"call chains", "callers", run_chains, NULL, 0},
	{"CLOCK_MONOTONIC", "one time line with BPF and tracefs", run_monotonic, NULL, 0},
	{"cycles", "the event that is sampled if it can be", run_counter, "cycles", COUNTS_ALWAYS},
	{"cycles sampled", "the same, with interrupts", run_cycles_sampled, NULL, 0},
	{"instructions", "instructions a cycle", run_counter, "instructions", COUNTS_ALWAYS},
	{"cache-references", "cache hits", run_counter, "cache-references", 0},
	{"cache-misses", "cache misses", run_counter, "cache-misses", 0},
	{"branches", "branches", run_counter, "branches", COUNTS_ALWAYS},
	{"branch-misses", "mispredicted branches", run_counter, "branch-misses", 0},
	{"ref-cycles", "cycles at a fixed rate", run_counter, "ref-cycles", COUNTS_ALWAYS},
	{"stalled-cycles-frontend", "waiting for instructions", run_counter,
		"stalled-cycles-frontend", 0},
	{"stalled-cycles-backend", "waiting for data", run_counter, "stalled-cycles-backend", 0},
	{"page-faults", "who touches new memory", run_counter, "page-faults", COUNTS_ALWAYS},
	{"context-switches", "who waits", run_counter, "context-switches", COUNTS_ALWAYS},
	{"tracepoint", "samples at tracepoints", run_tracepoint, "task/task_rename", 0},
	{"breakpoint", "who writes to an address", run_breakpoint, NULL, 0},
	{"comm and task", "names of threads, forks, exits", run_comm, "Linux 3.16 or newer", 0},
	{"mmap2", "which file an address is in", run_maps, "Linux 3.12 or newer", 0},
	{"mmap2 build id", "which build of it", run_maps,
		"Linux 5.12 or newer; tracetop goes without", 1},
	{"cgroup", "which container a sample is of", run_cgroup,
		"Linux 5.7 or newer; tracetop goes without", 0},
	{"ksymbol", "names of code that the kernel makes", run_made_code,
		"Linux 5.1 or newer; tracetop goes without", PERF_RECORD_KSYMBOL},
	{"bpf event", "BPF programs that come and go", run_made_code,
		"Linux 5.1 or newer; tracetop goes without", PERF_RECORD_BPF_EVENT},
	{"kprobe PMU", "any function of the kernel", run_kprobe, NULL, 0},
	{"uprobe PMU", "any function of programs", run_uprobe, NULL, 0},
};

const struct probe_group probe_perf = PROBE_GROUP("perf", rows);
