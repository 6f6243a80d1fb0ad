/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: who this runs as, and the settings that give or take rights. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/fs.h"
#include "base/mem.h"
#include "source/mounts.h"
#include "source/perf.h"
#include "source/probe_local.h"
#include "source/ring.h"

#define SYSCTL "/proc/sys/kernel/"
#define LEAST_RING (512u << 10) /* what tracetop takes of a CPU, at least */
#define USUAL_MAP (8u << 20)	/* a BPF map of the size that is usual */

/* Inode numbers that the kernel gives its first namespaces: include/linux/proc_ns.h. */
#define FIRST_USERS UINT64_C(0xEFFFFFFD)
#define FIRST_PIDS UINT64_C(0xEFFFFFFC)

static bool is_first_namespace(const char *path, uint64_t first)
{
	struct stat st;

	return stat(path, &st) || st.st_ino == first; /* without /proc: nothing says otherwise */
}

/* "none [integrity] confidentiality" */
static enum lockdown parse_lockdown(const char *text)
{
	if (strstr(text, "[none]"))
		return LOCKDOWN_NONE;
	if (strstr(text, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	return strstr(text, "[confidentiality]") ? LOCKDOWN_CONFIDENTIALITY : LOCKDOWN_UNKNOWN;
}

/* securityfs is often not mounted: then a mount that nobody else sees does. */
static int open_securityfs(void)
{
	int fd = open("/sys/kernel/security", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !faccessat(fd, "lsm", F_OK, 0))
		return fd;
	if (fd >= 0)
		close(fd);
	return mount_detached("securityfs");
}

static void read_modules(struct probe_host *host)
{
	struct buf text = {0};
	int folder = open_securityfs();
	int code = folder < 0 ? folder : probe_read(folder, "lockdown", &text);

	if (!code && text.size)
		host->lockdown = parse_lockdown(text.data);
	else if (folder >= 0 && code == -ENOENT) /* this kernel has no lockdown at all */
		host->lockdown = LOCKDOWN_NONE;
	host->lockdown_code = code;
	buf_clear(&text);
	if (folder >= 0 && !probe_read(folder, "lsm", &text))
		host->modules = buf_detach(&text);
	if (folder >= 0)
		close(folder);
	buf_release(&text);
}

static uint64_t effective_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

/* Asked of the kernel, not of /proc, which may be missing where it matters most. */
void probe_rights_read(struct probe_host *host)
{
	host->capabilities = effective_capabilities();
	for (int i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			host->bounding |= UINT64_C(1) << i;
	host->filtered = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
	host->own_users = !is_first_namespace("/proc/self/ns/user", FIRST_USERS);
	read_modules(host);
}

/* --- who --- */

static void run_root(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)host;
	(void)probe;
	probe_detail(result, "user %u", (unsigned)geteuid());
	if (!geteuid())
		return;
	result->state = PROBE_NO;
	probe_reason(result, "this runs as user %u", (unsigned)geteuid());
	probe_remedy(result, "sudo tracetop check; or give the program the capabilities below that "
			     "are to be allowed: setcap");
}

static void run_capability(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	uint64_t bit = UINT64_C(1) << probe->number;

	if (host->capabilities & bit)
		return;
	result->state = PROBE_NO;
	if (host->bounding & bit) {
		probe_reason(result, "not among the effective capabilities of this process");
		probe_remedy(result, "run it as root, or: setcap %s+ep tracetop", probe->text);
	} else {
		probe_reason(result,
			"not among the effective capabilities, and what started this session (a "
			"container, a service, the init program) took it from the bounding set");
		probe_remedy(result, "run it outside, or let that keep it (docker run --cap-add, "
				     "CapabilityBoundingSet= of systemd)");
	}
}

static void run_users(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	(void)probe;
	probe_detail(result, host->own_users ? "one of its own" : "the machine's");
	if (!host->own_users)
		return;
	result->state = PROBE_NO;
	probe_reason(result, "in a user namespace capabilities count for what belongs to it, and "
			     "perf, tracefs and BPF do not");
	probe_remedy(result, "run it as root of the machine, or in a container that is not "
			     "rootless");
}

static void run_pids(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	bool first = is_first_namespace("/proc/self/ns/pid", FIRST_PIDS);

	(void)host;
	(void)probe;
	probe_detail(result, first ? "the machine's" : "one of its own");
	if (first)
		return;
	result->state = PROBE_PARTLY;
	probe_reason(result, "processes outside this pid namespace have no number here and are not "
			     "in /proc: their samples lack names and files");
	probe_remedy(result, "run it outside the container, or start that with --pid=host");
}

static void run_lockdown(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const char *const words[] = {[LOCKDOWN_UNKNOWN] = "unknown",
		[LOCKDOWN_NONE] = "none",
		[LOCKDOWN_INTEGRITY] = "integrity",
		[LOCKDOWN_CONFIDENTIALITY] = "confidentiality"};

	(void)probe;
	probe_detail(result, "lockdown is %s", words[host->lockdown]);
	if (host->lockdown == LOCKDOWN_NONE)
		return;
	result->state = host->lockdown == LOCKDOWN_CONFIDENTIALITY ? PROBE_NO : PROBE_PARTLY;
	if (host->lockdown == LOCKDOWN_UNKNOWN) {
		probe_reason(result, "its file in securityfs cannot be read: %s",
			host->lockdown_code ? probe_errno(host->lockdown_code) : "not understood");
		probe_remedy(
			result, "as root: mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	probe_reason(result, "the kernel refuses even root what could change it%s",
		host->lockdown == LOCKDOWN_INTEGRITY
			? ""
			: ", and what could read its memory: BPF and tracefs among it");
	probe_remedy(result, "boot without lockdown: no lockdown= on the kernel's command line, "
			     "Secure Boot off, or a kernel that does not force it; see "
			     "kernel_lockdown(7)");
}

/* --- settings --- */

/* Shows a setting's value; whether it can be read. */
static bool show_setting(struct probe_result *result, const char *name, int64_t *value)
{
	char *path = mem_printf(SYSCTL "%s", name);
	int code = fs_read_i64(path, value);

	free(path);
	if (code)
		probe_detail(result, "kernel.%s cannot be read: %s", name, probe_errno(code));
	else
		probe_detail(result, "kernel.%s is %" PRId64, name, *value);
	return !code;
}

/* Opens a clock event of this thread or of a CPU; 0 or a negative errno. */
static int try_clock(const struct probe_host *host, bool everyone, bool kernel, uint64_t frequency)
{
	struct perf_event_attr attr;
	int fd;

	perf_attr_init(&attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.exclude_kernel = !kernel;
	attr.freq = 1;
	attr.sample_freq = frequency;
	fd = perf_open(&attr, everyone ? -1 : 0, everyone ? host->cpu : -1);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void run_paranoid(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int64_t value;
	int code;

	show_setting(result, probe->text, &value);
	code = try_clock(host, true, true, 1);
	if (!code)
		return;
	result->state = try_clock(host, false, false, 1) ? PROBE_NO : PROBE_PARTLY;
	probe_reason(result, "%s: this user may sample %s", probe_errno(code),
		result->state == PROBE_NO	  ? "nothing"
		: try_clock(host, false, true, 1) ? "user code of processes of his own"
						  : "processes of his own");
	probe_remedy(result, "run it as root, or: setcap cap_perfmon+ep tracetop, or: sysctl "
			     "kernel.perf_event_paranoid=0 (for all users)");
}

static void run_rate(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	static const uint64_t rates[] = {4000, 999, 99};
	int64_t most, percent;
	int code = 0;
	size_t i;

	(void)probe;
	show_setting(result, "perf_event_max_sample_rate", &most);
	probe_detail(result, ", ");
	show_setting(result, "perf_cpu_time_max_percent", &percent);
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		code = try_clock(host, false, false, rates[i]);
		if (code != -EINVAL)
			break;
	}
	if (!code && !i)
		return;
	if (code && code != -EINVAL) {
		probe_refused(host, result, code, NEED_PERFMON, "no event can be opened",
			"see cpu-clock under perf");
		return;
	}
	result->state = code ? PROBE_NO : PROBE_PARTLY;
	probe_reason(result,
		"%s at %s: the kernel lowers the most it allows when sampling has "
		"taken too long",
		probe_errno(-EINVAL),
		i == 1	 ? "4000 Hz"
		: i == 2 ? "999 Hz"
			 : "99 Hz");
	probe_remedy(result, "sysctl kernel.perf_event_max_sample_rate=100000; "
			     "kernel.perf_cpu_time_max_percent=0 keeps it there");
}

/* Maps the smallest ring that tracetop takes. */
static void run_mlock(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct perf_event_attr attr;
	struct ring ring;
	int64_t value;
	int fd, code;

	show_setting(result, probe->text, &value);
	perf_attr_init(&attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.exclude_kernel = 1;
	fd = perf_open(&attr, 0, -1);
	if (fd < 0) {
		probe_refused(host, result, fd, NEED_PERFMON, "no event can be opened",
			"see cpu-clock under perf");
		return;
	}
	code = ring_open(&ring, fd, LEAST_RING);
	if (!code)
		ring_close(&ring);
	close(fd);
	if (!code)
		return;
	result->state = PROBE_NO;
	probe_reason(result, "%s: a ring of %u KiB cannot be mapped", probe_errno(code),
		LEAST_RING >> 10);
	probe_remedy(result,
		"run it as root, or: sysctl kernel.perf_event_mlock_kb=%u, or ulimit "
		"-l unlimited",
		(LEAST_RING >> 10) + 4);
}

static void run_memlock(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct rlimit limit = {0};
	int fd, code;

	(void)probe;
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		probe_detail(result, "unlimited");
	else
		probe_detail(result, "%llu KiB", (unsigned long long)limit.rlim_cur >> 10);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tracetop_check", 4, USUAL_MAP, 1, NULL);
	code = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (!code)
		return;
	if (probe_has(host, NEED_BPF) && !host->own_users && limit.rlim_cur < 2 * USUAL_MAP) {
		result->state = PROBE_NO;
		probe_reason(result, "%s: a BPF map of %u MiB cannot be had within the limit",
			probe_errno(code), USUAL_MAP >> 20);
		probe_remedy(result, "ulimit -l unlimited");
	} else {
		probe_refused(host, result, code, NEED_BPF, "a BPF map of 8 MiB cannot be made",
			"ulimit -l unlimited; and see BPF below");
	}
}

static void run_bpf_disabled(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	int64_t value;
	int fd, code;

	show_setting(result, probe->text, &value);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tracetop_check", 4, 8, 1, NULL);
	code = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (code)
		probe_refused(host, result, code, NEED_BPF,
			"this kernel is built without the bpf system call",
			"a kernel with CONFIG_BPF_SYSCALL");
}

/* The first address that is not 0, of the first lines. */
static uint64_t first_address(const char *text)
{
	for (const char *line = text; line && *line;) {
		uint64_t address = strtoull(line, NULL, 16);

		if (address)
			return address;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return 0;
}

static void run_kptr(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	char text[4096];
	int64_t value;
	ssize_t got;
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);

	show_setting(result, probe->text, &value);
	if (fd < 0) {
		probe_refused(host, result, -errno, NEED_SYSLOG,
			"/proc/kallsyms is not there: the kernel is built without it, or /proc is "
			"not mounted",
			"mount -t proc proc /proc; else a kernel with CONFIG_KALLSYMS");
		return;
	}
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got < 0 ? 0 : got] = '\0';
	if (first_address(text)) {
		probe_detail(result, "; /proc/kallsyms shows addresses");
		return;
	}
	result->state = PROBE_NO;
	if (probe_has(host, NEED_SYSLOG) && !host->own_users) {
		probe_reason(result, "/proc/kallsyms shows no addresses, even to root");
		probe_remedy(result, "sysctl kernel.kptr_restrict=1");
	} else {
		probe_reason(result, "/proc/kallsyms shows no addresses to this user");
		probe_remedy(result, "run it as root, or: setcap cap_syslog+ep tracetop; and: "
				     "sysctl kernel.kptr_restrict=1");
	}
}

/* --- the table --- */

static const struct probe rows[] = {
	{"root", "everything below", run_root, NULL, 0},
	{"CAP_SYS_ADMIN", "what the narrower ones do not cover; stands in for PERFMON and BPF",
		run_capability, "cap_sys_admin", 21},
	{"CAP_PERFMON", "sampling of everyone, and the kernel", run_capability, "cap_perfmon", 38},
	{"CAP_BPF", "BPF programs", run_capability, "cap_bpf", 39},
	{"CAP_SYS_PTRACE", "maps and files of other users' processes", run_capability,
		"cap_sys_ptrace", 19},
	{"CAP_SYSLOG", "addresses of the kernel's functions", run_capability, "cap_syslog", 34},
	{"CAP_SYS_RESOURCE", "raising limits of its own", run_capability, "cap_sys_resource", 24},
	{"CAP_DAC_READ_SEARCH", "files that other users keep to themselves", run_capability,
		"cap_dac_read_search", 2},
	{"user namespace", "capabilities that the kernel heeds", run_users, NULL, 0},
	{"pid namespace", "processes of the whole machine", run_pids, NULL, 0},
	{"not locked down", "probes and tracers in the kernel", run_lockdown, NULL, 0},
	{"perf_event_paranoid", "sampling", run_paranoid, "perf_event_paranoid", 0},
	{"perf_event_max_sample_rate", "sampling as often as is asked for", run_rate, NULL, 0},
	{"perf_event_mlock_kb", "rings for samples", run_mlock, "perf_event_mlock_kb", 0},
	{"RLIMIT_MEMLOCK", "BPF maps on kernels before 5.11", run_memlock, NULL, 0},
	{"kptr_restrict", "names of the kernel's functions", run_kptr, "kptr_restrict", 0},
	{"unprivileged_bpf_disabled", "BPF", run_bpf_disabled, "unprivileged_bpf_disabled", 0},
};

const struct probe_group probe_rights = PROBE_GROUP("rights", rows);
