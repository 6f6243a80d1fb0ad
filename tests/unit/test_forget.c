/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups and containers that are gone are forgotten; those that stay are found as before. */
#include "base/buf.h"
#include "base/clock.h"
#include "model/model.h"
#include "record/recording.h"
#include "unit.h"

#define ROOT 1
#define LIVES 5000 /* ids of what stays */

struct scene {
	struct recording *recording;
	struct model *model;
};

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static void cgroup(struct scene *scene, enum cgroup_change change, uint64_t id, uint64_t time)
{
	char path[64];

	snprintf(path, sizeof(path), "/%llu", (unsigned long long)id);
	recording_append(scene->recording, &(struct record){.type = RECORD_CGROUP,
						   .sub = change,
						   .time = time,
						   .name = str_from(id == ROOT ? "/" : path),
						   .nums = (uint64_t[CGROUP_NUMS]){0, id, 0}});
}

/* In the cgroup of its number; @end 0: it is there. */
static void container(struct scene *scene, uint32_t number, uint64_t end)
{
	char name[64];
	struct str texts[CONTAINER_TEXTS] = {{"", 0}};
	uint64_t nums[CONTAINER_NUMS] = {[CONTAINER_NUMBER] = number,
		[CONTAINER_CGROUP] = number,
		[CONTAINER_PIDNS] = 1000000 + number % 7, /* inodes are used again */
		[CONTAINER_START] = number,
		[CONTAINER_END] = end};

	snprintf(name, sizeof(name), "c%u", number);
	recording_append(scene->recording, &(struct record){.type = RECORD_CONTAINER,
						   .time = end,
						   .name = str_from(name),
						   .nums = nums,
						   .texts = texts});
}

static void begin(struct scene *scene)
{
	*scene = (struct scene){recording_new(NULL, 1 << 20), model_new()};
	recording_observe(scene->recording, fold, scene->model);
	cgroup(scene, CGROUP_THERE, ROOT, 1);
}

static void end(struct scene *scene)
{
	model_free(scene->model);
	recording_free(scene->recording);
}

/* Those from @first to @last: each lives for one moment, its number. */
static void pass(struct scene *scene, uint64_t first, uint64_t last)
{
	for (uint64_t id = first; id <= last; id++) {
		cgroup(scene, CGROUP_THERE, id, id);
		container(scene, (uint32_t)id, 0);
		cgroup(scene, CGROUP_REMOVED, id, id);
		container(scene, (uint32_t)id, id);
	}
}

static void assert_known(const struct cgroups *cgroups, uint64_t id, bool is)
{
	const struct cgroup *found = cgroups_find(cgroups, 0, id);
	const struct container *numbered = cgroups_container_numbered(cgroups, (uint32_t)id);
	char text[64];

	snprintf(text, sizeof(text), "/%llu", (unsigned long long)id);
	assert_int_equal(found != NULL, is);
	assert_ptr_equal(cgroups_at(cgroups, 0, str_from(text)), found);
	assert_int_equal(numbered != NULL, is);
	assert_ptr_equal(cgroups_container(cgroups, 0, id), numbered);
	if (!is)
		return;
	assert_str_equal(found->path, text);
	assert_int_equal(found->parent, ROOT);
	snprintf(text, sizeof(text), "c%llu", (unsigned long long)id);
	assert_str_equal(numbered->name, text);
	assert_ptr_equal(cgroups_container_in(cgroups, 1000000 + id % 7, 0, id), numbered);
}

static void what_went_before_is_forgotten(void **state)
{
	struct scene made_up, *scene = &made_up;
	const struct cgroups *cgroups;

	(void)state;
	begin(scene);
	cgroups = &scene->model->cgroups;
	pass(scene, 2, 1000);
	cgroup(scene, CGROUP_THERE, LIVES, 1000);
	container(scene, LIVES, 0);
	pass(scene, 1001, 2000);
	cgroups_forget(&scene->model->cgroups, 1500);
	assert_int_equal(cgroups->count, 2 + 501);
	assert_int_equal(cgroups->container_count, 1 + 501);
	assert_int_equal(cgroups->evicted, 0);
	for (uint64_t id = 2; id <= 2000; id++)
		assert_known(cgroups, id, id >= 1500);
	assert_known(cgroups, LIVES, true);
	assert_non_null(cgroups_find(cgroups, 0, ROOT));
	pass(scene, 2001, 2100);
	assert_known(cgroups, 2100, true);
	end(scene);
}

static void a_few_are_not_worth_it(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	pass(scene, 2, 50);
	cgroups_forget(&scene->model->cgroups, 1000);
	assert_known(&scene->model->cgroups, 2, true);
	end(scene);
}

/* As chosen.c and containers.c do: everything is met once, whatever is forgotten meanwhile. */
static void all_are_met_once(void **state)
{
	struct scene made_up, *scene = &made_up;
	const struct cgroups *cgroups;
	uint64_t seen = 0, next = 2;

	(void)state;
	begin(scene);
	cgroups = &scene->model->cgroups;
	assert_int_equal(cgroups_met_after(cgroups, 0), 0);
	seen = cgroups->met;
	for (uint64_t first = 2; first < 3000; first += 300) {
		pass(scene, first, first + 299);
		for (size_t i = cgroups_met_after(cgroups, seen); i < cgroups->count; i++)
			assert_int_equal(cgroups->cgroups[i].id, next++);
		seen = cgroups->met;
		cgroups_forget(&scene->model->cgroups, first + 200);
		assert_int_equal(cgroups_met_after(cgroups, seen), cgroups->count);
	}
	assert_int_equal(next, 3002);
	assert_true(cgroups->count < 500);
	end(scene);
}

static void there_is_a_bound(void **state)
{
	struct scene made_up, *scene = &made_up;
	const struct cgroups *cgroups;
	uint64_t last = 3 * CGROUPS_GONE_MAX;

	(void)state;
	begin(scene);
	cgroups = &scene->model->cgroups;
	cgroup(scene, CGROUP_THERE, last + 1, 1);
	container(scene, (uint32_t)last + 1, 0);
	for (uint64_t id = 2; id <= last; id += 1000) {
		pass(scene, id, id + 999 < last ? id + 999 : last);
		cgroups_forget(&scene->model->cgroups, 0);
		assert_true(cgroups->gone_count <= CGROUPS_GONE_MAX);
		assert_true(cgroups->ended_count <= CONTAINERS_ENDED_MAX);
	}
	assert_int_equal(cgroups->count, cgroups->gone_count + 2);
	assert_int_equal(
		cgroups->evicted, 2 * (last - 1) - cgroups->gone_count - cgroups->ended_count);
	assert_known(cgroups, last + 1, true);
	assert_known(cgroups, last, true);
	assert_null(cgroups_find(cgroups, 0, 2));
	/* Texts go with them: "/12345" and "c12345" are all there is. */
	assert_true(cgroups->strings.bytes < 32 * (cgroups->count + cgroups->container_count));
	end(scene);
}

/* What comes back under the same id, as from a later walk, is not counted as gone any more. */
static void what_is_there_again_stays(void **state)
{
	struct scene made_up, *scene = &made_up;

	(void)state;
	begin(scene);
	pass(scene, 2, 400);
	cgroup(scene, CGROUP_THERE, 7, 500);
	container(scene, 7, 0);
	cgroups_forget(&scene->model->cgroups, 1000);
	assert_int_equal(scene->model->cgroups.count, 2);
	assert_int_equal(scene->model->cgroups.gone_count, 0);
	assert_int_equal(scene->model->cgroups.ended_count, 0);
	assert_known(&scene->model->cgroups, 7, true);
	end(scene);
}

/* A file that begins with the keyframe has what the log's data may need. */
static void a_keyframe_has_what_is_kept(void **state)
{
	struct scene made_up, again, *scene = &made_up;

	(void)state;
	begin(scene);
	pass(scene, 2, 1000);
	cgroups_forget(&scene->model->cgroups, 900);
	again = (struct scene){recording_new(NULL, 1 << 20), model_new()};
	recording_observe(again.recording, fold, again.model);
	model_snapshot(scene->model, again.recording, 1001);
	for (uint64_t id = 2; id <= 1000; id++)
		assert_known(&again.model->cgroups, id, id >= 900);
	/* And told to whom it is known already, it changes nothing. */
	model_snapshot(scene->model, scene->recording, 1001);
	assert_int_equal(cgroups_find(&scene->model->cgroups, 0, 950)->end, 950);
	assert_int_equal(scene->model->cgroups.gone_count, 101);
	end(&again);
	end(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_went_before_is_forgotten),
		cmocka_unit_test(a_few_are_not_worth_it),
		cmocka_unit_test(all_are_met_once),
		cmocka_unit_test(there_is_a_bound),
		cmocka_unit_test(what_is_there_again_stays),
		cmocka_unit_test(a_keyframe_has_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
