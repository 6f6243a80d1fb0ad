/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings that perf events write into, and their merge by time.
 *
 * A ring belongs to one CPU and is in order by itself.  The merge hands out the oldest record of
 * all rings up to a watermark; records of a ring that comes first in the set come first at equal
 * times.  Nothing is copied but a record that runs over the end of its ring.
 */
#ifndef SOURCE_RING_H
#define SOURCE_RING_H

#include <stddef.h>
#include <stdint.h>

#include <linux/perf_event.h>

struct ring {
	int fd; /* of the event; the ring does not close it */
	struct perf_event_mmap_page *page;
	char *data;
	uint64_t size; /* of data; a power of two */
	uint64_t head, tail;
	uint64_t time; /* of the record at tail, UINT64_MAX: there is none */
	char *wrapped; /* a record that runs over the end, put together */
};

/* Maps @size bytes (a power of two, whole pages) of the event's ring; 0 or a negative errno. */
int ring_open(struct ring *ring, int fd, size_t size);
void ring_close(struct ring *ring);

struct ring_set {
	struct ring *rings;
	size_t count;
	uint32_t *heap; /* of rings that have a record, the oldest first */
	size_t heap_size;
	uint64_t watermark;
};

/* Starts a merge of everything that was written up to @watermark (CLOCK_MONOTONIC). */
void ring_set_begin(struct ring_set *set, uint64_t watermark);

/*
 * The oldest record left, its size and the ring it is from; NULL at the watermark.  Valid until
 * ring_set_consume(), which steps over it, or the end of the merge.
 */
const struct perf_event_header *ring_set_peek(struct ring_set *set, size_t *size, size_t *ring);
void ring_set_consume(struct ring_set *set);

/* Gives what was consumed back to the kernel. */
void ring_set_end(struct ring_set *set);

#endif
