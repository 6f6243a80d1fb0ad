/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that does not fail.  A tool that runs out of memory on a production host gives its
 * own back at once: the program ends, after the hook has put the terminal and the kernel right.
 * Everything allocated here is released with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Called once, before the program ends for want of memory; must not allocate. */
void mem_on_exhausted(void (*hook)(void));

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *old, size_t size);
char *mem_strdup(const char *text);
void *mem_dup(const void *data, size_t size);

/*
 * Makes room for at least @need elements of @size bytes in @array, whose capacity is *@capacity
 * elements; grows by half again, so that appending one by one stays linear.  Returns the array.
 * The new elements are not initialised.
 */
void *mem_grow(void *array, size_t *capacity, size_t need, size_t size);

/* printf into memory of the right size; the caller frees it. */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
