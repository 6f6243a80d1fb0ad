/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The poll() loop and the router of requests. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/request.h"

struct scene {
	struct loop *loop;
	struct loop_timer *timer;
	int pipe[2], other[2];
	int called, again, idled, drawn;
	char order[32];
};

static void scene_begin(struct scene *scene)
{
	*scene = (struct scene){.loop = loop_new()};
	assert_int_equal(pipe(scene->pipe), 0);
	assert_int_equal(pipe(scene->other), 0);
}

static void scene_end(struct scene *scene)
{
	for (int i = 0; i < 2; i++) {
		close(scene->pipe[i]);
		close(scene->other[i]);
	}
	loop_free(scene->loop);
}

static void note(struct scene *scene, char what)
{
	size_t used = strlen(scene->order);

	assert_true(used < sizeof(scene->order) - 1);
	scene->order[used] = what;
}

static uint64_t stop(void *arg, uint64_t now)
{
	struct scene *scene = arg;

	(void)now;
	loop_stop(scene->loop, 7);
	return 0;
}

static uint64_t tick(void *arg, uint64_t now)
{
	struct scene *scene = arg;

	if (++scene->called == 5)
		loop_stop(scene->loop, 3);
	return now + NS_PER_MS;
}

static void timers_come_again_until_the_end(void **state)
{
	struct scene s;
	uint64_t begin = clock_now();

	(void)state;
	scene_begin(&s);
	loop_timer_add(s.loop, begin + NS_PER_MS, tick, &s);
	assert_int_equal(loop_run(s.loop), 3);
	assert_int_equal(s.called, 5);
	assert_true(clock_now() - begin >= 5 * NS_PER_MS);
	scene_end(&s);
}

static uint64_t never(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	fail_msg("a timer that was removed");
	return 0;
}

static uint64_t remove_other(void *arg, uint64_t now)
{
	struct scene *scene = arg;

	(void)now;
	loop_timer_remove(scene->loop, scene->timer);
	loop_timer_add(scene->loop, 0, stop, scene);
	return 0;
}

/* Also in the round under way, where it is due at the same time. */
static void a_removed_timer_is_not_called(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	s.timer = loop_timer_add(s.loop, 1, never, &s);
	loop_timer_add(s.loop, 1, remove_other, &s); /* newer ones come first */
	assert_int_equal(loop_run(s.loop), 7);
	loop_timer_remove(s.loop, NULL);
	scene_end(&s);
}

static void read_one(void *arg, short revents)
{
	struct scene *scene = arg;
	char byte;

	assert_true(revents & POLLIN);
	assert_int_equal(read(scene->pipe[0], &byte, 1), 1);
	note(scene, byte);
	if (byte == '!')
		loop_stop(scene->loop, 0);
}

static void descriptors_are_watched(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	loop_watch(s.loop, s.pipe[0], POLLIN, read_one, &s);
	assert_int_equal(write(s.pipe[1], "abc!", 4), 4);
	loop_run(s.loop);
	assert_string_equal(s.order, "abc!");
	/* It may be run again. */
	assert_int_equal(write(s.pipe[1], "!", 1), 1);
	loop_run(s.loop);
	scene_end(&s);
}

static void on_other(void *arg, short revents)
{
	struct scene *scene = arg;

	(void)revents;
	scene->called++;
	loop_unwatch(scene->loop, scene->other[0]);
	loop_unwatch(scene->loop, scene->pipe[0]);
	loop_timer_add(scene->loop, 0, stop, scene);
}

/* Both are ready at once; whichever is called first takes both watches away. */
static void a_removed_watch_is_not_called(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	loop_watch(s.loop, s.other[0], POLLIN, on_other, &s);
	loop_watch(s.loop, s.pipe[0], POLLIN, on_other, &s);
	assert_int_equal(write(s.pipe[1], "x", 1), 1);
	assert_int_equal(write(s.other[1], "x", 1), 1);
	loop_run(s.loop);
	assert_int_equal(s.called, 1);
	loop_unwatch(s.loop, 12345); /* that nobody watches */
	scene_end(&s);
}

static void replace_watch(void *arg, short revents)
{
	struct scene *scene = arg;

	(void)revents;
	scene->called++;
	loop_unwatch(scene->loop, scene->pipe[0]);
	for (int i = 0; i < 100; i++) { /* the list moves under the round that goes over it */
		loop_watch(scene->loop, scene->pipe[0], POLLIN, read_one, scene);
		if (i < 99)
			loop_unwatch(scene->loop, scene->pipe[0]);
	}
}

static void watches_may_be_added_in_a_round(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	loop_watch(s.loop, s.pipe[0], POLLIN, replace_watch, &s);
	assert_int_equal(write(s.pipe[1], "a!", 2), 2);
	loop_run(s.loop);
	assert_int_equal(s.called, 1);
	assert_string_equal(s.order, "a!");
	scene_end(&s);
}

static bool idle(void *arg)
{
	struct scene *scene = arg;

	note(scene, 'i');
	if (++scene->idled == 3)
		loop_timer_add(scene->loop, 0, stop, scene);
	return scene->idled < 3;
}

static void draw(void *arg)
{
	((struct scene *)arg)->drawn++;
}

/* What can wait comes when nothing is ready, and only as long as there is more of it. */
static void idle_work_comes_last(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	loop_set_idle(s.loop, idle, &s);
	loop_before_sleep(s.loop, draw, &s);
	loop_watch(s.loop, s.pipe[0], POLLIN, read_one, &s);
	assert_int_equal(write(s.pipe[1], "ab", 2), 2);
	loop_wake_idle(s.loop);
	assert_int_equal(loop_run(s.loop), 7);
	assert_string_equal(s.order, "abiii");
	assert_true(s.drawn >= 5);
	/* Nobody woke it again. */
	loop_timer_add(s.loop, clock_now() + 5 * NS_PER_MS, stop, &s);
	loop_run(s.loop);
	assert_int_equal(s.idled, 3);
	scene_end(&s);
}

static void a_loop_that_ends_early_leaks_nothing(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s);
	loop_timer_add(s.loop, UINT64_MAX, never, &s);
	loop_timer_remove(s.loop, loop_timer_add(s.loop, 1, never, &s));
	loop_watch(s.loop, s.pipe[0], POLLIN, read_one, &s);
	scene_end(&s);
	loop_free(NULL);
}

/* --- requests --- */

static int carry_out(void *context, const struct request *request, struct error *error)
{
	assert_string_equal(request->target, "t");
	++*(int *)context;
	return error_set(error, -EBUSY, "busy");
}

static void requests_are_routed_or_refused(void **state)
{
	static const struct request_route routes[] = {{"look", false, false, carry_out, NULL},
		{"live", true, false, carry_out, NULL}, {"kill", true, true, carry_out, NULL}};
	static const struct {
		const char *verb;
		bool live, readonly;
		int code;
		const char *part;
	} cases[] = {{"look", false, true, -EBUSY, "busy"}, {"live", true, true, -EBUSY, "busy"},
		{"live", false, false, -EROFS, "works on the live machine"},
		{"kill", true, false, -EBUSY, "busy"},
		{"kill", true, true, -EPERM, "refused by --readonly"},
		{"kill", false, true, -EROFS, "works on the live machine"},
		{"fly", true, false, -ENOSYS, "nothing here carries out 'fly'"}};
	int done = 0, wanted = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct router router = {routes, 3, &done, cases[i].live, cases[i].readonly};
		struct error error = {0};

		assert_int_equal(
			router_post(&router, &(struct request){cases[i].verb, "t", NULL}, &error),
			cases[i].code);
		assert_non_null(strstr(error.text, cases[i].part));
		wanted += cases[i].code == -EBUSY;
		assert_int_equal(done, wanted);
		assert_int_equal(router_refuses(&router, cases[i].verb),
			cases[i].code == -EROFS || cases[i].code == -EPERM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_come_again_until_the_end),
		cmocka_unit_test(a_removed_timer_is_not_called),
		cmocka_unit_test(descriptors_are_watched),
		cmocka_unit_test(a_removed_watch_is_not_called),
		cmocka_unit_test(watches_may_be_added_in_a_round),
		cmocka_unit_test(idle_work_comes_last),
		cmocka_unit_test(a_loop_that_ends_early_leaks_nothing),
		cmocka_unit_test(requests_are_routed_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
