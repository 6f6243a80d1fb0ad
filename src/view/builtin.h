/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views/ of the source tree, built into the program: it has them wherever it is run from, and
 * nobody can put others in their place.
 */
#ifndef VIEW_BUILTIN_H
#define VIEW_BUILTIN_H

#include <stddef.h>

struct builtin_view {
	const char *id;
	const char *text;
	size_t size;
};

extern const struct builtin_view builtin_views[];
extern const size_t builtin_view_count;

#endif
