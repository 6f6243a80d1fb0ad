/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load_events FAULTS SLEEPS: waits for a line, touches so many fresh pages and sleeps so many
 * times, both in turn, says so, and stays until its input ends.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void touch(long pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (size_t)pages * page;
	volatile char *memory = mmap(NULL, size ? size : page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	madvise((void *)memory, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += page)
		memory[at] = 1;
	munmap((void *)memory, size ? size : page);
}

int main(int argc, char **argv)
{
	long pages = argc > 1 ? atol(argv[1]) : 0, sleeps = argc > 2 ? atol(argv[2]) : 0;

	puts("");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	touch(sleeps ? pages % sleeps : pages);
	for (long left = sleeps; left > 0; left--) {
		if (pages / sleeps)
			touch(pages / sleeps);
		nanosleep(&(struct timespec){0, 1000}, NULL);
	}
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
