/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks by BPF: the iterator, and the ring of execs and exits. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bpf/tasks.h"
#include "base/clock.h"
#include "base/mem.h"
#include "source/hierarchy.h"
#include "source/kernel_btf.h"
#include "source/usage_local.h"
#include "tasks.skel.h"

#define ROWS_READ 512	/* at once */
#define LOOKS_CHECKED 5 /* that left nobody out, from one comparison with /proc to the next */
#define ABSENT_MAX 64

struct usage_bpf {
	struct tasks_bpf *skeleton;
	struct ring_buffer *ring;
	const struct usage_events *events; /* while draining */
	uint64_t page;
	int walk; /* the link of the iterator; -1: none */
	/* Of the worker that looks: */
	unsigned looks;
	uint32_t absent[ABSENT_MAX]; /* processes that /proc has and the iterator does not */
	size_t absent_count;
};

/* The letters of fs/proc/array.c in the kernel, by the highest bit of the state. */
static char state_letter(uint32_t state)
{
	static const char letters[] = "RSDTtXZP";
	int bit = 0;

	if (state == 0x402) /* TASK_IDLE: uninterruptible, and no load */
		return 'I';
	for (state &= 0x7f; state; state >>= 1)
		bit++;
	return letters[bit];
}

static void convert(const struct usage_bpf *bpf, const struct task_row *from, struct look_row *to)
{
	uint64_t ticks = from->user + from->system;
	/* The parts as ticks saw them, of the whole as the scheduler did: cputime_adjust(). */
	double share = ticks ? (double)from->user / (double)ticks : 1;

	*to = (struct look_row){.tid = from->tid,
		.tgid = from->tgid,
		.parent = from->parent,
		.uid = from->uid,
		.threads = from->threads,
		.nice = from->nice,
		.state = from->kind == TASK_ROW_EXIT ? 'X' : state_letter(from->state),
		.time = from->time,
		.start = from->start,
		.user = (uint64_t)((double)from->runtime * share),
		.read = from->read,
		.written = from->written,
		.faults = from->faults,
		.rss = (from->file_pages + from->anon_pages + from->shmem_pages) * bpf->page,
		.shared = (from->file_pages + from->shmem_pages) * bpf->page,
		.virtual = from->total_pages * bpf->page,
		.cgroup = from->cgroup,
		.pidns = from->pidns,
		.mntns = from->mntns};
	to->system = from->runtime - to->user;
	/* What stays in the root of version 2 may be told apart by the other hierarchy. */
	if (from->cgroup <= 1 && from->cgroup_v1 > 1) {
		to->cgroup = from->cgroup_v1;
		to->hierarchy = from->hierarchy_v1;
	}
	memcpy(to->comm, from->comm, sizeof(to->comm));
	to->comm[sizeof(to->comm) - 1] = '\0';
}

static int take_event(void *arg, void *data, size_t size)
{
	struct usage_bpf *bpf = arg;
	const struct task_row *row = data;
	struct look_row taken;

	if (size < sizeof(*row))
		return 0;
	convert(bpf, row, &taken);
	if (row->kind == TASK_ROW_EXIT) {
		bpf->events->exit(bpf->events->arg, &taken);
	} else if (row->kind == TASK_ROW_EXEC) {
		size_t args = row->args_size < size - sizeof(*row) ? row->args_size
								   : size - sizeof(*row);

		bpf->events->exec(
			bpf->events->arg, &taken, (struct str){(const char *)(row + 1), args});
	}
	return 0;
}

static int attach(struct usage_bpf *bpf)
{
	int code;

	bpf_program__set_autoattach(bpf->skeleton->progs.tasks_walk, false);
	code = tasks_bpf__attach(bpf->skeleton);
	if (code)
		return code;
	bpf->walk = bpf_link_create(
		bpf_program__fd(bpf->skeleton->progs.tasks_walk), 0, BPF_TRACE_ITER, NULL);
	return bpf->walk < 0 ? -errno : 0;
}

struct usage_bpf *usage_bpf_new(struct error *error)
{
	struct bpf_object_open_opts options = {
		.sz = sizeof(options), .btf_custom_path = kernel_btf_path()};
	struct usage_bpf *bpf = mem_zalloc(sizeof(*bpf));
	int code;

	bpf->walk = -1;
	bpf->page = (uint64_t)sysconf(_SC_PAGESIZE);
	bpf->skeleton = tasks_bpf__open_opts(&options);
	code = bpf->skeleton ? 0 : -errno;
	if (!code) {
		int cpus = libbpf_num_possible_cpus();

		/* Of many CPUs the parts would cost more than they tell. */
		bpf->skeleton->rodata->settings.cpus = cpus > 0 && cpus <= 64 ? (uint32_t)cpus : 0;
		bpf->skeleton->rodata->settings.v1_subsystem = hierarchy_v1_subsystem();
		code = tasks_bpf__load(bpf->skeleton);
	}
	if (!code)
		code = attach(bpf);
	if (!code) {
		bpf->ring = ring_buffer__new(
			bpf_map__fd(bpf->skeleton->maps.task_events), take_event, bpf, NULL);
		code = bpf->ring ? 0 : -errno;
	}
	if (!code)
		return bpf;
	error_set(error, code, "tasks are read from /proc, BPF does not work here: %s%s",
		strerror(-code),
		code == -EPERM ? "; it takes root, or CAP_BPF and CAP_PERFMON" : "");
	usage_bpf_free(bpf);
	return NULL;
}

void usage_bpf_free(struct usage_bpf *bpf)
{
	if (!bpf)
		return;
	ring_buffer__free(bpf->ring);
	if (bpf->walk >= 0)
		close(bpf->walk);
	tasks_bpf__destroy(bpf->skeleton);
	free(bpf);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Some systems hide processes from iterators (their init, say) that /proc tells of. */
static void find_absent(struct usage_bpf *bpf, const struct look *look)
{
	uint32_t *listed, *found = mem_alloc((look->count + 1) * sizeof(*found));
	size_t count = usage_proc_list(&listed);

	for (size_t i = 0; i < look->count; i++)
		found[i] = look->rows[i].tid;
	qsort(found, look->count, sizeof(*found), compare_numbers);
	bpf->absent_count = 0;
	for (size_t i = 0; i < count && bpf->absent_count < ABSENT_MAX; i++)
		if (!bsearch(&listed[i], found, look->count, sizeof(*found), compare_numbers))
			bpf->absent[bpf->absent_count++] = listed[i];
	free(found);
	free(listed);
}

/* Who was forked between the iterator and the list is in the iterator the next time. */
static void forget_present(struct usage_bpf *bpf, const struct look *look)
{
	for (size_t i = 0; bpf->absent_count && i < look->count; i++)
		for (size_t k = 0; k < bpf->absent_count; k++)
			if (bpf->absent[k] == look->rows[i].tid)
				bpf->absent[k] = bpf->absent[--bpf->absent_count];
}

/* Whole rows are read whatever the kernel hands out at once. */
int usage_bpf_look(struct usage_bpf *bpf, struct look *look)
{
	struct task_row *rows = mem_alloc(ROWS_READ * sizeof(*rows));
	int fd = bpf_iter_create(bpf->walk);
	size_t have = 0;
	ssize_t got = 0;

	bpf->skeleton->bss->skips_idle = look->skips_idle;
	look->time = clock_now();
	while (fd >= 0) {
		got = read(fd, (char *)rows + have, ROWS_READ * sizeof(*rows) - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
		for (size_t i = 0; i < have / sizeof(*rows); i++)
			convert(bpf, &rows[i], look_add(look));
		memmove(rows, (char *)rows + have / sizeof(*rows) * sizeof(*rows),
			have % sizeof(*rows));
		have %= sizeof(*rows);
	}
	if (fd < 0 || got < 0)
		got = -errno;
	look->partial = got < 0;
	if (fd >= 0)
		close(fd);
	free(rows);
	if (!look->partial && !look->skips_idle && bpf->looks++ % LOOKS_CHECKED == 0)
		find_absent(bpf, look);
	else
		forget_present(bpf, look);
	usage_proc_add(look, bpf->absent, bpf->absent_count);
	return (int)got;
}

void usage_bpf_drain(struct usage_bpf *bpf, const struct usage_events *events)
{
	bpf->events = events;
	ring_buffer__consume(bpf->ring);
	bpf->events = NULL;
}

uint64_t usage_bpf_lost(const struct usage_bpf *bpf)
{
	return __atomic_load_n(&bpf->skeleton->bss->tasks_lost, __ATOMIC_RELAXED);
}
