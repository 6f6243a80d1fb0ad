/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads for what can block: order, what is dropped, what hangs. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/worker.h"

struct task {
	struct job job;
	int number;
	bool began, ran, done;
	sem_t *gate; /* to be passed in run(); NULL: none */
	pthread_t thread;
};

static int finished;
static struct loop *stop_loop;
static int stop_after;

static void run(struct job *job)
{
	struct task *task = (struct task *)job;

	__atomic_store_n(&task->began, true, __ATOMIC_RELEASE);
	if (task->gate)
		sem_wait(task->gate);
	task->thread = pthread_self();
	__atomic_store_n(&task->ran, true, __ATOMIC_RELEASE);
}

static void done(struct job *job)
{
	struct task *task = (struct task *)job;

	assert_false(task->done);
	task->done = true;
	task->number = finished++;
	if (stop_loop && finished == stop_after)
		loop_stop(stop_loop, 0);
}

static void init(struct task *tasks, size_t count, sem_t *gate)
{
	finished = 0;
	stop_loop = NULL;
	memset(tasks, 0, count * sizeof(*tasks));
	for (size_t i = 0; i < count; i++) {
		tasks[i].job.run = run;
		tasks[i].job.done = done;
		tasks[i].gate = gate;
	}
}

static void wait_for(bool *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void one_thread_keeps_the_order(void **state)
{
	struct worker *worker = worker_new(NULL, "order", 1, false);
	struct task tasks[200];

	(void)state;
	init(tasks, 200, NULL);
	for (int i = 0; i < 200; i++)
		worker_post(worker, &tasks[i].job);
	assert_true(worker_finish(worker, 10000));
	assert_int_equal(worker_pending(worker), 0);
	for (int i = 0; i < 200; i++) {
		assert_true(tasks[i].ran && tasks[i].done);
		assert_int_equal(tasks[i].number, i);
		assert_false(pthread_equal(tasks[i].thread, pthread_self()));
	}
	worker_free(worker, false);
}

static void the_loop_calls_done(void **state)
{
	struct loop *loop = loop_new();
	struct worker *worker = worker_new(loop, "loop", 2, true);
	struct task tasks[50];

	(void)state;
	init(tasks, 50, NULL);
	stop_loop = loop;
	stop_after = 50;
	for (int i = 0; i < 50; i++)
		worker_post(worker, &tasks[i].job);
	assert_int_equal(worker_pending(worker), 50);
	loop_run(loop);
	assert_int_equal(worker_pending(worker), 0);
	worker_free(worker, false);
	loop_free(loop);
}

/* A job that hangs holds one thread; the others go on, and waiting has an end. */
static void others_go_on_beside_a_job_that_hangs(void **state)
{
	struct worker *worker = worker_new(NULL, "hang", 3, false);
	struct task tasks[10], hung;
	uint64_t begin;
	sem_t gate;

	(void)state;
	sem_init(&gate, 0, 0);
	init(tasks, 10, NULL);
	init(&hung, 1, &gate);
	worker_post(worker, &hung.job);
	for (int i = 0; i < 10; i++)
		worker_post(worker, &tasks[i].job);
	while (worker_pending(worker) > 1)
		assert_false(worker_finish(worker, 20));
	for (int i = 0; i < 10; i++)
		assert_true(tasks[i].done);
	begin = clock_now();
	assert_false(worker_finish(worker, 30));
	assert_in_range(clock_now() - begin, 25 * NS_PER_MS, 10 * NS_PER_S);
	sem_post(&gate);
	assert_true(worker_finish(worker, 10000));
	assert_true(hung.done);
	worker_free(worker, false);
	sem_destroy(&gate);
}

/*
 * A thread that is idle takes one of two jobs that come at once: if that one hangs, another thread
 * has to take the other.
 */
static void an_idle_thread_is_one_thread(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct worker *worker = worker_new(NULL, "idle", 3, false);
		struct task quick[2], hung;
		sem_t gate;

		sem_init(&gate, 0, 0);
		init(quick, 2, NULL);
		init(&hung, 1, &gate);
		worker_post(worker, &quick[0].job);
		assert_true(worker_finish(worker, 10000));
		worker_post(worker, &hung.job);
		worker_post(worker, &quick[1].job);
		for (int i = 0; i < 500 && worker_pending(worker) > 1; i++)
			worker_finish(worker, 10);
		assert_true(quick[1].done);
		sem_post(&gate);
		worker_free(worker, false);
		sem_destroy(&gate);
	}
}

/* What has not begun is handed back without having run. */
static void what_has_not_begun_is_dropped(void **state)
{
	struct worker *worker = worker_new(NULL, "drop", 1, false);
	struct task tasks[20], first;
	sem_t gate;

	(void)state;
	sem_init(&gate, 0, 0);
	init(tasks, 20, NULL);
	init(&first, 1, &gate);
	worker_post(worker, &first.job);
	for (int i = 0; i < 20; i++)
		worker_post(worker, &tasks[i].job);
	wait_for(&first.began);
	worker_free(worker, true);
	for (int i = 0; i < 20; i++)
		assert_true(tasks[i].done && !tasks[i].ran);
	/* The one that was under way ends by itself, and nobody is told. */
	sem_post(&gate);
	wait_for(&first.ran);
	assert_false(first.done);
	sem_destroy(&gate);
}

struct successor {
	struct task task;
	struct worker *worker;
	struct task next;
};

static void post_next(struct job *job)
{
	struct successor *successor = (struct successor *)job;

	successor->task.done = true;
	worker_post(successor->worker, &successor->next.job);
}

/* What ended just now may lead to more: that is handed back, too. */
static void what_is_posted_while_freeing_is_dropped(void **state)
{
	struct worker *worker = worker_new(NULL, "next", 1, false);
	static struct successor successor; /* the thread may be at it for a moment more */

	(void)state;
	successor.worker = worker;
	init(&successor.task, 1, NULL);
	init(&successor.next, 1, NULL);
	successor.task.job.done = post_next;
	worker_post(worker, &successor.task.job);
	wait_for(&successor.task.ran);
	worker_free(worker, true);
	assert_true(successor.next.done || !successor.task.done);
	assert_false(successor.next.ran);
}

static void freeing_waits_for_what_was_posted(void **state)
{
	struct worker *worker = worker_new(NULL, "a name that is too long", 1, false);
	struct task tasks[20];

	(void)state;
	init(tasks, 20, NULL);
	for (int i = 0; i < 20; i++)
		worker_post(worker, &tasks[i].job);
	worker_free(worker, false);
	for (int i = 0; i < 20; i++)
		assert_true(tasks[i].ran && tasks[i].done);
	worker_free(worker_new(NULL, "idle", 1, false), true);
	worker_free(NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_keeps_the_order),
		cmocka_unit_test(the_loop_calls_done),
		cmocka_unit_test(others_go_on_beside_a_job_that_hangs),
		cmocka_unit_test(an_idle_thread_is_one_thread),
		cmocka_unit_test(what_has_not_begun_is_dropped),
		cmocka_unit_test(what_is_posted_while_freeing_is_dropped),
		cmocka_unit_test(freeing_waits_for_what_was_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
