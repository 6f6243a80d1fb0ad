/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: what all of them share. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/probe_local.h"

#define SMALL_FILE 65536
#define KERNEL_ENOTSUPP 524 /* errors of the kernel's own that escape to programs */

const struct probe_group *const probe_groups[] = {
	&probe_rights, &probe_perf, &probe_trace, &probe_bpf, &probe_resolve};
const size_t probe_group_count = sizeof(probe_groups) / sizeof(*probe_groups);

/* --- results --- */

static void add_text(struct buf *out, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	buf_add_text(out, text);
	free(text);
}

void probe_detail(struct probe_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(&result->detail, format, args);
	va_end(args);
}

void probe_reason(struct probe_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(&result->reason, format, args);
	va_end(args);
}

void probe_remedy(struct probe_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(&result->remedy, format, args);
	va_end(args);
}

const char *probe_errno(int code)
{
	static char text[96];
	const char *name = strerrorname_np(-code);

	if (code == -KERNEL_ENOTSUPP)
		return "ENOTSUPP (not supported on this architecture)";
	snprintf(text, sizeof(text), "%s (%s)", name ? name : "error", strerror(-code));
	return text;
}

/* --- who forbids it --- */

#define BIT(number) (UINT64_C(1) << (number))

/* Numbers of include/uapi/linux/capability.h; the C library's header may lack the newer ones. */
enum {
	DAC_OVERRIDE = 1,
	DAC_READ_SEARCH = 2,
	SYS_PTRACE = 19,
	SYS_ADMIN = 21,
	SYSLOG = 34,
	PERFMON = 38,
	BPF = 39,
	CHECKPOINT_RESTORE = 40,
};

static const struct {
	uint64_t any, and_any; /* one of each; 0: nothing */
	const char *words;
	const char *remedy;
} needs[] = {
	[NEED_NOTHING] = {0, 0, "", ""},
	[NEED_ADMIN] = {BIT(SYS_ADMIN), 0, "CAP_SYS_ADMIN",
		"run it as root, or: setcap cap_sys_admin+ep tracetop"},
	[NEED_PERFMON] = {BIT(PERFMON) | BIT(SYS_ADMIN), 0, "CAP_PERFMON",
		"run it as root, or: setcap cap_perfmon+ep tracetop"},
	[NEED_BPF] = {BIT(BPF) | BIT(SYS_ADMIN), BIT(PERFMON) | BIT(SYS_ADMIN),
		"CAP_BPF and CAP_PERFMON",
		"run it as root, or: setcap cap_bpf,cap_perfmon+ep tracetop"},
	[NEED_TRACEFS] = {BIT(DAC_OVERRIDE), 0, "root, to whom tracefs belongs",
		"run it as root, or let a group in: mount -o remount,gid=GROUP,mode=0770 "
		"/sys/kernel/tracing"},
	[NEED_PTRACE] = {BIT(SYS_PTRACE), 0, "CAP_SYS_PTRACE",
		"run it as root, or: setcap cap_sys_ptrace+ep tracetop"},
	[NEED_SYSLOG] = {BIT(SYSLOG), 0, "CAP_SYSLOG",
		"run it as root, or: setcap cap_syslog+ep tracetop"},
	[NEED_MAP_FILES] = {BIT(SYS_ADMIN) | BIT(CHECKPOINT_RESTORE), 0,
		"CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE",
		"run it as root, or: setcap cap_checkpoint_restore+ep tracetop"},
};

static bool has_in(uint64_t set, enum probe_need need)
{
	return (!needs[need].any || needs[need].any & set) &&
	       (!needs[need].and_any || needs[need].and_any & set);
}

bool probe_has(const struct probe_host *host, enum probe_need need)
{
	return has_in(host->capabilities, need);
}

/* Lockdown answers EPERM, and does not care who looks at which process. */
static bool may_be_lockdown(const struct probe_host *host, int code, enum probe_need need)
{
	return host->lockdown > LOCKDOWN_NONE && code == -EPERM && need != NEED_PTRACE &&
	       need != NEED_SYSLOG && need != NEED_MAP_FILES;
}

static void explain_denied(
	const struct probe_host *host, struct probe_result *result, int code, enum probe_need need)
{
	if (!probe_has(host, need) && has_in(host->bounding, need)) {
		probe_reason(result, "this needs %s", needs[need].words);
		probe_remedy(result, "%s", needs[need].remedy);
	} else if (!probe_has(host, need)) {
		probe_reason(result, "this needs %s, which what started this session took away",
			needs[need].words);
		probe_remedy(result,
			"run it outside the container or service, or let that keep it (docker run "
			"--cap-add, CapabilityBoundingSet= of systemd)");
	} else if (host->own_users) {
		probe_reason(result, "root of a user namespace has no rights over the kernel");
		probe_remedy(result, "run it as root of the machine, outside the user namespace");
	} else if (may_be_lockdown(host, code, need)) {
		probe_reason(result,
			"the rights are there, but the kernel is locked down (%s), which may be "
			"what forbids it%s%s",
			host->lockdown == LOCKDOWN_INTEGRITY ? "integrity" : "confidentiality",
			host->modules ? "; its security modules: " : "",
			host->modules ? host->modules : "");
		probe_remedy(result,
			"see what is refused: dmesg | grep -i lockdown; boot without it: no "
			"lockdown= on the kernel's command line, Secure Boot off, or a kernel "
			"that does not force it; see kernel_lockdown(7)");
	} else if (host->filtered) {
		probe_reason(result, "the rights are there; a seccomp filter stands before it");
		probe_remedy(result, "run it outside the container, or start that with "
				     "--security-opt seccomp=unconfined");
	} else {
		probe_reason(result, "the rights are there, but a security module%s%s%s forbids it",
			host->modules ? " (one of " : "", host->modules ? host->modules : "",
			host->modules ? ")" : "");
		probe_remedy(result, "look for the refusal in: dmesg; journalctl -k; ausearch -m "
				     "avc; then allow it there");
	}
}

void probe_refused(const struct probe_host *host, struct probe_result *result, int code,
	enum probe_need need, const char *meaning, const char *remedy)
{
	bool denied = code == -EPERM || code == -EACCES;

	result->state = PROBE_NO;
	probe_reason(result, "%s: ", probe_errno(code));
	if (denied && need != NEED_NOTHING) {
		explain_denied(host, result, code, need);
		return;
	}
	probe_reason(result, "%s", meaning);
	if (code == -ENOENT && access("/proc/self", F_OK)) {
		probe_reason(result, "; but /proc is not mounted, which much is tried with");
		probe_remedy(result, "mount -t proc proc /proc, and check again; ");
	}
	probe_remedy(result, "%s", remedy);
}

/* --- files --- */

int probe_read(int folder, const char *path, struct buf *out)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), code;

	if (fd < 0)
		return -errno;
	code = fs_read_fd(fd, out, SMALL_FILE);
	close(fd);
	buf_add_text(out, "");
	if (out->size && out->data[out->size - 1] == '\n')
		out->data[--out->size] = '\0';
	return code;
}

int probe_write(int folder, const char *path, const char *text)
{
	int fd = openat(folder, path, O_WRONLY | O_CLOEXEC | O_NOCTTY), code = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		code = -errno;
	/* Function filters take effect, or fail, when they are closed. */
	if (close(fd) && !code)
		code = -errno;
	return code;
}

/* --- things to try it with --- */

const char *const probe_quiet_functions[] = {
	"ksys_sync", "ksys_sync_helper", "do_sys_times", "do_sysinfo", NULL};

void probe_spin(uint64_t ns)
{
	uint64_t end = clock_now() + ns;

	while (clock_now() < end)
		;
}

bool probe_pin(const struct probe_host *host, cpu_set_t *old)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)host->cpu, &one);
	if (sched_getaffinity(0, sizeof(*old), old)) /* more CPUs than it has room for */
		return false;
	return !sched_setaffinity(0, sizeof(one), &one);
}

/* --- the host --- */

static void hold_signals(struct probe_host *host)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		sigaddset(&signals, held[i]);
	sigprocmask(SIG_BLOCK, &signals, &host->old_signals);
}

struct probe_host *probe_host_new(bool readonly)
{
	struct probe_host *host = mem_zalloc(sizeof(*host));

	hold_signals(host);
	host->readonly = readonly;
	host->instance_fd = -ENOENT;
	host->btf_code = 1;
	host->cpu = sched_getcpu();
	host->cpu = host->cpu < 0 ? 0 : host->cpu;
	probe_rights_read(host);
	probe_trace_begin(host);
	return host;
}

void probe_host_free(struct probe_host *host)
{
	probe_trace_end(host);
	btf__free(host->btf);
	free(host->modules);
	sigprocmask(SIG_SETMASK, &host->old_signals, NULL);
	free(host);
}

void probe_run(struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	*result = (struct probe_result){.state = PROBE_YES};
	probe->run(host, probe, result);
}

void probe_result_release(struct probe_result *result)
{
	buf_release(&result->detail);
	buf_release(&result->reason);
	buf_release(&result->remedy);
	*result = (struct probe_result){0};
}
