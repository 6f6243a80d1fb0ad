/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which places belong to the containers that were asked for, as both come, go and are renamed. */
#include "base/buf.h"
#include "base/clock.h"
#include "model/chosen.h"
#include "model/model.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST_NS 4026531836u
#define OWN_NS 4026532000u

struct scene {
	struct model *model;
	struct chosen *chosen;
	uint64_t now;
	unsigned told;
};

static void begin(struct scene *scene)
{
	static const char *const names[] = {"web1", "shop", "0123"};

	*scene = (struct scene){.model = model_new(), .now = 100 * NS_PER_S};
	scene->chosen = chosen_new(scene->model, names, COUNT(names));
}

static void end(struct scene *scene)
{
	chosen_free(scene->chosen);
	model_free(scene->model);
}

static void cgroup(struct scene *scene, enum cgroup_change change, uint32_t hierarchy, uint64_t id,
	uint64_t parent, const char *path)
{
	model_fold(scene->model, &(struct record){.type = RECORD_CGROUP,
					 .sub = change,
					 .name = str_from(path),
					 .nums = (uint64_t[CGROUP_NUMS]){hierarchy, id, parent}});
}

struct made {
	uint32_t number;
	uint64_t cgroup, pidns, mntns, end;
	const char *name, *id, *pod;
};

static void container(struct scene *scene, struct made made)
{
	uint64_t nums[CONTAINER_NUMS] = {[CONTAINER_NUMBER] = made.number,
		[CONTAINER_CGROUP] = made.cgroup,
		[CONTAINER_PIDNS] = made.pidns,
		[CONTAINER_MNTNS] = made.mntns,
		[CONTAINER_END] = made.end};
	struct str texts[CONTAINER_TEXTS] = {[CONTAINER_ID] = str_from(made.id ? made.id : ""),
		[CONTAINER_POD] = str_from(made.pod ? made.pod : "")};

	model_fold(scene->model, &(struct record){.type = RECORD_CONTAINER,
					 .name = str_from(made.name),
					 .nums = nums,
					 .texts = texts});
}

static void task(
	struct scene *scene, enum task_change change, uint32_t pid, uint64_t pidns, uint64_t start)
{
	struct thread thread = {.tid = pid, .tgid = pid, .comm = "task"};

	model_fold(scene->model,
		&(struct record){.type = RECORD_TASK,
			.sub = change,
			.time = scene->now,
			.thread = &thread,
			.nums = (uint64_t[TASK_NUMS]){[TASK_PIDNS] = pidns, [TASK_START] = start}});
}

static enum chosen_answer ask(struct scene *scene, uint64_t id)
{
	return chosen_ask(scene->chosen, 0, id, HOST_NS, 0);
}

/* Later, and decided. */
static void pass(struct scene *scene, uint64_t ns)
{
	scene->now += ns;
	chosen_update(scene->chosen, scene->now);
}

static void what_is_there_is_decided_at_once(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	cgroup(scene, CGROUP_THERE, 0, 1, 0, "/");
	cgroup(scene, CGROUP_THERE, 0, 2, 1, "/web1");
	cgroup(scene, CGROUP_THERE, 0, 3, 2, "/web1/below");
	cgroup(scene, CGROUP_THERE, 0, 4, 1, "/web2");
	cgroup(scene, CGROUP_THERE, 5, 2, 0, "/other"); /* ids of hierarchies collide */
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1"});
	container(scene, (struct made){.number = 2, .cgroup = 4, .name = "web2"});
	task(scene, TASK_ALIVE, 9, HOST_NS, 1);
	assert_int_equal(ask(scene, 2), CHOSEN_OPEN);
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_IN);
	assert_int_equal(ask(scene, 3), CHOSEN_IN);
	assert_int_equal(ask(scene, 4), CHOSEN_OUT);
	assert_int_equal(ask(scene, 1), CHOSEN_OUT);
	assert_int_equal(chosen_ask(scene->chosen, 5, 2, HOST_NS, 0), CHOSEN_OUT);
	assert_int_equal(ask(scene, 77), CHOSEN_OPEN);
	end(scene);
}

static void what_is_gone_is_told_a_moment_later(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	cgroup(scene, CGROUP_THERE, 0, 2, 1, "/web1");
	cgroup(scene, CGROUP_THERE, 0, 3, 1, "/web2");
	cgroup(scene, CGROUP_THERE, 0, 4, 1, "/a.service");
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1"});
	container(scene, (struct made){.number = 2, .cgroup = 3, .name = "web2"});
	task(scene, TASK_ALIVE, 9, HOST_NS, 1);
	for (uint64_t id = 2; id < 5; id++)
		cgroup(scene, CGROUP_REMOVED, 0, id, 1, "/");
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_IN);
	assert_int_equal(ask(scene, 3), CHOSEN_OUT);
	assert_int_equal(ask(scene, 4), CHOSEN_OUT);
	/* Of whom nothing is told no container is known. */
	assert_int_equal(chosen_ask(scene->chosen, 0, 0, 0, 0), CHOSEN_OUT);
	end(scene);
}

static void names_ids_and_pods(void **state)
{
	struct scene made_up, *scene = &made_up;
	const struct made made[] = {{.name = "web1"}, {.name = "x", .id = "web1"},
		{.name = "y", .pod = "shop"}, {.name = "z", .id = ID}, {.name = "", .id = ID},
		/* An id that a person chose is a name. */
		{.name = "web10", .id = "web10"}, {.name = "shop2", .pod = "shop2"},
		{.name = "", .id = "f" ID}};
	static const bool expected[] = {true, true, true, true, true, false, false, false};

	(void)state;
	begin(scene);
	for (uint32_t i = 0; i < COUNT(made); i++) {
		struct made one = made[i];

		one.number = i + 1;
		container(scene, one);
		assert_int_equal(chosen_has(scene->chosen,
					 cgroups_container_numbered(&scene->model->cgroups, i + 1)),
			expected[i]);
	}
	assert_true(chosen_is_id("0123"));
	assert_false(chosen_is_id("web1"));
	assert_false(chosen_is_id(""));
	end(scene);
}

static void one_that_begins_is_open_until_it_has_a_name(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	pass(scene, 0);
	cgroup(scene, CGROUP_THERE, 0, 2, 1, "/docker/x");
	cgroup(scene, CGROUP_THERE, 0, 3, 1, "/docker/y");
	cgroup(scene, CGROUP_THERE, 0, 4, 1, "/a.service");
	pass(scene, 0);
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "", .id = "aa"});
	container(scene, (struct made){.number = 2, .cgroup = 3, .name = "", .id = "bb"});
	pass(scene, 2 * NS_PER_S);
	assert_int_equal(ask(scene, 2), CHOSEN_OPEN);
	assert_int_equal(ask(scene, 4), CHOSEN_OPEN); /* where it is nobody has told yet */
	task(scene, TASK_ALIVE, 9, HOST_NS, 1);
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1", .id = "aa"});
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_IN);
	assert_int_equal(ask(scene, 4), CHOSEN_OUT);
	pass(scene, 10 * NS_PER_S); /* nothing changed, but it took too long */
	assert_int_equal(ask(scene, 3), CHOSEN_OUT);
	container(scene, (struct made){.number = 2, .cgroup = 3, .name = "web1", .id = "bb"});
	pass(scene, 0);
	assert_int_equal(ask(scene, 3), CHOSEN_IN);
	end(scene);
}

static void a_rename_decides_again(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	cgroup(scene, CGROUP_THERE, 0, 2, 1, "/a");
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1"});
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_IN);
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "old"});
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_OUT);
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1"});
	pass(scene, 0);
	assert_int_equal(ask(scene, 2), CHOSEN_IN);
	end(scene);
}

static void count_place(void *arg, const struct chosen_place *place, enum chosen_answer answer)
{
	struct scene *scene = arg;

	(void)place;
	(void)answer;
	scene->told++;
}

static void nothing_is_told_where_nothing_changes_and_what_goes_is_forgotten(void **state)
{
	struct scene made_up, *scene = &made_up;
	unsigned there = 0;

	(void)state;
	begin(scene);
	chosen_on_change(scene->chosen, count_place, scene);
	pass(scene, 0);
	for (uint64_t id = 2; id < 1002; id++)
		cgroup(scene, CGROUP_THERE, 0, id, 1, "/short");
	pass(scene, 0);
	assert_int_equal(scene->told, 0);
	pass(scene, 2 * NS_PER_S);
	assert_int_equal(scene->told, 1000);
	pass(scene, 20 * NS_PER_S);
	assert_int_equal(scene->told, 1000);
	for (uint64_t id = 2; id < 1002; id++)
		cgroup(scene, CGROUP_REMOVED, 0, id, 1, "/short");
	pass(scene, 0);
	assert_int_equal(scene->told, 2000);
	scene->told = 0;
	chosen_each(scene->chosen, count_place, scene);
	there = scene->told;
	assert_int_equal(there, 0);
	end(scene);
}

static void namespaces_tell_where_no_cgroup_does(void **state)
{
	struct scene made_up, *scene = &made_up;
	struct chosen *chosen;

	(void)state;
	begin(scene);
	chosen = scene->chosen;
	cgroup(scene, CGROUP_THERE, 0, 1, 0, "/");
	task(scene, TASK_ALIVE, 8, HOST_NS, 1);
	pass(scene, 0);
	task(scene, TASK_ALIVE, 9, OWN_NS, scene->now);
	task(scene, TASK_ALIVE, 10, OWN_NS + 1, scene->now);
	pass(scene, 0);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS, 5), CHOSEN_OPEN);
	assert_int_equal(chosen_ask(chosen, 0, 1, HOST_NS, 5), CHOSEN_OUT);
	container(scene, (struct made){.number = 1, .pidns = OWN_NS, .name = "web1"});
	/* In the machine's pid namespace, but with files of its own. */
	container(scene, (struct made){.number = 2, .mntns = 5, .name = "shop"});
	pass(scene, 2 * NS_PER_S);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS, 6), CHOSEN_IN);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS + 1, 6), CHOSEN_OUT);
	assert_int_equal(chosen_ask(chosen, 0, 1, HOST_NS, 5), CHOSEN_IN);
	/* Its number is used again by another one, which is new. */
	task(scene, TASK_EXIT, 9, OWN_NS, 0);
	container(scene,
		(struct made){.number = 1, .pidns = OWN_NS, .end = scene->now, .name = "web1"});
	pass(scene, NS_PER_S);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS, 6), CHOSEN_OPEN);
	task(scene, TASK_ALIVE, 11, OWN_NS, scene->now);
	pass(scene, 0);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS, 6), CHOSEN_OPEN);
	pass(scene, 2 * NS_PER_S);
	assert_int_equal(chosen_ask(chosen, 0, 1, OWN_NS, 6), CHOSEN_OUT);
	end(scene);
}

static void what_is_missing_is_said(void **state)
{
	struct scene made_up, *scene = &made_up;
	struct buf names = {0};

	(void)state;
	begin(scene);
	container(scene, (struct made){.number = 1, .cgroup = 2, .name = "web1"});
	container(scene, (struct made){.number = 2, .cgroup = 3, .name = "shop", .end = 5});
	assert_true(chosen_missing(scene->chosen, false, &names));
	assert_str_equal(buf_str(&names), "'shop', '0123'");
	names.size = 0;
	assert_true(chosen_missing(scene->chosen, true, &names));
	assert_str_equal(buf_str(&names), "'0123'");
	container(scene, (struct made){.number = 3, .cgroup = 4, .name = "x", .id = ID});
	names.size = 0;
	assert_false(chosen_missing(scene->chosen, true, &names));
	buf_release(&names);
	end(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_decided_at_once),
		cmocka_unit_test(what_is_gone_is_told_a_moment_later),
		cmocka_unit_test(names_ids_and_pods),
		cmocka_unit_test(one_that_begins_is_open_until_it_has_a_name),
		cmocka_unit_test(a_rename_decides_again),
		cmocka_unit_test(nothing_is_told_where_nothing_changes_and_what_goes_is_forgotten),
		cmocka_unit_test(namespaces_tell_where_no_cgroup_does),
		cmocka_unit_test(what_is_missing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
