/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of perf events taken apart, and rings merged by time. */
#include <errno.h>

#include "unit.h"

#include "base/buf.h"
#include "source/perf.h"
#include "source/ring.h"

#define MISC_ANY 2

static bool of_event(const void *arg, uint64_t id, uint64_t *sample_type)
{
	(void)arg;
	*sample_type = PERF_SAMPLE_BASE | (id > 1 ? PERF_SAMPLE_CALLCHAIN : 0) |
		       (id > 2 ? PERF_SAMPLE_CGROUP : 0);
	return id < 4;
}

static const struct perf_form form = {of_event, NULL, true};

static void end_record(struct buf *out, size_t start, uint32_t type, uint16_t misc)
{
	struct perf_event_header header = {.type = type, .misc = misc};

	while (out->size % 8)
		buf_add_char(out, 0);
	header.size = (uint16_t)(out->size - start);
	memcpy(out->data + start, &header, sizeof(header));
}

static size_t begin_record(struct buf *out)
{
	size_t start = out->size;

	buf_add_u64(out, 0);
	return start;
}

/* What stands behind all records but samples. */
static void add_trailer(struct buf *out, uint64_t time, uint64_t id)
{
	while (out->size % 8)
		buf_add_char(out, 0);
	buf_add_u32(out, 100);
	buf_add_u32(out, 101);
	buf_add_u64(out, time);
	buf_add_u32(out, 3);
	buf_add_u32(out, 0);
	buf_add_u64(out, id);
}

static void add_sample(struct buf *out, uint64_t id, uint64_t time, uint64_t depth, uint64_t cgroup)
{
	size_t start = begin_record(out);

	buf_add_u64(out, id);
	buf_add_u64(out, 0x401000);
	buf_add_u32(out, 100);
	buf_add_u32(out, 101);
	buf_add_u64(out, time);
	buf_add_u32(out, 3);
	buf_add_u32(out, 0);
	buf_add_u64(out, 777);
	if (id > 1) {
		buf_add_u64(out, depth);
		for (uint64_t i = 0; i < depth; i++)
			buf_add_u64(out, 0x401000 + i);
	}
	if (id > 2)
		buf_add_u64(out, cgroup);
	end_record(out, start, PERF_RECORD_SAMPLE, MISC_ANY);
}

/* Parses from memory of exactly its size, and every shorter part of it. */
static struct perf_record parse(struct buf *bytes)
{
	struct perf_record record;
	const struct perf_event_header *header = (const void *)bytes->data;

	for (size_t size = sizeof(*header); size < bytes->size; size += 8) {
		void *part = test_malloc(size);

		memcpy(part, bytes->data, size);
		perf_parse(part, size, &form, &record);
		perf_time(part, size);
		test_free(part);
	}
	assert_int_equal(header->size, bytes->size);
	assert_int_equal(perf_parse(header, bytes->size, &form, &record), 0);
	assert_int_equal(record.time, perf_time(header, bytes->size));
	assert_int_equal(record.type, header->type);
	return record;
}

static void samples_are_taken_apart(void **state)
{
	(void)state;
	for (uint64_t id = 1; id < 4; id++) {
		struct buf bytes = {0};
		struct perf_record record;

		add_sample(&bytes, id, 5000, 6, 42);
		record = parse(&bytes);
		assert_int_equal(record.id, id);
		assert_int_equal(record.time, 5000);
		assert_int_equal(record.pid, 100);
		assert_int_equal(record.tid, 101);
		assert_int_equal(record.cpu, 3);
		assert_int_equal(record.sample.ip, 0x401000);
		assert_int_equal(record.sample.period, 777);
		assert_int_equal(record.sample.depth, id > 1 ? 6 : 0);
		assert_int_equal(record.sample.chain != NULL, id > 1);
		for (uint64_t i = 0; i < record.sample.depth; i++)
			assert_int_equal(record.sample.chain[i], 0x401000 + i);
		assert_int_equal(record.sample.cgroup, id > 2 ? 42 : 0);
		buf_release(&bytes);
	}
}

static void samples_that_are_too_short_are_refused(void **state)
{
	struct perf_record record;
	struct buf bytes = {0};

	(void)state;
	add_sample(&bytes, 3, 5000, 6, 42);
	for (size_t size = sizeof(struct perf_event_header); size < bytes.size; size += 8)
		assert_int_equal(
			perf_parse((const void *)bytes.data, size, &form, &record), -EINVAL);
	/* A depth beyond the record. */
	bytes.data[8 + 48] = 7;
	assert_int_equal(perf_parse((const void *)bytes.data, bytes.size, &form, &record), -EINVAL);
	memset(bytes.data + 8 + 48, 0xff, 8);
	assert_int_equal(perf_parse((const void *)bytes.data, bytes.size, &form, &record), -EINVAL);
	buf_clear(&bytes);
	add_sample(&bytes, 9, 5000, 0, 0); /* of an event that nobody opened */
	assert_int_equal(perf_parse((const void *)bytes.data, bytes.size, &form, &record), -EINVAL);
	buf_release(&bytes);
}

static void check_trailer(const struct perf_record *record, uint64_t id)
{
	assert_int_equal(record->id, id);
	assert_int_equal(record->time, 6000);
	assert_int_equal(record->cpu, 3);
}

static void maps_have_a_file_or_a_build(void **state)
{
	(void)state;
	for (int by_build = 0; by_build < 2; by_build++) {
		struct buf bytes = {0};
		size_t start = begin_record(&bytes);
		struct perf_record record;

		buf_add_u32(&bytes, 100);
		buf_add_u32(&bytes, 101);
		buf_add_u64(&bytes, 0x400000);
		buf_add_u64(&bytes, 0x2000);
		buf_add_u64(&bytes, 0x1000);
		if (by_build) {
			buf_add_char(&bytes, 20);
			buf_add(&bytes, "\0\0\0", 3);
			buf_add_text(&bytes, "12345678901234567890");
		} else {
			buf_add_u32(&bytes, 8);
			buf_add_u32(&bytes, 1);
			buf_add_u64(&bytes, 1234);
			buf_add_u64(&bytes, 0);
		}
		buf_add_u32(&bytes, 5);
		buf_add_u32(&bytes, 2);
		buf_add(&bytes, "/bin/a b", 9);
		add_trailer(&bytes, 6000, 1);
		end_record(&bytes, start, PERF_RECORD_MMAP2,
			by_build ? MISC_ANY | PERF_RECORD_MISC_MMAP_BUILD_ID : MISC_ANY);
		record = parse(&bytes);
		check_trailer(&record, 1);
		assert_int_equal(record.map.start, 0x400000);
		assert_int_equal(record.map.length, 0x2000);
		assert_int_equal(record.map.offset, 0x1000);
		assert_int_equal(record.map.protection, 5);
		assert_str_equal(record.map.path, "/bin/a b");
		assert_str_equal(record.map.build_id, by_build ? "12345678901234567890" : "");
		assert_true(record.map.dev == (by_build ? 0 : 8ull << 32 | 1));
		assert_int_equal(record.map.inode, by_build ? 0 : 1234);
		buf_release(&bytes);
	}
}

static void names_forks_and_ends(void **state)
{
	static const uint32_t types[] = {PERF_RECORD_FORK, PERF_RECORD_EXIT};
	struct perf_record record;
	struct buf bytes = {0};
	size_t start = begin_record(&bytes);

	(void)state;
	buf_add_u32(&bytes, 200);
	buf_add_u32(&bytes, 201);
	buf_add(&bytes, "a name", 7);
	add_trailer(&bytes, 6000, 2);
	end_record(&bytes, start, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	record = parse(&bytes);
	check_trailer(&record, 2);
	assert_int_equal(record.pid, 200);
	assert_int_equal(record.tid, 201);
	assert_true(record.comm.exec);
	assert_str_equal(record.comm.name, "a name");
	for (size_t i = 0; i < COUNT(types); i++) {
		buf_clear(&bytes);
		start = begin_record(&bytes);
		for (uint32_t id = 300; id < 304; id++)
			buf_add_u32(&bytes, id);
		buf_add_u64(&bytes, 6000);
		add_trailer(&bytes, 6000, 2);
		end_record(&bytes, start, types[i], 0);
		record = parse(&bytes);
		assert_int_equal(record.pid, 300);
		assert_int_equal(record.fork.parent, 301);
		assert_int_equal(record.tid, 302);
		assert_int_equal(record.fork.parent_thread, 303);
	}
	buf_release(&bytes);
}

static void what_was_lost_and_paused(void **state)
{
	struct perf_record record;
	struct buf bytes = {0};
	size_t start = begin_record(&bytes);

	(void)state;
	buf_add_u64(&bytes, 3);
	buf_add_u64(&bytes, 99);
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, PERF_RECORD_LOST, 0);
	record = parse(&bytes);
	check_trailer(&record, 3); /* the event that lost them, not the one that says so */
	assert_int_equal(record.lost.count, 99);
	buf_clear(&bytes);
	start = begin_record(&bytes);
	buf_add_u64(&bytes, 98);
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, PERF_RECORD_LOST_SAMPLES, 0);
	record = parse(&bytes);
	assert_int_equal(record.lost.count, 98);
	buf_clear(&bytes);
	start = begin_record(&bytes);
	buf_add_u64(&bytes, 6000);
	buf_add_u64(&bytes, 2);
	buf_add_u64(&bytes, 2);
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, PERF_RECORD_THROTTLE, 0);
	record = parse(&bytes);
	check_trailer(&record, 2);
	buf_release(&bytes);
}

static void kernel_symbols_and_cgroups(void **state)
{
	struct perf_record record;
	struct buf bytes = {0};
	size_t start = begin_record(&bytes);

	(void)state;
	buf_add_u64(&bytes, 0xffffffffc0000000);
	buf_add_u32(&bytes, 256);
	buf_add_u16(&bytes, PERF_RECORD_KSYMBOL_TYPE_BPF);
	buf_add_u16(&bytes, PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER);
	buf_add(&bytes, "bpf_prog_x", 11);
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, PERF_RECORD_KSYMBOL, 0);
	record = parse(&bytes);
	assert_true(record.ksymbol.address == 0xffffffffc0000000);
	assert_int_equal(record.ksymbol.length, 256);
	assert_int_equal(record.ksymbol.type, PERF_RECORD_KSYMBOL_TYPE_BPF);
	assert_true(record.ksymbol.gone);
	assert_str_equal(record.ksymbol.name, "bpf_prog_x");
	buf_clear(&bytes);
	start = begin_record(&bytes);
	buf_add_u64(&bytes, 4711);
	buf_add(&bytes, "/system.slice", 14);
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, PERF_RECORD_CGROUP, 0);
	record = parse(&bytes);
	assert_int_equal(record.cgroup.id, 4711);
	assert_str_equal(record.cgroup.path, "/system.slice");
	buf_clear(&bytes);
	start = begin_record(&bytes); /* a type of a kernel to come: its head only */
	add_trailer(&bytes, 6000, 1);
	end_record(&bytes, start, 250, 0);
	record = parse(&bytes);
	check_trailer(&record, 1);
	buf_release(&bytes);
}

/* --- rings --- */

#define RINGS 4
#define RING_SIZE 4096

struct filled {
	struct ring rings[RINGS];
	uint32_t heap[RINGS];
	struct ring_set set;
	uint64_t times[RINGS];
};

static void filled_init(struct filled *filled)
{
	*filled = (struct filled){.set.count = RINGS};
	filled->set.rings = filled->rings;
	filled->set.heap = filled->heap;
	for (size_t i = 0; i < RINGS; i++) {
		struct ring *ring = &filled->rings[i];

		ring->size = RING_SIZE;
		ring->page = test_calloc(1, sizeof(*ring->page));
		ring->data = test_calloc(1, RING_SIZE);
		ring->wrapped = test_malloc(65536);
		ring->tail = ring->page->data_head = RING_SIZE - 64 + i * 8; /* runs over soon */
	}
}

static void filled_release(struct filled *filled)
{
	for (size_t i = 0; i < RINGS; i++) {
		test_free(filled->rings[i].page);
		test_free(filled->rings[i].data);
		test_free(filled->rings[i].wrapped);
	}
}

/* As the kernel writes: whole records, in the order of their times, over the end of the ring. */
static bool write_sample(struct filled *filled, size_t number, uint64_t time, uint64_t depth)
{
	struct ring *ring = &filled->rings[number];
	struct buf bytes = {0};
	bool room;

	add_sample(&bytes, 2, time, depth, 0);
	room = ring->page->data_head - ring->tail + bytes.size <= RING_SIZE;
	for (size_t i = 0; room && i < bytes.size; i++)
		ring->data[(ring->page->data_head + i) % RING_SIZE] = bytes.data[i];
	if (room)
		ring->page->data_head += bytes.size;
	buf_release(&bytes);
	return room;
}

static void rings_are_merged_by_time(void **state)
{
	struct filled filled;
	uint64_t seed = 61, written = 0, taken = 0, last = 0, sum = 0;

	(void)state;
	filled_init(&filled);
	for (unsigned round = 0; round < 2000; round++) {
		const struct perf_event_header *header;
		uint64_t watermark;
		size_t size, number, last_ring = 0;

		for (unsigned i = 0; i < 20; i++) {
			size_t ring = random_below(&seed, RINGS);
			uint64_t time = filled.times[ring] + random_below(&seed, 10);

			time = time > last ? time : last + 1;
			if (!write_sample(&filled, ring, time, random_below(&seed, 9)))
				continue;
			filled.times[ring] = time;
			written++;
			sum += time;
		}
		watermark = last + random_below(&seed, 60);
		ring_set_begin(&filled.set, watermark);
		while ((header = ring_set_peek(&filled.set, &size, &number))) {
			uint64_t time = perf_time(header, size);

			assert_int_equal(size, header->size);
			assert_true(time > last || (time == last && number >= last_ring));
			assert_true(time <= watermark);
			last = time;
			last_ring = number;
			sum -= time;
			taken++;
			ring_set_consume(&filled.set);
		}
		ring_set_end(&filled.set);
		for (size_t i = 0; i < RINGS; i++)
			assert_int_equal(filled.rings[i].page->data_tail, filled.rings[i].tail);
		last = watermark > last ? watermark : last;
	}
	ring_set_begin(&filled.set, UINT64_MAX - 1);
	for (size_t size, number; ring_set_peek(&filled.set, &size, &number); taken++) {
		sum -= perf_time(ring_set_peek(&filled.set, &size, &number), size);
		ring_set_consume(&filled.set);
	}
	assert_true(taken > 10000);
	assert_int_equal(taken, written);
	assert_int_equal(sum, 0);
	filled_release(&filled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_taken_apart),
		cmocka_unit_test(samples_that_are_too_short_are_refused),
		cmocka_unit_test(maps_have_a_file_or_a_build),
		cmocka_unit_test(names_forks_and_ends),
		cmocka_unit_test(what_was_lost_and_paused),
		cmocka_unit_test(kernel_symbols_and_cgroups),
		cmocka_unit_test(rings_are_merged_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
