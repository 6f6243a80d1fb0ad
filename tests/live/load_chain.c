/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known calls: main calls left (60 %) and right (40 %); left spends a sixth of its time itself and
 * calls leaf for the rest, right calls leaf through middle and spends nothing itself.  recurse
 * stands below leaf: its time is counted once, however deep it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile uint64_t sink;

static inline void chain(uint64_t steps)
{
	uint64_t value = steps;

	for (; steps; steps--) {
		value = value * 6364136223846793005u + 1;
		__asm__ volatile("" : "+r"(value));
	}
}

/* The store behind the call keeps the compiler from leaving the frame before it. */
#define FUNCTION __attribute__((noipa)) void

FUNCTION recurse(int depth, uint64_t steps)
{
	if (depth)
		recurse(depth - 1, steps);
	else
		chain(steps);
	sink++;
}

FUNCTION leaf(uint64_t steps)
{
	chain(steps - steps / 4);
	recurse(3, steps / 4);
	sink++;
}

FUNCTION middle(uint64_t steps)
{
	leaf(steps);
	sink++;
}

FUNCTION left(uint64_t steps)
{
	chain(steps);
	leaf(steps * 5);
	sink++;
}

FUNCTION right(uint64_t steps)
{
	middle(steps * 4);
	sink++;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double until = argc > 1 ? strtod(argv[1], NULL) : 1;
	uint64_t random = 1;

	/* Shares with children. */
	printf("100 main\n60 left\n40 right\n40 middle\n90 leaf\n22.5 recurse\n\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	until += cpu_seconds();
	while (cpu_seconds() < until) {
		uint64_t steps;

		random = random * 6364136223846793005u + 1442695040888963407u;
		steps = 100000 + (random >> 33) % 100000;
		left(steps);
		right(steps);
	}
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
