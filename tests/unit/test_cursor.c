/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cursors: which chunks of a span come, while others come and go. */
#include "unit.h"

#include "record/cursor.h"

#define LARGE ((size_t)1 << 30)

/* A sealed chunk for each pair of times. */
static struct recording *make(const uint64_t (*spans)[2], size_t count)
{
	struct recording *recording = recording_new(NULL, LARGE);

	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k < 2; k++)
			recording_append(recording, &(struct record){.type = RECORD_SAMPLE,
							    .sub = (uint32_t)i,
							    .time = spans[i][k]});
		if (i + 1 < count)
			recording_seal(recording);
	}
	return recording;
}

/* The numbers of the chunks that come, as letters. */
static void check_span(struct recording *recording, uint64_t from, uint64_t to, const char *wanted)
{
	struct cursor cursor;
	struct rows *rows;
	char got[32] = "";

	cursor_init(&cursor, recording, RECORD_DATA, from, to);
	while ((rows = cursor_next(&cursor))) {
		uint32_t count;

		got[strlen(got)] = (char)('a' + rows_kinds(rows, &count)[0].sub);
	}
	assert_null(cursor_next(&cursor)); /* the end is the end */
	cursor_release(&cursor);
	assert_string_equal(got, wanted);
}

static void chunks_that_overlap_the_span_come(void **state)
{
	static const uint64_t spans[][2] = {{10, 19}, {20, 29}, {15, 40}, {41, 50}, {60, 70}};
	struct recording *recording = make(spans, COUNT(spans));

	(void)state;
	check_span(recording, 0, UINT64_MAX, "abcde");
	check_span(recording, 19, 20, "abc");
	check_span(recording, 30, 40, "c");
	check_span(recording, 50, 50, "d");
	check_span(recording, 51, 59, "");
	check_span(recording, 71, UINT64_MAX, "");
	check_span(recording, 0, 9, "");
	check_span(recording, 65, 65, "e"); /* the open one */
	recording_free(recording);
}

static void an_open_chunk_is_told_apart(void **state)
{
	static const uint64_t spans[][2] = {{1, 2}, {3, 4}};
	struct recording *recording = make(spans, 2);
	struct cursor cursor;

	(void)state;
	cursor_init(&cursor, recording, RECORD_DATA, 0, UINT64_MAX);
	assert_non_null(cursor_next(&cursor));
	assert_false(cursor_is_open(&cursor));
	assert_non_null(cursor_next(&cursor));
	assert_true(cursor_is_open(&cursor));
	assert_null(cursor_next(&cursor));
	assert_false(cursor_is_open(&cursor));
	cursor_release(&cursor);
	recording_free(recording);
}

/* What is made while a cursor is on its way is met at the end. */
static void chunks_may_come_meanwhile(void **state)
{
	static const uint64_t spans[][2] = {{1, 2}, {3, 4}};
	struct recording *recording = make(spans, 2);
	struct cursor cursor;
	uint64_t time = 5, seen = 0;
	struct rows *rows;

	(void)state;
	cursor_init(&cursor, recording, RECORD_DATA, 0, UINT64_MAX);
	while ((rows = cursor_next(&cursor)) && seen < 50) {
		uint64_t first, last;

		rows_span(rows, &first, &last);
		seen++;
		recording_append(
			recording, &(struct record){.type = RECORD_SAMPLE, .time = time++});
		recording_seal(recording);
	}
	assert_int_equal(seen, 50);
	cursor_release(&cursor);
	recording_free(recording);
}

/* The bound may take away what a cursor has before it, and what it stands on. */
static void chunks_may_go_meanwhile(void **state)
{
	struct recording *recording = recording_new(NULL, 4000);
	struct cursor cursor;
	struct rows *rows;
	uint64_t time = 1, last_seen = 0;

	(void)state;
	for (int i = 0; i < 5; i++, time++) {
		recording_append(recording, &(struct record){.type = RECORD_SAMPLE, .time = time});
		recording_seal(recording);
	}
	cursor_init(&cursor, recording, RECORD_DATA, 0, UINT64_MAX);
	for (int round = 0; round < 20 && (rows = cursor_next(&cursor)); round++) {
		for (int i = 0; i < 7; i++, time++) { /* more than there is room for */
			recording_append(
				recording, &(struct record){.type = RECORD_SAMPLE, .time = time});
			recording_seal(recording);
		}
		assert_true(rows_value(rows, CHUNK_TIME)[0] > last_seen);
		last_seen = rows_value(rows, CHUNK_TIME)[0];
	}
	assert_true(recording_stats(recording).dropped > 50);
	assert_true(last_seen > 50);
	cursor_release(&cursor);
	recording_free(recording);
}

static void a_cursor_may_be_left_at_any_place(void **state)
{
	static const uint64_t spans[][2] = {{1, 2}, {3, 4}, {5, 6}};
	struct recording *recording = make(spans, 3);

	(void)state;
	for (int steps = 0; steps < 5; steps++) {
		struct cursor cursor;

		cursor_init(&cursor, recording, RECORD_DATA, 0, UINT64_MAX);
		for (int i = 0; i < steps; i++)
			cursor_next(&cursor);
		cursor_release(&cursor);
	}
	recording_free(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_that_overlap_the_span_come),
		cmocka_unit_test(an_open_chunk_is_told_apart),
		cmocka_unit_test(chunks_may_come_meanwhile),
		cmocka_unit_test(chunks_may_go_meanwhile),
		cmocka_unit_test(a_cursor_may_be_left_at_any_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
