/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes with a length, borrowed.  What the kernel and other people's files name may hold any byte
 * but NUL (and, from a capture, NUL as well), so nothing here relies on a terminator.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *data; /* not NUL-terminated unless its owner says so */
	size_t size;
};

#define STR(literal) ((struct str){literal, sizeof(literal) - 1})

static inline struct str str_from(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

/* Byte order, the shorter first; the same in every locale. */
static inline int str_compare(struct str a, struct str b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool str_starts(struct str text, struct str start)
{
	return text.size >= start.size &&
	       (!start.size || !memcmp(text.data, start.data, start.size));
}

static inline bool str_ends(struct str text, struct str end)
{
	return text.size >= end.size &&
	       (!end.size || !memcmp(text.data + text.size - end.size, end.data, end.size));
}

/* What follows the last slash; the whole text if there is none. */
static inline struct str str_basename(struct str path)
{
	const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;

	if (!slash)
		return path;
	return (struct str){slash + 1, (size_t)(path.data + path.size - slash - 1)};
}

#endif
