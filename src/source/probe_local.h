/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the probes share. */
#ifndef SOURCE_PROBE_LOCAL_H
#define SOURCE_PROBE_LOCAL_H

#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "source/probe.h"

struct btf;

enum lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY,
};

struct probe_host {
	bool readonly;
	uint64_t capabilities; /* effective; bit by number */
	uint64_t bounding;     /* those that a process here can have at all */
	bool own_users;	       /* in a user namespace: capabilities count only inside */
	bool filtered;	       /* a seccomp filter stands before every system call */
	char *modules;	       /* security modules, "lockdown,capability,…"; NULL: not known */
	enum lockdown lockdown;
	int lockdown_code; /* why it is not known: a negative errno */

	int tracefs;	      /* its root; a negative errno: cannot be had */
	char *tracefs_path;   /* where it is mounted, NULL: nowhere (tracefs may be there still) */
	char instance[64];    /* name of our own; it is there while @instance_fd is not negative */
	int instance_fd;      /* -ENOENT: not tried yet */
	char group[64];	      /* of our own dynamic events: the same as a C identifier */
	int cpu;	      /* a CPU to try things on */
	struct btf *btf;      /* of the kernel; NULL: not there, or not asked for yet */
	int btf_code;	      /* why; 1: not asked for yet */
	sigset_t old_signals; /* those that were blocked before */
};

extern const struct probe_group probe_rights, probe_perf, probe_trace, probe_bpf, probe_resolve;

#define PROBE_GROUP(title, rows)                                                            \
	{                                                                                   \
		.name = (title), .probes = (rows), .count = sizeof(rows) / sizeof(*(rows)), \
	}

/* --- results --- */

void probe_detail(struct probe_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void probe_reason(struct probe_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void probe_remedy(struct probe_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "EPERM (Operation not permitted)": of a negative errno, also of those without a text. */
const char *probe_errno(int code);

/* What the kernel asks of who does something. */
enum probe_need {
	NEED_NOTHING,
	NEED_ADMIN,
	NEED_PERFMON,
	NEED_BPF,
	NEED_TRACEFS,
	NEED_PTRACE,
	NEED_SYSLOG,
	NEED_MAP_FILES,
};

bool probe_has(const struct probe_host *host, enum probe_need need);

/*
 * No, because of @code: for EPERM and EACCES works out who forbids it (rights that are missing,
 * lockdown, a seccomp filter, something else) and what can be done; for other codes the reason is
 * @meaning and the remedy @remedy.
 */
void probe_refused(const struct probe_host *host, struct probe_result *result, int code,
	enum probe_need need, const char *meaning, const char *remedy);

/* The text of a small file, without the newline at its end; 0 or a negative errno. */
int probe_read(int folder, const char *path, struct buf *out);

/* One write(2) of the text, as tracefs wants it; 0 or a negative errno. */
int probe_write(int folder, const char *path, const char *text);

/* --- shared between groups --- */

/* Own capabilities, and what else forbids things: fills in the host's first part. */
void probe_rights_read(struct probe_host *host);

/* tracefs: finds it, removes what killed ones left; and lets go of it. */
void probe_trace_begin(struct probe_host *host);
void probe_trace_end(struct probe_host *host);

/* The id of a tracepoint, "task/task_rename"; or a negative errno. */
int64_t probe_tracepoint_id(const struct probe_host *host, const char *name);

/* Makes task_rename occur in this thread. */
void probe_rename_self(void);

/* A kernel function that hardly ever runs, to hang things on; NULL ends the list. */
extern const char *const probe_quiet_functions[];

/* The type of a PMU, or a negative errno. */
int64_t probe_pmu_type(const char *pmu);

/* An event for a uprobe on a function of our own, and that function; 0 or a negative errno. */
int probe_uprobe_attr(struct perf_event_attr *attr);
void probe_call_own_function(void);
uint64_t probe_own_function_offset(void);

/* Loads a BPF program and lets go of it; 0 or a negative errno. */
int probe_load_something(void);

/* Stays on the host's CPU; *@old is for sched_setaffinity(), if there is a way back. */
bool probe_pin(const struct probe_host *host, cpu_set_t *old);

/* Keeps this CPU busy for about so long. */
void probe_spin(uint64_t ns);

#endif
