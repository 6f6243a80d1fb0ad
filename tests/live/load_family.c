/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load_family SECONDS: a child that was there before, waits for a line, then a second thread and a
 * child that itself has a child.  Each burns so much CPU time in a function of its own.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds = 1;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define BURN(name)                                                        \
	static __attribute__((noipa)) void name(double until)             \
	{                                                                 \
		uint64_t value = 1;                                       \
                                                                          \
		while (cpu_seconds() < until)                             \
			for (int i = 0; i < 10000; i++) {                 \
				value = value * 6364136223846793005u + 1; \
				__asm__ volatile("" : "+r"(value));       \
			}                                                 \
	}

BURN(burn_before)
BURN(burn_first)
BURN(burn_thread)
BURN(burn_child)
BURN(burn_grandchild)

static void *second(void *unused)
{
	(void)unused;
	burn_thread(seconds);
	return NULL;
}

static void family(void)
{
	pthread_t thread;
	pid_t child;

	pthread_create(&thread, NULL, second, NULL);
	child = fork();
	if (!child) {
		child = fork();
		if (!child) {
			burn_grandchild(seconds);
			_exit(0);
		}
		burn_child(seconds);
		waitpid(child, NULL, 0);
		_exit(0);
	}
	burn_first(seconds);
	waitpid(child, NULL, 0);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	pid_t before;

	seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	before = fork();
	if (!before) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		burn_before(1e9);
	}
	puts("25 burn_first\n25 burn_thread\n25 burn_child\n25 burn_grandchild\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	family();
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
	kill(before, SIGKILL);
	waitpid(before, NULL, 0);
	return 0;
}
