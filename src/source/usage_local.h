/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of usage: looking (usage_bpf.c, usage_proc.c), taking in (usage_take.c). */
#ifndef SOURCE_USAGE_LOCAL_H
#define SOURCE_USAGE_LOCAL_H

#include "base/hash.h"
#include "base/worker.h"
#include "model/chosen.h"
#include "model/model.h"
#include "record/recording.h"
#include "source/usage.h"

/* A thread as one look found it; times in ns, sizes in bytes. */
struct look_row {
	uint32_t tid, tgid, parent, uid;
	uint32_t threads;
	int32_t nice;
	char state;    /* as in proc_pid_stat(5) */
	bool whole;    /* counters are of the whole process, not of the thread */
	uint64_t time; /* of its end, or of the exec that is told; else 0 */
	uint64_t start;
	uint64_t user, system;
	uint64_t read, written, faults;
	uint64_t rss, shared, virtual;
	uint64_t cgroup, pidns, mntns; /* 0: not told */
	uint32_t hierarchy;
	char comm[16];
};

/* All of them at one time. */
struct look {
	uint64_t time;
	struct look_row *rows;
	size_t count, capacity;
	bool partial;	 /* the look ended early: who is missing may be there */
	bool skips_idle; /* so may who is missing: asked not to tell of who did not run */
	struct host_look {
		uint64_t nums[HOST_USAGE_NUMS]; /* those of an interval since the boot */
		struct host_cpu {
			uint32_t number;
			uint64_t ns[CPU_USAGE_NUMS];
		} * cpus;
		struct host_device {
			enum device_usage_of kind;
			char name[32];
			uint64_t nums[DEVICE_USAGE_NUMS];
		} * devices;
		size_t cpu_count, cpu_capacity, device_count, device_capacity;
	} host;
};

struct look_row *look_add(struct look *look);
void look_release(struct look *look);

/* usage_bpf.c */
struct usage_bpf;
struct usage_bpf *usage_bpf_new(struct error *error);
void usage_bpf_free(struct usage_bpf *bpf);
/* On a worker. */
int usage_bpf_look(struct usage_bpf *bpf, struct look *look);
/* On the loop: execs and exits since the last call. */
struct usage_events {
	void (*exec)(void *arg, const struct look_row *row, struct str arguments);
	void (*exit)(void *arg, const struct look_row *row);
	void *arg;
};
void usage_bpf_drain(struct usage_bpf *bpf, const struct usage_events *events);
uint64_t usage_bpf_lost(const struct usage_bpf *bpf);

/* usage_host.c: looking on a worker; host_take() keeps what it is given. */
void host_look(struct host_look *look);
void host_look_release(struct host_look *look);
struct usage;
void host_take(struct usage *usage, struct host_look *look, uint64_t time, uint64_t duration);

/* usage_proc.c, on a worker: all processes; the numbers of all, the caller's; those of a list. */
void usage_proc_look(struct look *look);
size_t usage_proc_list(uint32_t **pids);
void usage_proc_add(struct look *look, const uint32_t *pids, size_t count);

/* What was known of a thread at the last look. */
struct seen {
	uint32_t tid;
	uint32_t look; /* number of the last look that found it */
	uint64_t start;
	uint64_t user, system, read, written, faults;
	uint32_t execs_asked; /* of the model's task, plus 1, when its arguments were asked for */
	bool is_told;	      /* there was a record of it */
	uint64_t nums[TASK_USAGE_NUMS]; /* that were in it, counters as 0 */
};

/* One life of a process, the last with its number, that it is narrowed to. */
struct followed {
	uint32_t tgid;
	uint64_t start; /* 0: one of those that were named, which were there before */
	uint64_t end;	/* UINT64_MAX: as far as is known it lives */
};

struct usage {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	struct usage_bpf *bpf; /* NULL: by /proc */
	struct error trouble;  /* why it is NULL */
	uint64_t end;	       /* of the interval that is closed, else 0 */

	struct seen *seen;
	size_t seen_count, seen_capacity;
	struct index by_tid;
	uint32_t looks;
	uint64_t last;	       /* time of the last look */
	uint64_t whole;	       /* time of the records of the last that told of everybody; 0: none */
	bool is_partial;       /* the look that is taken in is none */
	bool needs_idle;       /* of usage_need_idle() */
	struct host_look host; /* of it */
	bool begun, looking;
	uint64_t lost;
	void (*hook)(void *arg); /* of usage_on_look() */
	void *hook_arg;
	void (*task_hook)(void *arg, const struct task *task, const uint64_t *nums);
	void *task_hook_arg;

	/* Whom it is narrowed to; none: everybody. */
	struct index by_tgid;
	struct followed *followed;
	size_t followed_count, followed_capacity;
	uint64_t narrowed;	     /* since when; 0: it is not */
	const struct chosen *chosen; /* containers it is narrowed to; NULL: all */

	/* Who ended since the last look; told with the next. */
	struct look_row *ended;
	size_t ended_count, ended_capacity;
};

/* usage.c: whether a row is of whom it is narrowed to. */
bool usage_follows(struct usage *usage, const struct look_row *row);

/* Whether what it used is recorded; @task: the row's. */
bool usage_counts(const struct usage *usage, const struct look_row *row, const struct task *task);

/* usage_take.c */
/* Whether the next look, if it is now, may tell of those alone that were not idle. */
bool usage_next_is_partial(const struct usage *usage, uint64_t now);
/* @time: of the records. */
void usage_take(struct usage *usage, struct look *look, uint64_t time);
void usage_take_exec(struct usage *usage, const struct look_row *row, struct str arguments);

/* usage_ask.c: arguments of processes, asked of /proc on the worker. */
void usage_ask(struct usage *usage, const uint32_t *tgids, size_t count);

#endif
