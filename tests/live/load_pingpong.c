/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load_pingpong TURNS: two threads on two CPUs take turns; in each turn one touches a fresh page.
 * The faults of the two are strictly one after the other.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_long turn;
static long turns;
static volatile char *memory;
static size_t page;

static void play(long player)
{
	for (long mine = player; mine < turns; mine += 2) {
		while (atomic_load(&turn) != mine)
			if (mine % 64 == player) /* whoever shares a CPU gets on too */
				sched_yield();
		memory[(size_t)mine * page] = 1;
		atomic_store(&turn, mine + 1);
	}
}

static void pin(size_t which)
{
	cpu_set_t allowed, one;

	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (size_t cpu = 0, seen = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && seen++ == which)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void *second(void *unused)
{
	(void)unused;
	pin(1);
	play(1);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	turns = argc > 1 ? atol(argv[1]) : 1000;
	page = (size_t)sysconf(_SC_PAGESIZE);
	memory = mmap(NULL, (size_t)turns * page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	madvise((void *)memory, (size_t)turns * page, MADV_NOHUGEPAGE);
	puts("");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	pthread_create(&thread, NULL, second, NULL);
	pin(0);
	play(0);
	pthread_join(thread, NULL);
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
