/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the rings of two perf events: what the merge hands out, and what is parsed of it. */
#include "fuzz.h"

#include "source/perf.h"
#include "source/ring.h"

#define RING_SIZE 4096
#define RINGS 2

static bool of_event(const void *arg, uint64_t id, uint64_t *sample_type)
{
	static const uint64_t types[] = {PERF_SAMPLE_BASE, PERF_SAMPLE_BASE | PERF_SAMPLE_CALLCHAIN,
		PERF_SAMPLE_BASE | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_CGROUP};

	(void)arg;
	*sample_type = types[id % 3];
	return id % 4 != 3;
}

/* A ring as the kernel would have left it: from a place somewhere in it, over its end. */
static void ring_fill(struct ring *ring, const uint8_t *data, size_t size, uint64_t start)
{
	static const size_t wrapped = 65536;

	*ring = (struct ring){.fd = -1, .size = RING_SIZE, .tail = start};
	ring->page = calloc(1, sizeof(*ring->page));
	/* Of exactly its size: what is read past it is seen. */
	ring->data = aligned_alloc(8, RING_SIZE);
	ring->wrapped = malloc(wrapped);
	CHECK(ring->page && ring->data && ring->wrapped);
	memset(ring->data, 0xff, RING_SIZE);
	for (size_t i = 0; i < size; i++)
		ring->data[(start + i) % RING_SIZE] = (char)data[i];
	ring->page->data_head = start + size;
}

static void use(uint64_t *sum, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*sum += ((const uint8_t *)data)[i];
}

/* Looks at all that a record points to. */
static void use_record(uint64_t *sum, const struct perf_record *record)
{
	switch (record->type) {
	case PERF_RECORD_SAMPLE:
		if (record->sample.chain)
			use(sum, record->sample.chain, record->sample.depth * sizeof(uint64_t));
		break;
	case PERF_RECORD_MMAP2:
		use(sum, record->map.path.data, record->map.path.size);
		use(sum, record->map.build_id.data, record->map.build_id.size);
		break;
	case PERF_RECORD_COMM:
		use(sum, record->comm.name.data, record->comm.name.size);
		break;
	case PERF_RECORD_KSYMBOL:
		use(sum, record->ksymbol.name.data, record->ksymbol.name.size);
		break;
	case PERF_RECORD_CGROUP:
		use(sum, record->cgroup.path.data, record->cgroup.path.size);
		break;
	default:
		break;
	}
}

static void merge(struct ring_set *set, uint64_t watermark)
{
	const struct perf_form form = {of_event, NULL, true};
	const struct perf_event_header *header;
	uint64_t sum = 0;
	size_t size, number, steps = 0;

	ring_set_begin(set, watermark);
	while ((header = ring_set_peek(set, &size, &number))) {
		struct perf_record record;
		char *copy;

		CHECK(number < RINGS && size >= sizeof(*header));
		CHECK(perf_time(header, size) <= watermark);
		/* Of exactly its size as well; parts that do not fit are refused. */
		copy = malloc(size);
		CHECK(copy);
		memcpy(copy, header, size);
		if (!perf_parse((const void *)copy, size, &form, &record))
			use_record(&sum, &record);
		free(copy);
		ring_set_consume(set);
		CHECK(++steps <= RINGS * RING_SIZE / sizeof(*header));
	}
	ring_set_end(set);
	for (size_t i = 0; i < RINGS; i++)
		CHECK(set->rings[i].tail <= set->rings[i].head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring rings[RINGS];
	uint32_t heap[RINGS];
	struct ring_set set = {.rings = rings, .count = RINGS, .heap = heap};
	uint64_t start, watermark;
	size_t half;

	if (size < 16)
		return 0;
	/* Records are aligned, and so is where the reader stands. */
	start = data[0] * 8ull + ((uint64_t)data[1] << 32);
	memcpy(&watermark, data + 8, sizeof(watermark));
	data += 16;
	size -= 16;
	size = size > RINGS * RING_SIZE ? RINGS * RING_SIZE : size;
	half = (size / 2) & ~(size_t)7;
	ring_fill(&rings[0], data, half, start);
	ring_fill(&rings[1], data + half, (size - half) & ~(size_t)7, start + 2048);
	merge(&set, watermark / 2);
	merge(&set, UINT64_MAX - 1);
	for (size_t i = 0; i < RINGS; i++) {
		free(rings[i].page);
		free(rings[i].data);
		free(rings[i].wrapped);
	}
	return 0;
}
