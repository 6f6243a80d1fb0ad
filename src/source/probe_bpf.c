/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes: BPF programs, maps and helpers.
 *
 * One little program serves for all types: it counts in a map that it ran.  It is loaded, attached
 * and, where that can be done without others noticing, made to run; then it is gone with its
 * descriptors.  Nothing is pinned.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "source/perf.h"
#include "source/probe_local.h"

/* Newer than the headers of the oldest system this is built on. */
#define ATTACH_UPROBE_MULTI 48 /* enum bpf_attach_type: BPF_TRACE_UPROBE_MULTI, Linux 6.6 */

#define PATIENCE_NS (200 * NS_PER_MS)
#define STACK_DEPTH 127

/* --- instructions --- */

#define INSN(op, dst, src, offset, value) \
	((struct bpf_insn){.code = (op),  \
		.dst_reg = (dst),         \
		.src_reg = (src),         \
		.off = (offset),          \
		.imm = (value)})
#define MOVE(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ADD(dst, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two instructions: the address of a map. */
#define MAP(dst, fd) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)

/* What a program is, beside its instructions. */
struct kind {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	uint32_t btf_id;
};

static int load(const struct kind *kind, const struct bpf_insn *code, size_t count)
{
	struct bpf_prog_load_opts options = {.sz = sizeof(options),
		.expected_attach_type = kind->attach,
		.attach_btf_id = kind->btf_id};
	int fd = bpf_prog_load(kind->type, "tracetop_check", "GPL", code, count, &options);

	return fd < 0 ? -errno : fd;
}

/*
 * Loads the program that counts in element 0 of an array.  To tracepoints and kprobes 0 would mean
 * to drop the event, also for others; to programs that trace functions it is all they may say.
 */
static int load_counting(const struct kind *kind, int map)
{
	int answer = kind->type == BPF_PROG_TYPE_TRACING ? 0 : 1;
	const struct bpf_insn code[] = {
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -4),
		MAP(BPF_REG_1, map),
		CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		SET(BPF_REG_1, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD),
		SET(BPF_REG_0, answer),
		EXIT(),
	};

	return load(kind, code, sizeof(code) / sizeof(*code));
}

int probe_load_something(void)
{
	static const struct kind kind = {BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0};
	const struct bpf_insn code[] = {SET(BPF_REG_0, 0), EXIT()};
	int fd = load(&kind, code, sizeof(code) / sizeof(*code));

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static uint64_t counted(int map)
{
	uint32_t key = 0;
	uint64_t value = 0;

	return bpf_map_lookup_elem(map, &key, &value) ? 0 : value;
}

static void refused(const struct probe_host *host, struct probe_result *result, int code,
	const char *meaning, const char *remedy)
{
	if (code == -ENOSYS)
		probe_refused(host, result, code, NEED_NOTHING, "this kernel is built without BPF",
			"a kernel with CONFIG_BPF_SYSCALL");
	else
		probe_refused(host, result, code, NEED_BPF, meaning, remedy);
}

/* --- BTF --- */

static struct btf *kernel_btf(struct probe_host *host)
{
	if (host->btf_code <= 0)
		return host->btf;
	host->btf = btf__load_vmlinux_btf();
	host->btf_code = host->btf ? 0 : errno == ESRCH ? -ENOENT : -errno;
	return host->btf;
}

static void run_btf(struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	if (kernel_btf(host))
		probe_detail(result, "%u types", btf__type_cnt(host->btf) - 1);
	else
		refused(host, result, host->btf_code,
			"the kernel does not describe its types: /sys/kernel/btf/vmlinux is not "
			"there",
			"a kernel with CONFIG_DEBUG_INFO_BTF; and /sys has to be mounted");
}

/* --- attaching --- */

/* To an event of perf, of this thread only. */
static int attach_event(struct perf_event_attr *attr, int program)
{
	int fd = perf_open(attr, 0, -1), code;

	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

/* How a type is attached: a descriptor that holds it, or a negative errno. */
static int attach_tracepoint(const struct probe_host *host, const struct probe *probe, int program)
{
	struct perf_event_attr attr;
	int64_t id = probe_tracepoint_id(host, "task/task_rename");

	(void)probe;
	if (id < 0)
		return (int)id;
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint64_t)id;
	return attach_event(&attr, program);
}

static int attach_clock(const struct probe_host *host, const struct probe *probe, int program)
{
	struct perf_event_attr attr;

	(void)host;
	(void)probe;
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.sample_period = 100000;
	return attach_event(&attr, program);
}

static int attach_kprobe(const struct probe_host *host, const struct probe *probe, int program)
{
	int64_t type = probe_pmu_type("kprobe");
	int fd = type < 0 ? (int)type : -ENOENT;

	(void)host;
	(void)probe;
	for (const char *const *name = probe_quiet_functions; type >= 0 && *name && fd == -ENOENT;
		name++) {
		struct perf_event_attr attr;

		perf_attr_init(&attr);
		attr.type = (uint32_t)type;
		attr.kprobe_func = (uint64_t)(uintptr_t)*name;
		fd = attach_event(&attr, program);
	}
	return fd;
}

static int attach_uprobe(const struct probe_host *host, const struct probe *probe, int program)
{
	struct perf_event_attr attr;
	int code = probe_uprobe_attr(&attr);

	(void)host;
	(void)probe;
	return code ? code : attach_event(&attr, program);
}

static int attach_raw(const struct probe_host *host, const struct probe *probe, int program)
{
	int fd = bpf_raw_tracepoint_open(probe->text, program);

	(void)host;
	return fd < 0 ? -errno : fd;
}

static int attach_kprobe_multi(
	const struct probe_host *host, const struct probe *probe, int program)
{
	int fd = -ESRCH; /* what the kernel says of a function that it cannot trace */

	(void)host;
	(void)probe;
	for (size_t i = 0; probe_quiet_functions[i] && fd == -ESRCH; i++) {
		struct bpf_link_create_opts options = {.sz = sizeof(options)};
		const char *name = probe_quiet_functions[i];

		options.kprobe_multi.syms = &name;
		options.kprobe_multi.cnt = 1;
		fd = bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &options);
		fd = fd < 0 ? -errno : fd;
	}
	return fd;
}

/* By hand: the oldest libbpf that this is built with does not know it. */
static int attach_uprobe_multi(
	const struct probe_host *host, const struct probe *probe, int program)
{
	static const char path[] = "/proc/self/exe";
	unsigned long offset = probe_own_function_offset();
	struct {
		uint32_t program, target, attach, flags;
		uint64_t path, offsets, reference_counts, cookies;
		uint32_t count, multi_flags, pid, unused;
	} attr = {.program = (uint32_t)program,
		.attach = ATTACH_UPROBE_MULTI,
		.path = (uint64_t)(uintptr_t)path,
		.offsets = (uint64_t)(uintptr_t)&offset,
		.count = 1,
		.pid = (uint32_t)getpid()};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	(void)host;
	(void)probe;
	return fd < 0 ? -errno : (int)fd;
}

static int attach_iterator(const struct probe_host *host, const struct probe *probe, int program)
{
	int fd = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);

	(void)host;
	(void)probe;
	return fd < 0 ? -errno : fd;
}

/* --- making it run --- */

static void cause_call(int link)
{
	(void)link;
	probe_call_own_function();
}

static void cause_rename(int link)
{
	(void)link;
	probe_rename_self();
}

static void cause_work(int link)
{
	(void)link;
	probe_spin(NS_PER_MS / 5);
}

static void cause_walk(int link)
{
	char text[64];
	int fd = bpf_iter_create(link);

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

/* --- program types --- */

struct program {
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	int (*attach)(const struct probe_host *host, const struct probe *probe, int program);
	void (*cause)(int link); /* NULL: making it run would be seen by others */
	uint32_t btf_kind;	 /* 0: what it hangs on is not found by BTF */
	const char *without;	 /* what a kernel that refuses it lacks */
};

enum {
	PROGRAM_TRACEPOINT,
	PROGRAM_RAW,
	PROGRAM_TP_BTF,
	PROGRAM_KPROBE,
	PROGRAM_KPROBE_MULTI,
	PROGRAM_UPROBE,
	PROGRAM_UPROBE_MULTI,
	PROGRAM_FENTRY,
	PROGRAM_FEXIT,
	PROGRAM_PERF_EVENT,
	PROGRAM_ITERATOR,
};

static const struct program programs[] = {
	[PROGRAM_TRACEPOINT] = {BPF_PROG_TYPE_TRACEPOINT, 0, attach_tracepoint, cause_rename, 0,
		"CONFIG_BPF_EVENTS"},
	[PROGRAM_RAW] = {BPF_PROG_TYPE_RAW_TRACEPOINT, 0, attach_raw, cause_rename, 0,
		"CONFIG_BPF_EVENTS"},
	[PROGRAM_TP_BTF] = {BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, attach_raw, cause_rename,
		BTF_KIND_TYPEDEF, "CONFIG_DEBUG_INFO_BTF"},
	[PROGRAM_KPROBE] = {BPF_PROG_TYPE_KPROBE, 0, attach_kprobe, NULL, 0,
		"CONFIG_KPROBE_EVENTS"},
	[PROGRAM_KPROBE_MULTI] = {BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, attach_kprobe_multi,
		NULL, 0, "CONFIG_FPROBE (Linux 5.18 or newer)"},
	[PROGRAM_UPROBE] = {BPF_PROG_TYPE_KPROBE, 0, attach_uprobe, cause_call, 0,
		"CONFIG_UPROBE_EVENTS"},
	[PROGRAM_UPROBE_MULTI] = {BPF_PROG_TYPE_KPROBE, (enum bpf_attach_type)ATTACH_UPROBE_MULTI,
		attach_uprobe_multi, cause_call, 0, "CONFIG_UPROBE_EVENTS (Linux 6.6 or newer)"},
	[PROGRAM_FENTRY] = {BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, attach_raw, NULL,
		BTF_KIND_FUNC, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"},
	[PROGRAM_FEXIT] = {BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, attach_raw, NULL, BTF_KIND_FUNC,
		"CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"},
	[PROGRAM_PERF_EVENT] = {BPF_PROG_TYPE_PERF_EVENT, 0, attach_clock, cause_work, 0,
		"CONFIG_BPF_EVENTS"},
	[PROGRAM_ITERATOR] = {BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, attach_iterator, cause_walk,
		BTF_KIND_FUNC, "BPF iterators (Linux 5.8 or newer)"},
};

/* What the program hangs on, by BTF: the name of the probe, or a function that hardly ever runs. */
static int find_target(
	struct probe_host *host, const struct program *program, const struct probe *probe)
{
	const char *const one[] = {
		probe->number == PROGRAM_TP_BTF ? "btf_trace_task_rename" : "bpf_iter_task", NULL};
	const char *const *names = program->attach_type == BPF_TRACE_FENTRY ||
						   program->attach_type == BPF_TRACE_FEXIT
					   ? probe_quiet_functions
					   : one;
	int id = -ENOENT;

	if (!kernel_btf(host))
		return host->btf_code;
	for (; *names && id < 0; names++)
		id = btf__find_by_name_kind(host->btf, *names, program->btf_kind);
	return id;
}

static void program_refused(const struct probe_host *host, const struct program *program, int code,
	const char *stage, struct probe_result *result)
{
	char meaning[64], remedy[160];

	snprintf(meaning, sizeof(meaning), "it cannot be %s", stage);
	snprintf(remedy, sizeof(remedy), "a kernel with %s", program->without);
	refused(host, result, code, meaning, remedy);
}

static void attach_and_run(struct probe_host *host, const struct probe *probe, int loaded, int map,
	struct probe_result *result)
{
	const struct program *program = &programs[probe->number];
	uint64_t end, hits = 0;
	int link = program->attach(host, probe, loaded);

	if (link < 0) {
		program_refused(host, program, link, "attached", result);
		return;
	}
	end = clock_now() + PATIENCE_NS; /* attaching may have taken long */
	while (program->cause && !hits && clock_now() < end) {
		program->cause(link);
		hits = counted(map);
	}
	close(link);
	if (!program->cause) {
		probe_detail(result, "attached");
	} else if (hits) {
		probe_detail(result, "ran");
	} else {
		result->state = PROBE_NO;
		probe_reason(result, "it can be attached, but does not run");
		probe_remedy(result, "another kernel: this is a fault of the kernel");
	}
}

static void run_program(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	const struct program *program = &programs[probe->number];
	int id = program->btf_kind ? find_target(host, program, probe) : 0;
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tracetop_check", 4, 8, 1, NULL);
	int fd = map < 0 ? -errno : id;

	if (fd >= 0)
		fd = load_counting(
			&(struct kind){program->type, program->attach_type, (uint32_t)id}, map);
	if (fd < 0) {
		program_refused(host, program, fd,
			map < 0	 ? "given a map"
			: id < 0 ? "found in BTF"
				 : "loaded",
			result);
	} else {
		attach_and_run(host, probe, fd, map, result);
		close(fd);
	}
	if (map >= 0)
		close(map);
}

/* --- maps --- */

/* Of a type; the key of storage is described by BTF of our own. */
static int create_storage(void)
{
	struct btf *btf = btf__new_empty();
	struct bpf_map_create_opts options = {
		.sz = sizeof(options), .map_flags = BPF_F_NO_PREALLOC};
	int code, fd;

	if (!btf)
		return -errno;
	options.btf_key_type_id = (uint32_t)btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	options.btf_value_type_id = (uint32_t)btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	code = btf__load_into_kernel(btf);
	options.btf_fd = (uint32_t)btf__fd(btf);
	fd = code ? code
		  : bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "tracetop_check", 4, 8, 0, &options);
	if (!code && fd < 0)
		fd = -errno;
	btf__free(btf);
	return fd;
}

static int create_map(enum bpf_map_type type)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	int fd;

	switch (type) {
	case BPF_MAP_TYPE_TASK_STORAGE:
		return create_storage();
	case BPF_MAP_TYPE_RINGBUF:
		fd = bpf_map_create(type, "tracetop_check", 0, 0, page, NULL);
		break;
	case BPF_MAP_TYPE_STACK_TRACE:
		fd = bpf_map_create(type, "tracetop_check", 4, STACK_DEPTH * 8, 16, NULL);
		break;
	default:
		fd = bpf_map_create(type, "tracetop_check", 4, 8, 16, NULL);
	}
	return fd < 0 ? -errno : fd;
}

static void run_map(struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int fd = create_map((enum bpf_map_type)probe->number);

	if (fd >= 0)
		close(fd);
	else
		refused(host, result, fd, "this kernel does not know it", probe->text);
}

/* --- helpers --- */

/* A program that calls the helper with what it wants. */
static int load_helper(enum bpf_func_id helper, int map)
{
	static const struct kind kind = {BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0};
	const struct bpf_insn plain[] = {CALL((int)helper), SET(BPF_REG_0, 0), EXIT()};
	const struct bpf_insn stack[] = {MAP(BPF_REG_2, map), SET(BPF_REG_3, 0), CALL((int)helper),
		SET(BPF_REG_0, 0), EXIT()};
	const struct bpf_insn memory[] = {MOVE(BPF_REG_1, BPF_REG_10), ADD(BPF_REG_1, -8),
		SET(BPF_REG_2, 8), SET(BPF_REG_3, 0), CALL((int)helper), SET(BPF_REG_0, 0), EXIT()};

	switch (helper) {
	case BPF_FUNC_get_stackid:
		return load(&kind, stack, sizeof(stack) / sizeof(*stack));
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user_str:
		return load(&kind, memory, sizeof(memory) / sizeof(*memory));
	default:
		return load(&kind, plain, sizeof(plain) / sizeof(*plain));
	}
}

static void run_helper(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int map = create_map(BPF_MAP_TYPE_STACK_TRACE);
	int fd = map < 0 ? map : load_helper((enum bpf_func_id)probe->number, map);

	if (map >= 0)
		close(map);
	if (fd >= 0)
		close(fd);
	else if (fd == -EINVAL && host->lockdown == LOCKDOWN_CONFIDENTIALITY)
		probe_refused(host, result, -EPERM, NEED_BPF, "", "");
	else
		refused(host, result, fd, "this kernel does not know it, or does not allow it",
			probe->text);
}

/* --- the table --- */

static const struct probe rows[] = {
	{"BTF", "programs that fit this kernel's structures", run_btf, NULL, 0},
	{"hash map", "counts in the kernel", run_map, "a kernel with CONFIG_BPF_SYSCALL",
		BPF_MAP_TYPE_HASH},
	{"per-CPU array", "counts without contention", run_map, "Linux 4.6 or newer",
		BPF_MAP_TYPE_PERCPU_ARRAY},
	{"ring buffer", "streams of events", run_map, "Linux 5.8 or newer", BPF_MAP_TYPE_RINGBUF},
	{"stack trace map", "stacks counted in the kernel", run_map, "Linux 4.6 or newer",
		BPF_MAP_TYPE_STACK_TRACE},
	{"task storage", "state of each thread", run_map,
		"Linux 5.11 or newer with BTF; a hash map by thread does instead",
		BPF_MAP_TYPE_TASK_STORAGE},
	{"tracepoint", "tracepoints with their fields", run_program, NULL, PROGRAM_TRACEPOINT},
	{"raw_tp", "tracepoints with their arguments", run_program, "task_rename", PROGRAM_RAW},
	{"tp_btf", "the same, typed", run_program, NULL, PROGRAM_TP_BTF},
	{"kprobe", "functions of the kernel", run_program, NULL, PROGRAM_KPROBE},
	{"kprobe_multi", "many of them at once", run_program, NULL, PROGRAM_KPROBE_MULTI},
	{"uprobe", "functions of programs", run_program, NULL, PROGRAM_UPROBE},
	{"uprobe_multi", "many of them at once", run_program, NULL, PROGRAM_UPROBE_MULTI},
	{"fentry", "functions of the kernel, cheaply", run_program, NULL, PROGRAM_FENTRY},
	{"fexit", "what they return", run_program, NULL, PROGRAM_FEXIT},
	{"perf_event", "samples of some processes only", run_program, NULL, PROGRAM_PERF_EVENT},
	{"iter/task", "all tasks at once, consistently", run_program, NULL, PROGRAM_ITERATOR},
	{"bpf_get_stackid", "stacks", run_helper, "Linux 4.6 or newer", BPF_FUNC_get_stackid},
	{"bpf_probe_read_kernel", "what the kernel's structures hold", run_helper,
		"Linux 5.5 or newer", BPF_FUNC_probe_read_kernel},
	{"bpf_probe_read_user_str", "names of files that calls are given", run_helper,
		"Linux 5.5 or newer", BPF_FUNC_probe_read_user_str},
	{"bpf_get_current_cgroup_id", "containers", run_helper, "Linux 4.18 or newer",
		BPF_FUNC_get_current_cgroup_id},
};

const struct probe_group probe_bpf = PROBE_GROUP("BPF", rows);
