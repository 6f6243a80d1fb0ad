/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*exhausted_hook)(void);

/*
 * What tens of thousands of rows took goes back to the kernel with them.  Left to itself, malloc
 * takes the largest that was freed as a hint to keep as much, in pieces, for each thread.
 */
__attribute__((constructor)) static void mem_keep_little(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	mallopt(M_ARENA_MAX, 2);
#endif
}

void mem_on_exhausted(void (*hook)(void))
{
	exhausted_hook = hook;
}

static _Noreturn void mem_exhausted(void)
{
	static const char text[] = "tracetop: out of memory\n";
	void (*hook)(void) = exhausted_hook;

	exhausted_hook = NULL; /* once, even if the hook itself ends here */
	if (hook)
		hook();
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(1);
}

void *mem_alloc(size_t size)
{
	void *data = malloc(size ? size : 1);

	if (!data)
		mem_exhausted();
	return data;
}

void *mem_zalloc(size_t size)
{
	void *data = calloc(1, size ? size : 1);

	if (!data)
		mem_exhausted();
	return data;
}

void *mem_realloc(void *old, size_t size)
{
	void *data = realloc(old, size ? size : 1);

	if (!data)
		mem_exhausted();
	return data;
}

void *mem_dup(const void *source, size_t size)
{
	void *data = mem_alloc(size);

	if (size)
		memcpy(data, source, size);
	return data;
}

char *mem_strdup(const char *text)
{
	return mem_dup(text, strlen(text) + 1);
}

void *mem_grow(void *array, size_t *capacity, size_t need, size_t size)
{
	size_t room = *capacity;

	if (need <= room)
		return array;
	while (room < need)
		room += room / 2 + 16;
	if (room > SIZE_MAX / size)
		mem_exhausted();
	*capacity = room;
	return mem_realloc(array, room * size);
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		mem_exhausted();
	return text;
}
