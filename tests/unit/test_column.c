/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed columns: what goes in comes out, in as few bytes as it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/column.h"

static void round_trip(const uint64_t *values, size_t count, size_t width)
{
	uint64_t back[64] = {0};
	struct buf packed = {0};
	struct column_reader reader;

	column_pack(&packed, values, count);
	assert_int_equal(packed.size, COLUMN_HEADER + width * count);
	reader = (struct column_reader){
		(uint8_t *)packed.data, (uint8_t *)packed.data + packed.size};
	assert_true(column_unpack(&reader, back, count));
	assert_memory_equal(values, back, count * sizeof(*values));
	assert_ptr_equal(reader.at, reader.end);
	buf_release(&packed);
}

static void widths(void **state)
{
	(void)state;
	round_trip((uint64_t[]){7, 7, 7}, 3, 0);
	round_trip((uint64_t[]){1000, 1255, 1001}, 3, 1);
	round_trip((uint64_t[]){1000, 1256, 1001}, 3, 2);
	round_trip((uint64_t[]){0, UINT64_C(1) << 40}, 2, 6);
	round_trip((uint64_t[]){1, UINT64_MAX}, 2, 1); /* 1 and -1 lie close together */
	round_trip((uint64_t[]){0, UINT64_C(1) << 63, UINT64_MAX}, 3, 8);
	round_trip((uint64_t[]){(uint64_t)-2, 5, 0}, 3, 1);
}

static void short_bytes_are_refused(void **state)
{
	uint64_t values[] = {1, 500, 3}, back[3];
	struct buf packed = {0};

	(void)state;
	column_pack(&packed, values, 3);
	for (size_t size = 0; size < packed.size; size++) {
		struct column_reader reader = {
			(uint8_t *)packed.data, (uint8_t *)packed.data + size};

		assert_false(column_unpack(&reader, back, 3));
	}
	buf_release(&packed);
}

static void indexes_stay_in_range(void **state)
{
	uint32_t values[] = {3, 9, 4}, back[3];
	struct buf packed = {0};
	struct column_reader reader;

	(void)state;
	column_pack_u32(&packed, values, 3);
	reader = (struct column_reader){
		(uint8_t *)packed.data, (uint8_t *)packed.data + packed.size};
	assert_true(column_unpack_index(&reader, back, 3, 10));
	assert_memory_equal(values, back, sizeof(values));
	reader.at = (uint8_t *)packed.data;
	assert_false(column_unpack_index(&reader, back, 3, 9));
	buf_release(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(short_bytes_are_refused),
		cmocka_unit_test(indexes_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
