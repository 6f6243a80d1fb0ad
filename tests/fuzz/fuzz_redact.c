/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as arguments of a process: as many come out, each whole or with its secret masked. */
#include "fuzz.h"

#include "source/redact.h"

static size_t count_ends(struct str arguments)
{
	size_t count = 0;

	for (size_t i = 0; i < arguments.size; i++)
		count += !arguments.data[i];
	return count;
}

/* The argument at @at, which is moved behind it. */
static struct str next(struct str arguments, size_t *at)
{
	const char *start = arguments.data + *at;
	const char *end = memchr(start, '\0', arguments.size - *at);
	size_t size = end ? (size_t)(end - start) : arguments.size - *at;

	*at += size + (end ? 1 : 0);
	return (struct str){start, size};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str given = {(const char *)data, size}, out;
	struct buf told = {0};
	size_t from = 0, to = 0;

	redact_arguments(&told, given);
	out = buf_str(&told);
	CHECK(count_ends(given) == count_ends(out));
	while (from < given.size) {
		struct str before = next(given, &from), after = next(out, &to);

		CHECK(str_equal(before, after) || memmem(after.data, after.size, "***", 3));
	}
	CHECK(to == out.size);
	buf_release(&told);
	return 0;
}
