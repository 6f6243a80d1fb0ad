/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who lived when: ids that are used again, threads, names, and the bound on those that ended. */
#include "model/tasks.h"
#include "unit.h"

static struct thread thread_of(uint32_t tid, uint32_t tgid, const char *comm)
{
	struct thread thread = {.tid = tid, .tgid = tgid};

	memcpy(thread.comm, comm, strnlen(comm, 16));
	memcpy(thread.process, comm, strnlen(comm, 16));
	return thread;
}

static void fold(struct tasks *tasks, enum task_change change, uint32_t tid, uint32_t tgid,
	uint64_t time, const char *comm)
{
	struct thread thread = thread_of(tid, tgid, comm);
	uint64_t nums[TASK_NUMS] = {1, 0};

	tasks_fold(tasks, &(struct record){.type = RECORD_TASK,
				  .sub = change,
				  .time = time,
				  .thread = &thread,
				  .nums = nums});
}

static void a_task_is_found_by_id_and_time(void **state)
{
	struct tasks tasks = {0};

	(void)state;
	fold(&tasks, TASK_FORK, 7, 7, 100, "first");
	fold(&tasks, TASK_EXIT, 7, 7, 200, "first");
	fold(&tasks, TASK_FORK, 7, 7, 300, "second");
	assert_null(tasks_find(&tasks, 7, 99));
	assert_string_equal(tasks_find(&tasks, 7, 100)->thread.comm, "first");
	assert_string_equal(tasks_find(&tasks, 7, 200)->thread.comm, "first");
	assert_null(tasks_find(&tasks, 7, 250));
	assert_string_equal(tasks_find(&tasks, 7, 300)->thread.comm, "second");
	assert_string_equal(tasks_find(&tasks, 7, UINT64_MAX)->thread.comm, "second");
	assert_ptr_equal(tasks_alive(&tasks, 7), tasks_newest(&tasks, 7));
	fold(&tasks, TASK_EXIT, 7, 7, 400, "second");
	assert_null(tasks_alive(&tasks, 7));
	assert_string_equal(tasks_newest(&tasks, 7)->thread.comm, "second");
	assert_null(tasks_newest(&tasks, 8));
	/* What ended before there is data goes; what is younger stays. */
	tasks_forget(&tasks, 201);
	assert_null(tasks_find(&tasks, 7, 150));
	assert_non_null(tasks_find(&tasks, 7, 350));
	tasks_release(&tasks);
}

/* An exit may be lost: the next fork of the same id begins another life. */
static void a_fork_ends_the_life_before(void **state)
{
	struct tasks tasks = {0};

	(void)state;
	fold(&tasks, TASK_FORK, 7, 7, 100, "first");
	fold(&tasks, TASK_FORK, 7, 7, 300, "second");
	assert_string_equal(tasks_find(&tasks, 7, 299)->thread.comm, "first");
	assert_string_equal(tasks_find(&tasks, 7, 300)->thread.comm, "second");
	/* The exit of one that nobody knows is nothing. */
	fold(&tasks, TASK_EXIT, 9, 9, 300, "x");
	assert_null(tasks_newest(&tasks, 9));
	tasks_release(&tasks);
}

static void fold_told(struct tasks *tasks, uint64_t time, uint64_t start, struct str arguments)
{
	struct thread thread = {.tid = 7, .tgid = 7, .comm = "told", .process = "told"};

	tasks_fold(tasks, &(struct record){.type = RECORD_TASK,
				  .sub = TASK_ALIVE,
				  .time = time,
				  .thread = &thread,
				  .nums = (uint64_t[TASK_NUMS]){[TASK_START] = start},
				  .texts = &arguments});
}

/* A keyframe tells of a task with its own text. */
static void a_task_is_told_of_with_its_own_arguments(void **state)
{
	struct tasks tasks = {0};
	struct str arguments = STR("/usr/bin/told");

	(void)state;
	fold_told(&tasks, 100, 50, arguments);
	for (int i = 0; i < 3; i++)
		fold_told(&tasks, 200, 50, tasks_alive(&tasks, 7)->cmdline);
	assert_true(str_equal(tasks_alive(&tasks, 7)->cmdline, arguments));
	tasks_release(&tasks);
}

/* Who is faster than the fork does not make two lives of one; starts may be told later. */
static void promise_44_a_life_has_one_start(void **state)
{
	struct tasks tasks = {0};

	(void)state;
	fold_told(&tasks, 100, 0, STR(""));
	assert_int_equal(tasks_alive(&tasks, 7)->thread.start, 0);
	fold_told(&tasks, 200, 50, STR(""));
	assert_int_equal(tasks_alive(&tasks, 7)->start, 50);
	assert_int_equal(tasks_alive(&tasks, 7)->thread.start, 50);
	fold(&tasks, TASK_FORK, 7, 7, 60, "told");
	assert_int_equal(tasks_alive(&tasks, 7)->start, 50);
	fold(&tasks, TASK_FORK, 7, 7, 300, "second");
	assert_int_equal(tasks_alive(&tasks, 7)->thread.start, 300);
	assert_int_equal(tasks_first_between(&tasks, 7, 0, 1000)->start, 50);
	assert_int_equal(tasks_find_between(&tasks, 7, 0, 1000)->start, 300);
	tasks_release(&tasks);
}

static void names_of_a_process_are_those_of_its_threads(void **state)
{
	struct tasks tasks = {0};

	(void)state;
	fold(&tasks, TASK_ALIVE, 10, 10, 0, "server");
	fold(&tasks, TASK_FORK, 11, 10, 5, "server");
	fold(&tasks, TASK_FORK, 12, 10, 6, "server");
	fold(&tasks, TASK_FORK, 20, 20, 6, "other");
	assert_int_equal(tasks_alive(&tasks, 10)->threads, 2);
	fold(&tasks, TASK_COMM, 10, 10, 7, "renamed");
	assert_string_equal(tasks_alive(&tasks, 11)->thread.process, "renamed");
	assert_string_equal(tasks_alive(&tasks, 12)->thread.comm, "server");
	assert_string_equal(tasks_alive(&tasks, 20)->thread.process, "other");
	fold(&tasks, TASK_EXIT, 11, 10, 8, "server");
	assert_int_equal(tasks_alive(&tasks, 10)->threads, 1);
	tasks_release(&tasks);
}

/* A fork bomb: what ended is kept up to a bound, the newest of it. */
static void promise_33_tasks_that_ended_are_bounded(void **state)
{
	struct tasks tasks = {0};
	uint32_t total = TASKS_ENDED_MAX + 5000;

	(void)state;
	for (uint32_t i = 0; i < total; i++) {
		fold(&tasks, TASK_FORK, 100 + i % 64, 100 + i % 64, 10ull * i, "bomb");
		fold(&tasks, TASK_EXIT, 100 + i % 64, 100 + i % 64, 10ull * i + 5, "bomb");
	}
	assert_int_equal(tasks.evicted, 5000);
	assert_true(tasks.count <= TASKS_ENDED_MAX + 64);
	assert_null(tasks_find(&tasks, 100, 3));
	for (uint32_t i = 5000; i < total; i += 97)
		assert_non_null(tasks_find(&tasks, 100 + i % 64, 10ull * i + 2));
	tasks_forget(&tasks, UINT64_MAX);
	assert_int_equal(tasks.ended_count, 0);
	assert_null(tasks_newest(&tasks, 100));
	tasks_release(&tasks);
}

/* --- against a list of lives --- */

#define LIVES 4000
#define IDS 40

struct life {
	uint64_t start, end;
	uint32_t tid;
};

static void count(void *arg, struct task *task)
{
	(void)task;
	++*(size_t *)arg;
}

static void lives_are_told_apart(void **state)
{
	struct tasks tasks = {0};
	struct life *lives = test_calloc(LIVES, sizeof(*lives));
	uint32_t alive[IDS] = {0}; /* number of the life + 1 */
	size_t known = 0, living = 0, visited = 0;
	uint64_t seed = 41, time = 1;

	(void)state;
	while (known < LIVES) {
		uint32_t id = (uint32_t)random_below(&seed, IDS);

		time += 1 + random_below(&seed, 10);
		if (alive[id]) {
			lives[alive[id] - 1].end = time;
			fold(&tasks, TASK_EXIT, id, id, time, "x");
			alive[id] = 0;
			continue;
		}
		lives[known] = (struct life){time, UINT64_MAX, id};
		alive[id] = (uint32_t)++known;
		fold(&tasks, TASK_FORK, id, id, time, "x");
	}
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t id = (uint32_t)random_below(&seed, IDS);
		uint64_t at = random_below(&seed, time + 10);
		const struct task *task = tasks_find(&tasks, id, at);
		const struct life *wanted = NULL;

		for (size_t k = 0; k < known; k++)
			if (lives[k].tid == id && lives[k].start <= at && lives[k].end >= at)
				wanted = &lives[k];
		assert_int_equal(task != NULL, wanted != NULL);
		if (task)
			assert_int_equal(task->start, wanted->start);
	}
	for (uint32_t id = 0; id < IDS; id++)
		living += alive[id] != 0;
	tasks_each_alive(&tasks, count, &visited);
	assert_int_equal(visited, living);
	tasks_release(&tasks);
	test_free(lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_found_by_id_and_time),
		cmocka_unit_test(a_fork_ends_the_life_before),
		cmocka_unit_test(a_task_is_told_of_with_its_own_arguments),
		cmocka_unit_test(promise_44_a_life_has_one_start),
		cmocka_unit_test(names_of_a_process_are_those_of_its_threads),
		cmocka_unit_test(promise_33_tasks_that_ended_are_bounded),
		cmocka_unit_test(lives_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
