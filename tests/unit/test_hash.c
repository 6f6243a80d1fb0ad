/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash tables over arrays and strings kept once, against what a plain search finds. */
#include "unit.h"

#include "base/hash.h"
#include "base/intern.h"

#define NUMBERS 4096

struct numbers {
	struct index index;
	uint64_t number[NUMBERS];
	bool in[NUMBERS];
	unsigned bits; /* of the hash: few, so that many collide */
};

static uint64_t number_hash(const struct numbers *numbers, uint64_t number)
{
	return hash_u64(number) & ((UINT64_C(1) << numbers->bits) - 1);
}

static bool number_is(const void *owner, uint32_t entry, const void *key)
{
	return ((const struct numbers *)owner)->number[entry] == *(const uint64_t *)key;
}

static uint32_t find(const struct numbers *numbers, uint64_t number)
{
	return index_find(
		&numbers->index, number_hash(numbers, number), number_is, numbers, &number);
}

static void an_empty_index_finds_nothing(void **state)
{
	struct numbers numbers = {.bits = 32};

	(void)state;
	assert_int_equal(find(&numbers, 5), INDEX_NONE);
	index_clear(&numbers.index);
	index_release(&numbers.index);
}

/* Adds and removes by chance; each entry that is in is found, and none that is not. */
static void churn(unsigned bits)
{
	struct numbers *numbers = test_calloc(1, sizeof(*numbers));
	uint64_t seed = 31337 + bits;
	uint32_t used = 0;

	numbers->bits = bits;
	for (uint32_t i = 0; i < NUMBERS; i++)
		numbers->number[i] = random_next(&seed);
	for (int round = 0; round < 60000; round++) {
		uint32_t at = (uint32_t)random_below(&seed, NUMBERS);
		uint64_t hash = number_hash(numbers, numbers->number[at]);

		if (numbers->in[at])
			index_remove(&numbers->index, hash, at);
		else
			index_add(&numbers->index, hash, at);
		used += numbers->in[at] ? UINT32_MAX : 1;
		numbers->in[at] = !numbers->in[at];
		assert_int_equal(numbers->index.used, used);
		at = (uint32_t)random_below(&seed, NUMBERS);
		assert_int_equal(
			find(numbers, numbers->number[at]), numbers->in[at] ? at : INDEX_NONE);
	}
	for (uint32_t i = 0; i < NUMBERS; i++)
		assert_int_equal(
			find(numbers, numbers->number[i]), numbers->in[i] ? i : INDEX_NONE);
	index_clear(&numbers->index);
	for (uint32_t i = 0; i < NUMBERS; i++)
		assert_int_equal(find(numbers, numbers->number[i]), INDEX_NONE);
	index_release(&numbers->index);
	test_free(numbers);
}

static void what_is_in_is_found(void **state)
{
	(void)state;
	churn(32);
}

/* A gap closes over the end of the table, and past entries that are at home. */
static void colliding_hashes_stay_apart(void **state)
{
	(void)state;
	churn(10);
	churn(7);
}

static void hashes_depend_on_every_byte(void **state)
{
	char text[64] = {0};
	uint64_t before = hash_bytes(text, sizeof(text));

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = 1;
		assert_int_not_equal(hash_bytes(text, sizeof(text)), before);
		text[i] = 0;
	}
	assert_int_equal(hash_bytes(text, sizeof(text)), before);
	assert_int_not_equal(hash_two(1, 2), hash_two(2, 1));
	assert_int_not_equal(hash_bytes("", 0), hash_bytes("\0", 1));
}

static void strings_are_kept_once(void **state)
{
	struct intern pool = {0};
	struct str a = intern(&pool, STR("name")), empty = intern(&pool, (struct str){NULL, 0});

	(void)state;
	assert_ptr_equal(intern(&pool, STR("name")).data, a.data);
	assert_string_equal(a.data, "name");
	assert_string_equal(empty.data, "");
	assert_ptr_equal(intern(&pool, STR("")).data, empty.data);
	assert_int_equal(pool.count, 2);
	/* NUL is a byte like any other. */
	assert_ptr_not_equal(intern(&pool, (struct str){"name\0", 5}).data, a.data);
	intern_release(&pool);
	assert_int_equal(pool.count, 0);
}

static void kept_strings_stay_where_they_are(void **state)
{
	struct intern pool = {0};
	struct str strings[3000];
	static char longer[100000];
	char text[32];

	(void)state;
	memset(longer, 'l', sizeof(longer));
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "string number %d", i);
		strings[i] = intern(&pool, str_from(text));
		if (i % 1000 == 500) /* larger than a block */
			intern(&pool, (struct str){longer, sizeof(longer) - (size_t)i});
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "string number %d", i);
		assert_str_equal(strings[i], text);
		assert_ptr_equal(intern(&pool, str_from(text)).data, strings[i].data);
	}
	assert_true(pool.bytes < 500000);
	intern_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_index_finds_nothing),
		cmocka_unit_test(what_is_in_is_found),
		cmocka_unit_test(colliding_hashes_stay_apart),
		cmocka_unit_test(hashes_depend_on_every_byte),
		cmocka_unit_test(strings_are_kept_once),
		cmocka_unit_test(kept_strings_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
