/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load SECONDS: says what its functions are called and what share they take, waits for a line,
 * burns so much CPU time in them, says so, and stays until its input ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "load.h"

#define STEPS 100000 /* about 125 microseconds */

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Rounds of random length, so that no timer falls in step with them. */
static void burn(double until)
{
	uint64_t random = 1;

	while (cpu_seconds() < until) {
		uint64_t steps;

		random = random * 6364136223846793005u + 1442695040888963407u;
		steps = STEPS + (random >> 33) % STEPS;
		burn_half(steps * 5);
		burn_third(steps * 3);
		burn_fifth(steps * 2);
	}
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

	printf("50 burn_half\n30 burn_third\n20 burn_fifth\n\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	burn(cpu_seconds() + seconds);
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
