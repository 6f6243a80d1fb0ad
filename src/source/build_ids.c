/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/build_ids.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/perf.h"
#include "source/ring.h"

#define EVENTS 3 /* the one that asks for build ids between two that do not */
#define RING 8192

struct trial {
	int fds[EVENTS];
	struct ring rings[EVENTS];
	int count;
};

/* The order in which the kernel goes through events is its own: one is before, one behind. */
static bool trial_open(struct trial *trial, size_t page)
{
	for (int i = 0; i < EVENTS; i++) {
		struct perf_event_attr attr;

		perf_attr_init(&attr);
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_DUMMY;
		attr.exclude_kernel = 1;
		attr.mmap = attr.mmap2 = 1;
		attr.build_id = i == 1;
		attr.disabled = 0;
		trial->fds[i] = perf_open(&attr, 0, -1);
		if (trial->fds[i] < 0)
			return false;
		trial->count++;
		if (ring_open(&trial->rings[i], trial->fds[i], RING < page ? page : RING))
			return false;
	}
	return true;
}

static void trial_close(struct trial *trial)
{
	for (int i = 0; i < trial->count; i++) {
		ring_close(&trial->rings[i]);
		close(trial->fds[i]);
	}
}

/* Whether a record of the ring is marked to have a build id; *any: there is a record. */
static bool is_marked(struct ring *ring, bool *any)
{
	struct ring_set set = {.rings = ring, .count = 1, .heap = (uint32_t[1]){0}};
	const struct perf_event_header *header;
	size_t size, number;
	bool marked = false;

	ring_set_begin(&set, UINT64_MAX - 1);
	while ((header = ring_set_peek(&set, &size, &number))) {
		if (header->type == PERF_RECORD_MMAP2) {
			*any = true;
			marked |= (header->misc & PERF_RECORD_MISC_MMAP_BUILD_ID) != 0;
		}
		ring_set_consume(&set);
	}
	ring_set_end(&set);
	return marked;
}

static bool try_it(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct trial trial = {.count = 0};
	bool opened = trial_open(&trial, page), first = false, last = false, leaks = true;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *part = MAP_FAILED;

	if (opened && self >= 0)
		part = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, self, 0);
	if (part != MAP_FAILED) {
		leaks = is_marked(&trial.rings[0], &first) || is_marked(&trial.rings[2], &last) ||
			!first || !last;
		munmap(part, page);
	}
	if (self >= 0)
		close(self);
	trial_close(&trial);
	return leaks;
}

bool build_ids_leak(void)
{
	static int known; /* 1: they leak, -1: they do not */

	if (!known)
		known = try_it() ? 1 : -1;
	return known > 0;
}
