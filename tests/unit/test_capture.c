/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: written while recording, read back whole, damaged, cut, made by hand. */
#include "captures.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/worker.h"

#define LARGE ((size_t)1 << 30)

static char *folder, path[4200], other[4200];

static int set_up(void **state)
{
	(void)state;
	folder = folder_make();
	snprintf(path, sizeof(path), "%s/capture.tt", folder);
	snprintf(other, sizeof(other), "%s/other.tt", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static void append_some(struct recording *recording, struct maker *maker, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum record_type type = (enum record_type)(
			1 + random_below(&maker->seed, RECORD_TYPES - 1));
		struct chunk *chunk = recording_chunk(recording, type);
		struct made_record made;

		maker_next(maker, type, chunk, &made);
		if (type == RECORD_LOST)
			made.nums[LOST_COUNT] = 3;
		recording_append(recording, &made.record);
	}
}

static bool same_sum(const struct capture_sum *a, const struct capture_sum *b)
{
	return !memcmp(a->rows, b->rows, sizeof(a->rows)) && a->times == b->times &&
	       a->damaged == b->damaged;
}

/* What was there before the writer, what waits for the worker, and what comes after. */
static void all_of_a_recording_gets_into_the_file(void **state)
{
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct recording *recording = recording_new(worker, LARGE), *again;
	struct capture_sum live, file;
	struct capture_writer *writer;
	struct error error = {0};
	struct maker maker;
	struct stat st;
	uint64_t a[2], b[2];

	(void)state;
	maker_init(&maker, 9);
	append_some(recording, &maker, 3000);
	recording_seal(recording);
	assert_true(worker_finish(worker, 10000));
	append_some(recording, &maker, 500);
	recording_seal(recording); /* these wait */
	unlink(path);
	writer = capture_writer_new(recording, worker, path, &error);
	assert_non_null(writer);
	append_some(recording, &maker, 9000);
	recording_seal(recording);
	append_some(recording, &maker, 10);
	assert_false(capture_writer_failed(writer, &error));
	assert_int_equal(capture_writer_finish(writer, &error), 0);
	recording_sum(recording, &live);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	again = recording_open_file(path, &error);
	assert_non_null(again);
	recording_sum(again, &file);
	assert_true(same_sum(&live, &file));
	assert_string_equal(file.damage, "");
	assert_int_equal(recording_stats(again).lost, recording_stats(recording).lost);
	assert_true(recording_span(recording, &a[0], &a[1]));
	assert_true(recording_span(again, &b[0], &b[1]));
	assert_memory_equal(a, b, sizeof(a));
	for (size_t i = 0; i < recording_count(again, RECORD_DATA); i++) {
		struct chunk_info x = recording_info(recording, RECORD_DATA, i);
		struct chunk_info y = recording_info(again, RECORD_DATA, i);

		assert_int_equal(x.rows, y.rows);
		assert_int_equal(x.size, y.size);
		assert_int_equal(x.longest, y.longest);
		assert_int_equal(x.lost, y.lost);
		assert_int_equal(x.sequence, y.sequence);
	}
	recording_free(again);
	recording_free(recording);
	worker_free(worker, false);
}

static void an_empty_recording_makes_an_empty_capture(void **state)
{
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct recording *recording = recording_new(worker, LARGE);
	struct capture_writer *writer;
	struct capture_sum sum;
	struct error error;

	(void)state;
	unlink(path);
	writer = capture_writer_new(recording, worker, path, &error);
	assert_int_equal(capture_writer_size(writer), CAPTURE_HEADER);
	assert_int_equal(capture_writer_finish(writer, &error), 0);
	assert_true(capture_sum(path, &sum, &error));
	assert_int_equal(sum.rows[RECORD_DATA], 0);
	assert_string_equal(sum.damage, "");
	/* It never replaces a file. */
	assert_null(capture_writer_new(recording, worker, path, &error));
	assert_int_equal(error.code, -EEXIST);
	recording_free(recording);
	worker_free(worker, false);
}

/* A disk that is full: the writer says so, and the file is good up to its last whole chunk. */
static void promise_11_a_full_disk_leaves_a_readable_file(void **state)
{
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct recording *recording = recording_new(worker, LARGE);
	struct rlimit limit, before;
	struct capture_writer *writer;
	struct capture_sum sum;
	struct error error = {0};
	struct maker maker;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 100000;
	unlink(path);
	writer = capture_writer_new(recording, worker, path, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	maker_init(&maker, 10);
	for (int i = 0; i < 40; i++) {
		append_some(recording, &maker, 300);
		recording_seal(recording);
		worker_finish(worker, 10000);
	}
	assert_true(capture_writer_failed(writer, &error));
	assert_non_null(strstr(error.text, "it is good up to the last whole chunk"));
	assert_int_equal(capture_writer_finish(writer, &error), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(capture_sum(path, &sum, &error));
	assert_true(sum.rows[RECORD_DATA] > 0);
	assert_int_equal(sum.damaged, 0);
	assert_non_null(strstr(sum.damage, "ended early"));
	recording_free(recording);
	worker_free(worker, false);
}

/* A writer that is dropped with a recording still open leaks nothing. */
static void the_log_may_drop_what_is_written(void **state)
{
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct recording *recording = recording_new(worker, 20000);
	struct capture_writer *writer;
	struct capture_sum sum;
	struct error error;
	struct maker maker;

	(void)state;
	unlink(path);
	writer = capture_writer_new(recording, worker, path, &error);
	maker_init(&maker, 11);
	for (int i = 0; i < 60; i++) {
		append_some(recording, &maker, 200);
		recording_seal(recording);
	}
	assert_int_equal(capture_writer_finish(writer, &error), 0);
	assert_true(recording_stats(recording).dropped > 10);
	assert_true(capture_sum(path, &sum, &error));
	assert_int_equal(
		sum.rows[RECORD_DATA] + sum.rows[RECORD_STATE] + sum.rows[RECORD_FACT], 60 * 200);
	recording_free(recording);
	worker_free(worker, false);
}

/* --- a small file, to be harmed --- */

struct sample_file {
	struct buf bytes;
	struct capture_sum sum;
	size_t index;	   /* offset of the index */
	size_t starts[16]; /* of the chunks */
	uint64_t rows[16];
	size_t chunks;
};

static void sample_file_make(struct sample_file *file)
{
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct recording *recording = recording_new(worker, LARGE);
	struct capture_writer *writer;
	struct error error;
	struct maker maker;

	*file = (struct sample_file){.index = 0};
	maker_init(&maker, 12);
	unlink(path);
	writer = capture_writer_new(recording, worker, path, &error);
	for (int i = 0; i < 4; i++) {
		append_some(recording, &maker, 12);
		recording_seal(recording);
	}
	assert_int_equal(capture_writer_finish(writer, &error), 0);
	recording_free(recording);
	worker_free(worker, false);
	file_get(path, &file->bytes);
	assert_true(capture_sum(path, &file->sum, &error));
	for (file->index = CAPTURE_HEADER; file->index + SEAL_HEADER < file->bytes.size;) {
		struct seal_header header;

		if (!seal_header_read(file->bytes.data + file->index,
			    file->bytes.size - file->index, &header))
			break;
		file->starts[file->chunks] = file->index;
		file->rows[file->chunks++] = header.rows;
		file->index += header.size;
	}
	assert_true(file->chunks >= 8 && file->chunks < 16);
}

static void put_damaged(const struct sample_file *file, size_t at, int bit, size_t size)
{
	char *copy = test_malloc(size + 1);

	memcpy(copy, file->bytes.data, size);
	if (bit >= 0)
		copy[at] ^= (char)(1 << bit);
	file_put(path, copy, size);
	test_free(copy);
}

static uint64_t all_rows(const struct capture_sum *sum)
{
	return sum->rows[0] + sum->rows[1] + sum->rows[2];
}

static void promise_08_any_prefix_is_readable(void **state)
{
	struct sample_file file;
	uint64_t before = 0;

	(void)state;
	sample_file_make(&file);
	for (size_t size = 0; size <= file.bytes.size; size++) {
		struct capture_sum sum;
		struct error error = {0};
		uint64_t whole = 0;

		put_damaged(&file, 0, -1, size);
		if (size < CAPTURE_HEADER) {
			assert_false(capture_sum(path, &sum, &error));
			assert_int_equal(error.code, -EINVAL);
			continue;
		}
		assert_true(capture_sum(path, &sum, &error));
		for (size_t i = 0; i < file.chunks; i++)
			if ((i + 1 < file.chunks ? file.starts[i + 1] : file.index) <= size)
				whole += file.rows[i];
		assert_int_equal(all_rows(&sum), whole); /* every whole chunk, nothing else */
		assert_true(all_rows(&sum) >= before);
		assert_int_equal(sum.damaged, 0);
		/* Without its index a file may be whole; without the end of its data it is not. */
		if (size < file.index)
			assert_non_null(strstr(sum.damage, "ended early"));
		before = all_rows(&sum);
	}
	assert_int_equal(before, all_rows(&file.sum));
	buf_release(&file.bytes);
}

static void promise_10_a_lost_index_is_made_again(void **state)
{
	struct sample_file file;
	struct capture_sum sum;
	struct error error;

	(void)state;
	sample_file_make(&file);
	put_damaged(&file, 0, -1, file.index);
	assert_true(capture_sum(path, &sum, &error));
	assert_true(same_sum(&sum, &file.sum));
	/* Whatever is wrong with it. */
	for (size_t at = file.index; at < file.bytes.size; at++)
		for (int bit = 0; bit < 8; bit += 3) {
			put_damaged(&file, at, bit, file.bytes.size);
			assert_true(capture_sum(path, &sum, &error));
			assert_true(same_sum(&sum, &file.sum));
		}
	buf_release(&file.bytes);
}

/* A bit of each byte of each chunk; with the index, and without. */
static void promise_09_damage_costs_one_chunk(void **state)
{
	struct sample_file file;
	struct capture_sum sum;
	struct error error;
	size_t chunk = 0;

	(void)state;
	sample_file_make(&file);
	for (size_t at = CAPTURE_HEADER; at < file.index; at++) {
		uint64_t left;

		if (chunk + 1 < file.chunks && at >= file.starts[chunk + 1])
			chunk++;
		left = all_rows(&file.sum) - file.rows[chunk];
		put_damaged(&file, at, (int)(at % 8), file.bytes.size);
		assert_true(capture_sum(path, &sum, &error));
		assert_int_equal(all_rows(&sum), left);
		assert_int_equal(sum.damaged, 1);
		put_damaged(&file, at, (int)(at % 8), file.index);
		assert_true(capture_sum(path, &sum, &error));
		if (all_rows(&sum) != left)
			fail_msg("bit %zu of byte %zu in chunk %zu of %zu: %zu rows, not %zu",
				at % 8, at, chunk, file.chunks, (size_t)all_rows(&sum),
				(size_t)left);
		assert_true(sum.damaged || sum.damage[0]);
	}
	buf_release(&file.bytes);
}

/* --- files made by hand --- */

static void refused(const void *bytes, size_t size, int code, const char *part)
{
	struct capture_sum sum;
	struct error error = {0};

	file_put(other, bytes, size);
	assert_false(capture_sum(other, &sum, &error));
	assert_int_equal(error.code, code);
	if (!strstr(error.text, part))
		fail_msg("'%s' lacks '%s'", error.text, part);
}

static void promise_12_a_newer_file_is_refused_with_its_version(void **state)
{
	struct buf bytes = {0};

	(void)state;
	add_file_header(&bytes, CAPTURE_VERSION + 1);
	add_chunk(&bytes, RECORD_DATA, 1, 100, 3);
	refused(bytes.data, bytes.size, -EPROTO, "was written by a newer tracetop (format 2");
	buf_release(&bytes);
}

static void what_is_no_capture_is_refused(void **state)
{
	struct capture_sum sum;
	struct error error;

	(void)state;
	refused("", 0, -EINVAL, "is not a tracetop capture");
	refused("TRACETOP", 8, -EINVAL, "is not a tracetop capture");
	refused("TRACETOQ\1\0\0\0\0\0\0\0", 16, -EINVAL, "is not a tracetop capture");
	refused("PERFILE2 and so on and so forth", 30, -EINVAL, "is not a tracetop capture");
	unlink(other);
	assert_int_equal(mkfifo(other, 0600), 0);
	assert_false(capture_sum(other, &sum, &error)); /* and it does not wait */
	assert_non_null(strstr(error.text, "is not a regular file"));
	unlink(other);
	assert_false(capture_sum(other, &sum, &error));
	assert_int_equal(error.code, -ENOENT);
	assert_false(capture_sum(folder, &sum, &error));
	assert_non_null(strstr(error.text, "is not a regular file"));
	assert_false(capture_sum("/dev/null", &sum, &error));
}

static void add_index(struct buf *file, const struct buf *entries, uint32_t count, size_t offset)
{
	struct buf index = {0};
	uint32_t sum;

	buf_add_u32(&index, CAPTURE_INDEX_MAGIC);
	buf_add_u32(&index, 0);
	buf_add_u32(&index, count);
	buf_add(&index, entries->data, entries->size);
	sum = (uint32_t)crc32(0, (const Bytef *)index.data + 8, (uInt)(index.size - 8));
	memcpy(index.data + 4, &sum, sizeof(sum));
	buf_add(file, index.data, index.size);
	buf_add_u64(file, offset);
	buf_add_u32(file, (uint32_t)index.size);
	buf_add_u32(file, CAPTURE_END_MAGIC);
	buf_release(&index);
}

static void add_entry(struct buf *entries, uint64_t offset, uint64_t sequence, uint32_t size,
	uint32_t rows, char kept)
{
	buf_add_u64(entries, offset);
	buf_add_u64(entries, sequence);
	buf_add_u64(entries, 0);
	buf_add_u64(entries, UINT64_MAX);
	buf_add_u64(entries, 0);
	buf_add_u64(entries, 0);
	buf_add_u32(entries, size);
	buf_add_u32(entries, rows);
	buf_add_char(entries, kept);
	buf_add(entries, "\0\0\0\0\0\0\0", 7);
}

/* An index that is right by its checksum and says what cannot be. */
static void a_lying_index_is_not_believed(void **state)
{
	static const struct {
		int64_t offset, size; /* added to what is true */
		uint64_t sequence;
		char kept;
	} lies[] = {{0, 0, UINT64_MAX, 0}, {0, 0, 2, 3}, {0, 0, 2, -1}, {-200, 0, 2, 0},
		{1, 0, 2, 0}, {0, 1 << 30, 2, 0}, {1 << 30, 0, 2, 0}, {-16, 16, 2, 0},
		{INT64_MAX, 0, 2, 0}, {0, -1, 2, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct buf file = {0}, entries = {0};
		struct capture_sum sum;
		struct error error;
		size_t first, second;

		add_file_header(&file, CAPTURE_VERSION);
		add_chunk(&file, RECORD_DATA, 1, 100, 3);
		first = file.size - CAPTURE_HEADER;
		add_chunk(&file, RECORD_DATA, 2, 200, 4);
		second = file.size - CAPTURE_HEADER - first;
		add_entry(&entries, CAPTURE_HEADER, 1, (uint32_t)first, 3, RECORD_DATA);
		add_entry(&entries, CAPTURE_HEADER + first + (uint64_t)lies[i].offset,
			lies[i].sequence, (uint32_t)((int64_t)second + lies[i].size), 4,
			lies[i].kept);
		add_index(&file, &entries, 2, file.size);
		file_put(other, file.data, file.size);
		assert_true(capture_sum(other, &sum, &error));
		/* Either it was made again from the chunks, or what it points to is damaged. */
		assert_in_range(sum.rows[RECORD_DATA], 3, 7);
		assert_true(sum.rows[RECORD_DATA] == 7 || sum.damaged == 1);
		buf_release(&file);
		buf_release(&entries);
	}
}

/* Sequences lead a cursor through a file: they may not lead it in a circle. */
static void sequences_that_do_not_rise_end_nevertheless(void **state)
{
	static const uint64_t sequences[][4] = {{5, 10, 3, 4}, {1, 1, 1, 1}, {9, 8, 7, 6},
		{UINT64_MAX, UINT64_MAX, 1, 2}, {3, UINT64_MAX, 4, 5}, {0, 0, 0, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		struct buf file = {0}, entries = {0};
		struct capture_sum sum;
		struct error error;

		add_file_header(&file, CAPTURE_VERSION);
		for (int k = 0; k < 4; k++) {
			size_t offset = file.size;

			add_chunk(&file, RECORD_DATA, sequences[i][k], 100, 2);
			add_entry(&entries, offset, sequences[i][k], (uint32_t)(file.size - offset),
				k == 1 ? 0 : 2, RECORD_DATA);
		}
		file_put(other, file.data, file.size);
		assert_true(capture_sum(other, &sum, &error));
		add_index(&file, &entries, 4, file.size);
		file_put(other, file.data, file.size);
		assert_true(capture_sum(other, &sum, &error));
		buf_release(&file);
		buf_release(&entries);
	}
}

/* What looks like the beginning of a chunk is looked at once each. */
static void a_file_full_of_beginnings_is_read_in_no_time(void **state)
{
	struct buf file = {0};
	struct capture_sum sum;
	struct error error;
	uint64_t begin;

	(void)state;
	add_file_header(&file, CAPTURE_VERSION);
	add_chunk(&file, RECORD_DATA, 1, 100, 3);
	for (int i = 0; i < 1 << 20; i++)
		buf_add_u32(&file, SEAL_MAGIC);
	add_chunk(&file, RECORD_DATA, 2, 200, 4);
	file_put(other, file.data, file.size);
	begin = clock_now();
	assert_true(capture_sum(other, &sum, &error));
	assert_true(clock_now() - begin < 5 * NS_PER_S);
	assert_int_equal(sum.rows[RECORD_DATA], 7);
	buf_release(&file);
}

/* Headers that are right one by one, of chunks that all reach to the end of the file. */
static void a_file_full_of_headers_is_read_in_no_time(void **state)
{
	struct buf file = {0}, chunk = {0};
	struct capture_sum sum;
	struct error error;
	uint64_t begin;
	const size_t count = 60000;

	(void)state;
	add_file_header(&file, CAPTURE_VERSION);
	add_chunk(&chunk, RECORD_DATA, 1, 100, 1);
	for (size_t i = 0; i < count; i++) {
		uint32_t size = (uint32_t)((count - i) * SEAL_HEADER);

		memcpy(chunk.data + 8, &size, sizeof(size));
		buf_add(&file, chunk.data, SEAL_HEADER);
	}
	file_put(other, file.data, file.size);
	begin = clock_now();
	assert_true(capture_sum(other, &sum, &error));
	assert_true(clock_now() - begin < 5 * NS_PER_S);
	assert_int_equal(sum.rows[RECORD_DATA], 0);
	assert_true(sum.damage[0]);
	buf_release(&file);
	buf_release(&chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_recording_gets_into_the_file),
		cmocka_unit_test(an_empty_recording_makes_an_empty_capture),
		cmocka_unit_test(promise_11_a_full_disk_leaves_a_readable_file),
		cmocka_unit_test(the_log_may_drop_what_is_written),
		cmocka_unit_test(promise_08_any_prefix_is_readable),
		cmocka_unit_test(promise_10_a_lost_index_is_made_again),
		cmocka_unit_test(promise_09_damage_costs_one_chunk),
		cmocka_unit_test(promise_12_a_newer_file_is_refused_with_its_version),
		cmocka_unit_test(what_is_no_capture_is_refused),
		cmocka_unit_test(a_lying_index_is_not_believed),
		cmocka_unit_test(sequences_that_do_not_rise_end_nevertheless),
		cmocka_unit_test(a_file_full_of_beginnings_is_read_in_no_time),
		cmocka_unit_test(a_file_full_of_headers_is_read_in_no_time),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
