/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C tests share: cmocka, numbers by chance that are the same in every run, folders. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* xorshift64*: @state is any number but 0. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717u;
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
	return (random_next(state) >> 11) % limit;
}

/* A number of any size: each number of bits is as likely as another. */
static inline uint64_t random_wide(uint64_t *state)
{
	uint64_t bits = random_below(state, 65);

	return bits ? random_next(state) >> (64 - bits) : 0;
}

static inline void assert_str_equal_at(
	struct str got, const char *wanted, const char *file, int line)
{
	if (str_equal(got, str_from(wanted)))
		return;
	print_error("'%.*s' is not '%s'\n", (int)got.size, got.size ? got.data : "", wanted);
	_fail(file, line);
}

#define assert_str_equal(got, wanted) assert_str_equal_at(got, wanted, __FILE__, __LINE__)

/* A folder of the test's own; the caller removes it with folder_remove(). */
static inline char *folder_make(void)
{
	const char *root = getenv("TMPDIR");
	char *path = test_malloc(4096);

	snprintf(path, 4096, "%s/tracetop-unit-XXXXXX", root ? root : "/tmp");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void folder_remove(char *path)
{
	char command[4200];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
	test_free(path);
}

#endif
