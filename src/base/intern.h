/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strings kept once each.  What is handed out stays where it is until the pool is released, and is
 * followed by a NUL.  Two interned strings are the same if their data pointers are.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/hash.h"

struct intern {
	struct index index;
	struct str *strings;
	size_t count, capacity;
	char *block; /* the one that is filled now */
	size_t block_used, block_size;
	char **blocks;
	size_t block_count, block_capacity;
	size_t bytes; /* all of it */
};

struct str intern(struct intern *pool, struct str text);
void intern_release(struct intern *pool);

#endif
