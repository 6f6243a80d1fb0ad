/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/perf.h"

#define RECORD_MAX 65536 /* header.size has 16 bits */

int ring_open(struct ring *ring, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ring = (struct ring){.fd = fd,
		.page = memory,
		.data = (char *)memory + page,
		.size = size,
		.wrapped = mem_alloc(RECORD_MAX)};
	return 0;
}

void ring_close(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->page)
		munmap(ring->page, page + ring->size);
	free(ring->wrapped);
	*ring = (struct ring){.fd = -1};
}

/* Size of the record at the tail; 0 if nothing whole stands there. */
static size_t ring_record_size(const struct ring *ring)
{
	const struct perf_event_header *header;
	uint64_t left = ring->head - ring->tail;

	if (left < sizeof(*header))
		return 0;
	/* Records are aligned to 8 bytes, as the header is long: it never runs over the end. */
	header = (const void *)(ring->data + (ring->tail & (ring->size - 1)));
	return header->size >= sizeof(*header) && header->size <= left && !(header->size & 7)
		       ? header->size
		       : 0;
}

static const struct perf_event_header *ring_record(struct ring *ring, size_t size)
{
	uint64_t at = ring->tail & (ring->size - 1);
	size_t first = (size_t)(ring->size - at);

	if (size <= first)
		return (const void *)(ring->data + at);
	memcpy(ring->wrapped, ring->data + at, first);
	memcpy(ring->wrapped + first, ring->data, size - first);
	return (const void *)ring->wrapped;
}

static void ring_look(struct ring *ring)
{
	size_t size = ring_record_size(ring);

	/* The kernel shows whole records only; behind anything else the ring would stand still. */
	if (!size)
		ring->tail = ring->head;
	ring->time = size ? perf_time(ring_record(ring, size), size) : UINT64_MAX;
}

static bool ring_before(const struct ring_set *set, uint32_t a, uint32_t b)
{
	uint64_t x = set->rings[a].time, y = set->rings[b].time;

	return x < y || (x == y && a < b);
}

static void heap_down(struct ring_set *set, size_t at)
{
	for (;;) {
		size_t least = at, child = 2 * at + 1;
		uint32_t moved;

		for (size_t i = child; i < child + 2 && i < set->heap_size; i++)
			if (ring_before(set, set->heap[i], set->heap[least]))
				least = i;
		if (least == at)
			return;
		moved = set->heap[at];
		set->heap[at] = set->heap[least];
		set->heap[least] = moved;
		at = least;
	}
}

void ring_set_begin(struct ring_set *set, uint64_t watermark)
{
	set->watermark = watermark;
	set->heap_size = 0;
	for (uint32_t i = 0; i < set->count; i++) {
		struct ring *ring = &set->rings[i];

		ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
		ring_look(ring);
		if (ring->time <= watermark)
			set->heap[set->heap_size++] = i;
	}
	for (size_t i = set->heap_size; i-- > 0;)
		heap_down(set, i);
}

const struct perf_event_header *ring_set_peek(struct ring_set *set, size_t *size, size_t *number)
{
	struct ring *ring;

	if (!set->heap_size)
		return NULL;
	ring = &set->rings[set->heap[0]];
	*number = set->heap[0];
	*size = ring_record_size(ring);
	return ring_record(ring, *size);
}

void ring_set_consume(struct ring_set *set)
{
	struct ring *ring = &set->rings[set->heap[0]];

	ring->tail += ring_record_size(ring);
	ring_look(ring);
	if (ring->time > set->watermark)
		set->heap[0] = set->heap[--set->heap_size];
	heap_down(set, 0);
}

void ring_set_end(struct ring_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		__atomic_store_n(
			&set->rings[i].page->data_tail, set->rings[i].tail, __ATOMIC_RELEASE);
}
