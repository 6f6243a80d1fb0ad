/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers, strings with a length, growing arrays, messages. */
#include "unit.h"

#include <errno.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

static void an_empty_buffer_is_one(void **state)
{
	struct buf buf = {0};
	char *text;

	(void)state;
	assert_str_equal(buf_str(&buf), "");
	buf_clear(&buf);
	buf_add(&buf, NULL, 0);
	buf_add_str(&buf, (struct str){NULL, 0});
	assert_int_equal(buf.size, 0);
	buf_release(&buf);
	text = buf_detach(&buf);
	assert_string_equal(text, "");
	assert_null(buf.data);
	free(text);
}

/* The data is followed by a NUL at every size, also where the memory is just full. */
static void it_grows_and_ends_in_nul(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		buf_add_char(&buf, (char)('a' + i % 26));
		assert_int_equal(buf.size, i + 1);
		assert_int_equal(buf.data[buf.size], 0);
		assert_true(buf.capacity > buf.size);
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(buf.data[i], 'a' + i % 26);
	buf_clear(&buf);
	assert_string_equal(buf.data, "");
	buf_release(&buf);
}

static void it_prints(void **state)
{
	struct buf buf = {0};
	char *text;

	(void)state;
	buf_printf(&buf, "%s", "");
	buf_printf(&buf, "%d-%s", 42, "x");
	for (int i = 0; i < 100; i++)
		buf_printf(&buf, "%05d", i);
	assert_int_equal(buf.size, 4 + 500);
	assert_memory_equal(buf.data, "42-x0000000001", 14);
	text = buf_detach(&buf);
	assert_int_equal(strlen(text), 504);
	assert_int_equal(buf.size, 0);
	free(text);
}

static void integers_are_little_endian(void **state)
{
	static const unsigned char wanted[] = {2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1};
	struct buf buf = {0};

	(void)state;
	buf_add_u16(&buf, 0x0102);
	buf_add_u32(&buf, 0x01020304);
	buf_add_u64(&buf, 0x0102030405060708);
	assert_int_equal(buf.size, sizeof(wanted));
	assert_memory_equal(buf.data, wanted, sizeof(wanted));
	buf_release(&buf);
}

static void varints_are_leb128(void **state)
{
	static const struct {
		uint64_t value;
		size_t size;
	} cases[] = {{0, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {UINT32_MAX, 5},
		{INT64_MAX, 9}, {UINT64_MAX, 10}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf buf = {0};
		uint64_t back = 0;

		buf_add_varint(&buf, cases[i].value);
		assert_int_equal(buf.size, cases[i].size);
		for (size_t k = 0; k < buf.size; k++) {
			assert_int_equal(!!(buf.data[k] & 0x80), k + 1 < buf.size);
			back |= (uint64_t)(buf.data[k] & 0x7f) << (7 * k);
		}
		assert_int_equal(back, cases[i].value);
		buf_release(&buf);
	}
}

static void strings_compare_by_bytes(void **state)
{
	struct str none = {NULL, 0};

	(void)state;
	assert_true(str_equal(none, STR("")));
	assert_false(str_equal(STR("a"), STR("b")));
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_compare(STR("b"), STR("ab")) > 0);
	assert_true(str_compare(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_compare(none, STR("")), 0);
	assert_true(str_compare(none, STR("a")) < 0);
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(none, none));
	assert_true(str_starts(none, STR("")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(none, none));
	assert_true(str_ends(STR("abc"), none));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_int_equal(str_from(NULL).size, 0);
}

static void base_names_follow_the_last_slash(void **state)
{
	(void)state;
	assert_str_equal(str_basename(STR("/usr/bin/true")), "true");
	assert_str_equal(str_basename(STR("true")), "true");
	assert_str_equal(str_basename(STR("/usr/")), "");
	assert_str_equal(str_basename((struct str){NULL, 0}), "");
	assert_str_equal(str_basename(STR("/")), "");
}

static void arrays_grow_by_half_again(void **state)
{
	size_t capacity = 0, moves = 0, before = 0;
	uint32_t *array = NULL;

	(void)state;
	assert_null(mem_grow(NULL, &capacity, 0, sizeof(*array)));
	for (size_t i = 0; i < 100000; i++) {
		array = mem_grow(array, &capacity, i + 1, sizeof(*array));
		assert_true(capacity > i);
		array[i] = (uint32_t)i;
		moves += capacity != before;
		before = capacity;
	}
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(array[i], i);
	assert_true(moves < 40); /* appending one by one is linear */
	free(array);
}

static void messages_are_cut_not_overrun(void **state)
{
	char *longer = mem_alloc(2000);
	struct error error = {0};

	(void)state;
	memset(longer, 'x', 1999);
	longer[1999] = '\0';
	assert_int_equal(error_set(&error, -EPERM, "%s", longer), -EPERM);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_int_equal(error_prefix(&error, "%s", longer), -EPERM);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	error_set(&error, -EIO, "it broke");
	assert_int_equal(error_prefix(&error, "file %d", 7), -EIO);
	assert_string_equal(error.text, "file 7: it broke");
	assert_int_equal(error_set(NULL, -EIO, "nobody reads this"), -EIO);
	free(longer);
}

static void texts_are_copied(void **state)
{
	char *text = mem_printf("%d/%s", 5, "x"), *copy = mem_strdup(text);
	char *none = mem_dup(NULL, 0), *zero = mem_zalloc(64);

	(void)state;
	assert_string_equal(copy, "5/x");
	assert_non_null(none);
	for (int i = 0; i < 64; i++)
		assert_int_equal(zero[i], 0);
	free(text);
	free(copy);
	free(none);
	free(zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_one),
		cmocka_unit_test(it_grows_and_ends_in_nul),
		cmocka_unit_test(it_prints),
		cmocka_unit_test(integers_are_little_endian),
		cmocka_unit_test(varints_are_leb128),
		cmocka_unit_test(strings_compare_by_bytes),
		cmocka_unit_test(base_names_follow_the_last_slash),
		cmocka_unit_test(arrays_grow_by_half_again),
		cmocka_unit_test(messages_are_cut_not_overrun),
		cmocka_unit_test(texts_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
