/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values: how they are written for people, and in which order they stand; quantiles. */
#include "unit.h"

#include "view/histogram.h"
#include "view/value.h"

static void check_print(struct value value, enum unit unit, const char *wanted)
{
	struct value_format format = {.unit = unit, .charset = TEXT_UTF8};
	struct buf text = {0};

	value_print(&text, value, &format);
	assert_str_equal(buf_str(&text), wanted);
	buf_release(&text);
}

static void numbers_are_written_short(void **state)
{
	static const struct {
		uint64_t number;
		enum unit unit;
		const char *text;
	} cases[] = {{0, UNIT_NONE, "0"}, {9999, UNIT_NONE, "9999"}, {10000, UNIT_NONE, "10.0k"},
		{12345, UNIT_NONE, "12.3k"}, {999499, UNIT_NONE, "999k"},
		{999500, UNIT_NONE, "1.00M"}, {1250000, UNIT_NONE, "1.25M"},
		{UINT64_MAX, UNIT_NONE, "18.4E"}, {123456789, UNIT_ID, "123456789"},
		{UINT64_MAX, UNIT_ID, "18446744073709551615"}, {4096, UNIT_BYTES, "4096"},
		{10240, UNIT_BYTES, "10.0K"}, {1 << 30, UNIT_BYTES, "1.00G"}, {0, UNIT_NS, "0ns"},
		{999, UNIT_NS, "999ns"}, {1000, UNIT_NS, "1.00us"}, {3400000, UNIT_NS, "3.40ms"},
		{99900000, UNIT_NS, "99.9ms"}, {1500000000, UNIT_NS, "1.50s"},
		{599000000000, UNIT_NS, "599s"}, {605000000000, UNIT_NS, "10m05s"},
		{12, UNIT_PERCENT, "12.00%"}, {0xffff, UNIT_ADDRESS, "0xffff"},
		{1234567890123, UNIT_TIME, "1234.567890"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_print(value_unsigned(cases[i].number), cases[i].unit, cases[i].text);
	check_print(value_signed(-5), UNIT_NONE, "-5");
	check_print(value_signed(-12345), UNIT_NONE, "-12.3k");
	check_print(value_signed(-7), UNIT_ID, "-7");
	check_print(value_real(12.345), UNIT_PERCENT, "12.35%");
	check_print(value_real(0.5), UNIT_NONE, "0.50");
	check_print(value_bool(true), UNIT_NONE, "yes");
	check_print(value_bool(false), UNIT_NONE, "no");
	check_print(value_none(), UNIT_NONE, "");
}

/* Five cells are enough for any count, six for any length of time up to days. */
static void numbers_stay_short(void **state)
{
	uint64_t seed = 71;

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		struct value_format format = {.unit = i % 2 ? UNIT_NONE : UNIT_BYTES};
		struct buf text = {0};

		value_print(&text, value_unsigned(random_wide(&seed)), &format);
		assert_true(text.size <= 5);
		buf_clear(&text);
		format.unit = UNIT_NS;
		value_print(&text, value_unsigned(random_wide(&seed) >> 15), &format);
		assert_true(text.size <= 8);
		buf_release(&text);
	}
}

static void promise_15_texts_are_escaped(void **state)
{
	(void)state;
	check_print(value_text(STR("a\033[2Jb\n\\")), UNIT_NONE, "a\\x1b[2Jb\\n\\\\");
	check_print(value_text(STR("\xe2\x80\xaex")), UNIT_NONE, "\\u{202e}x");
}

static struct value value_make(uint64_t *seed)
{
	static const struct str texts[] = {{"", 0}, {"a", 1}, {"b", 1}, {"ab", 2}, {"\xff", 1}};

	switch (random_below(seed, 6)) {
	case 0:
		return value_none();
	case 1:
		return value_unsigned(random_below(seed, 4));
	case 2:
		return value_signed((int64_t)random_below(seed, 6) - 3);
	case 3:
		return value_real((double)random_below(seed, 8) / 2 - 2);
	case 4:
		return value_bool(random_below(seed, 2));
	default:
		return value_text(texts[random_below(seed, COUNT(texts))]);
	}
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void the_order_is_total(void **state)
{
	uint64_t seed = 72;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct value a = value_make(&seed), b = value_make(&seed), c = value_make(&seed);

		assert_int_equal(value_compare(a, a), 0);
		assert_int_equal(sign(value_compare(a, b)), -sign(value_compare(b, a)));
		if (value_compare(a, b) <= 0 && value_compare(b, c) <= 0)
			assert_true(value_compare(a, c) <= 0);
		if (a.type == b.type && !value_compare(a, b))
			assert_int_equal(value_hash(a), value_hash(b));
	}
	/* Large numbers are not rounded on the way. */
	assert_true(value_compare(value_unsigned(UINT64_MAX), value_unsigned(UINT64_MAX - 1)) > 0);
	assert_true(value_compare(value_signed(INT64_MIN), value_signed(INT64_MIN + 1)) < 0);
}

/* --- quantiles --- */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void quantiles_are_right_to_three_percent(void **state)
{
	static const double parts[] = {0, 0.5, 0.9, 0.99, 1};
	uint64_t seed = 73, *values = test_calloc(5000, sizeof(*values));

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		size_t count = 1 + random_below(&seed, round % 2 ? 20 : 5000);
		struct histogram *histogram = histogram_new();

		for (size_t i = 0; i < count; i++) {
			values[i] = random_wide(&seed) >> random_below(&seed, 40);
			histogram_add(histogram, values[i]);
		}
		qsort(values, count, sizeof(*values), compare_numbers);
		for (size_t i = 0; i < COUNT(parts); i++) {
			size_t at = (size_t)(parts[i] * (double)count);
			double wanted = (double)values[at < count ? at : count - 1];
			double got = (double)histogram_quantile(histogram, parts[i]);

			assert_true(got <= wanted * 1.035 + 0.5 && got >= wanted * 0.965 - 0.5);
			assert_true(got <= (double)values[count - 1] && got >= (double)values[0]);
		}
		histogram_free(histogram);
	}
	test_free(values);
}

static void a_quantile_of_nothing_is_0(void **state)
{
	struct histogram *histogram = histogram_new();

	(void)state;
	assert_int_equal(histogram_quantile(histogram, 0.5), 0);
	histogram_add(histogram, UINT64_MAX);
	assert_true(histogram_quantile(histogram, 0.5) == UINT64_MAX);
	histogram_free(histogram);
	histogram_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_short),
		cmocka_unit_test(numbers_stay_short),
		cmocka_unit_test(promise_15_texts_are_escaped),
		cmocka_unit_test(the_order_is_total),
		cmocka_unit_test(quantiles_are_right_to_three_percent),
		cmocka_unit_test(a_quantile_of_nothing_is_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
