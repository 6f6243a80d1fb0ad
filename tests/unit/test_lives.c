/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A life is one, in whatever order it is told of: by the side-band, by BPF, by looks, each of which
 * is in order by itself, and comes as late as it likes beside the others.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "record/cursor.h"
#include "source/usage_local.h"
#include "unit.h"

#define TID 77
#define US 1000u

/* The life at issue. */
#define BEGUN (100 * NS_PER_S)
#define FORKED (BEGUN + 30 * US)
#define EXECED (BEGUN + 500 * US)
#define ENDED (BEGUN + 20 * NS_PER_MS)
/* The one before, and the one after it. */
#define BEGUN_BEFORE (50 * NS_PER_S)
#define BEGUN_AFTER (200 * NS_PER_S)

enum step {
	SIDEBAND_FORK,
	SIDEBAND_EXEC,
	SIDEBAND_EXIT,
	BPF_EXEC,
	BPF_EXIT,
	LOOK_AT_FORK, /* between the start and the fork's record */
	LOOK,
	LOOK_AT_ZOMBIE, /* nobody has waited for it yet */
	LOOK_AT_NOBODY,
	STEPS
};

static const enum step sideband[] = {SIDEBAND_FORK, SIDEBAND_EXEC, SIDEBAND_EXIT};
static const enum step bpf[] = {BPF_EXEC, BPF_EXIT};
static const enum step looks[] = {LOOK_AT_FORK, LOOK, LOOK_AT_ZOMBIE, LOOK_AT_NOBODY};

enum before { NOBODY_BEFORE, TOLD_BEFORE, EXIT_LOST_BEFORE, BEFORES };

/* Which sources there are, and who had the number before. */
struct setting {
	bool has_sideband, has_bpf, has_looks;
	uint64_t cut; /* what looks tell the start too early by */
	enum before before;
};

struct scene {
	const struct setting *setting;
	struct model *model;
	struct usage usage;
};

static void observe(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static struct scene *scene_new(const struct setting *setting)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));

	scene->setting = setting;
	scene->model = scene->usage.model = model_new();
	scene->usage.recording = recording_new(NULL, 1 << 24);
	recording_observe(scene->usage.recording, observe, scene->model);
	return scene;
}

static void scene_free(struct scene *scene)
{
	recording_free(scene->usage.recording);
	model_free(scene->model);
	free(scene->usage.seen);
	index_release(&scene->usage.by_tid);
	free(scene->usage.ended);
	host_look_release(&scene->usage.host);
	test_free(scene);
}

/* As the sampler does. */
static void tell(struct scene *scene, enum task_change change, uint64_t time, const char *comm)
{
	struct thread thread = {.tid = TID, .tgid = TID};
	struct task *task = tasks_at(&scene->model->tasks, TID, time);
	uint64_t nums[TASK_NUMS] = {0};

	memcpy(thread.comm, comm, strlen(comm));
	memcpy(thread.process, comm, strlen(comm));
	if (change == TASK_EXIT && (!task || task->end <= time))
		return;
	recording_append(scene->usage.recording,
		&(struct record){.type = RECORD_TASK,
			.sub = change,
			.time = time,
			.thread = change == TASK_EXIT ? &task->thread : &thread,
			.nums = nums});
}

static struct look_row row_of(uint64_t start, char state, uint64_t time, const char *comm)
{
	struct look_row row = {.tid = TID,
		.tgid = TID,
		.parent = 1,
		.uid = 5,
		.threads = 1,
		.state = state,
		.time = time,
		.start = start};

	memcpy(row.comm, comm, strlen(comm));
	return row;
}

/* A look that finds the row, or nobody. */
static void look_at(struct scene *scene, uint64_t time, const struct look_row *row)
{
	struct look look = {.time = time};

	if (row)
		*look_add(&look) = *row;
	usage_take(&scene->usage, &look, time);
	look_release(&look);
}

static void end_by_bpf(struct scene *scene)
{
	struct usage *usage = &scene->usage;

	usage->ended = mem_grow(usage->ended, &usage->ended_capacity, usage->ended_count + 1,
		sizeof(*usage->ended));
	usage->ended[usage->ended_count++] = row_of(BEGUN, 'X', ENDED - 10 * US, "new");
}

static void take_step(struct scene *scene, enum step step)
{
	uint64_t begun = BEGUN - scene->setting->cut;
	struct look_row young = row_of(begun, 'R', 0, "old"), row = row_of(begun, 'R', 0, "new"),
			zombie = row_of(begun, 'Z', 0, "new"),
			exec = row_of(BEGUN, 'R', EXECED + 10 * US, "new");

	switch (step) {
	case SIDEBAND_FORK:
		tell(scene, TASK_FORK, FORKED, "old");
		break;
	case SIDEBAND_EXEC:
		tell(scene, TASK_EXEC, EXECED, "new");
		break;
	case SIDEBAND_EXIT:
		tell(scene, TASK_EXIT, ENDED, "new");
		break;
	case BPF_EXEC:
		usage_take_exec(&scene->usage, &exec, STR("new\0--args"));
		break;
	case BPF_EXIT:
		end_by_bpf(scene);
		break;
	case LOOK_AT_FORK:
		look_at(scene, BEGUN - US, &young);
		break;
	case LOOK:
		look_at(scene, BEGUN + NS_PER_MS, &row);
		break;
	case LOOK_AT_ZOMBIE:
		look_at(scene, BEGUN + NS_PER_S, &zombie);
		break;
	default:
		look_at(scene, BEGUN + 2 * NS_PER_S, NULL);
	}
}

static void take_before(struct scene *scene)
{
	struct look_row row = row_of(BEGUN_BEFORE - scene->setting->cut, 'S', 0, "before");

	if (scene->setting->before == NOBODY_BEFORE)
		return;
	if (scene->setting->has_sideband)
		tell(scene, TASK_FORK, BEGUN_BEFORE + 30 * US, "before");
	look_at(scene, BEGUN_BEFORE + NS_PER_S, &row);
	if (scene->setting->before == TOLD_BEFORE)
		tell(scene, TASK_EXIT, BEGUN_BEFORE + 2 * NS_PER_S, "before");
}

static size_t count_lives(const struct model *model)
{
	const struct tasks *tasks = &model->tasks;
	const struct task *task = tasks_newest(tasks, TID);
	size_t count = 0;

	for (; task; count++)
		task = task->older == INDEX_NONE ? NULL : tasks->tasks[task->older];
	return count;
}

static void check_life(const struct scene *scene, const struct model *model)
{
	const struct task *task = tasks_at(&model->tasks, TID, ENDED);
	size_t wanted = scene->setting->before == NOBODY_BEFORE ? 1 : 2;
	const struct task *older;

	assert_int_equal(count_lives(model), wanted);
	assert_string_equal(task->thread.comm, "new");
	assert_true(task->start >= BEGUN - scene->setting->cut && task->start <= FORKED);
	assert_true(task->end >= ENDED - 10 * US);
	if (scene->setting->has_sideband || scene->setting->has_bpf)
		assert_true(task->end <= ENDED);
	if (scene->setting->has_bpf)
		assert_true(str_equal(task->cmdline, STR("new\0--args")));
	if (wanted == 1)
		return;
	older = model->tasks.tasks[task->older];
	assert_string_equal(older->thread.comm, "before");
	assert_true(older->end < FORKED);
}

/* What is recorded is of the one life, too. */
static void check_rows(const struct scene *scene, const struct model *model)
{
	const struct task *task = tasks_at(&model->tasks, TID, ENDED);
	struct cursor cursor;
	struct rows *rows;

	cursor_init(&cursor, scene->usage.recording, RECORD_DATA, BEGUN - NS_PER_MS, UINT64_MAX);
	while ((rows = cursor_next(&cursor)))
		for (uint32_t row = 0; row < rows_count(rows); row++) {
			struct rows_record taken;

			assert_true(rows_record(rows, row, &taken));
			if (taken.record.type == RECORD_TASK_USAGE &&
				taken.record.time >= BEGUN - US)
				assert_ptr_equal(
					tasks_at(&model->tasks, TID, taken.thread.start), task);
		}
	cursor_release(&cursor);
}

static void check_next(struct scene *scene)
{
	struct look_row row = row_of(BEGUN_AFTER - scene->setting->cut, 'R', 0, "after");
	size_t before = count_lives(scene->model);

	if (scene->setting->has_sideband)
		tell(scene, TASK_FORK, BEGUN_AFTER + 30 * US, "old");
	look_at(scene, BEGUN_AFTER + NS_PER_MS, &row);
	if (scene->setting->has_sideband)
		tell(scene, TASK_EXEC, BEGUN_AFTER + 50 * US, "after");
	assert_int_equal(count_lives(scene->model), before + 1);
	assert_string_equal(tasks_alive(&scene->model->tasks, TID)->thread.comm, "after");
}

static void check_order(const struct setting *setting, const enum step *order, size_t count)
{
	struct scene *scene = scene_new(setting);
	struct model *again = model_new();

	take_before(scene);
	for (size_t i = 0; i < count; i++)
		take_step(scene, order[i]);
	look_at(scene, BEGUN + 3 * NS_PER_S, NULL); /* what BPF told since the last look */
	check_life(scene, scene->model);
	check_rows(scene, scene->model);
	assert_int_equal(model_load(again, scene->usage.recording), 0);
	check_life(scene, again);
	check_rows(scene, again);
	model_free(again);
	check_next(scene);
	scene_free(scene);
}

/* All ways to mix what is left of the sources; returns how many there are. */
static size_t check_orders(const struct setting *setting, enum step *order, size_t count,
	size_t from_sideband, size_t from_bpf, size_t from_looks)
{
	size_t checked = 0;

	if (setting->has_sideband && from_sideband < COUNT(sideband)) {
		order[count] = sideband[from_sideband];
		checked += check_orders(
			setting, order, count + 1, from_sideband + 1, from_bpf, from_looks);
	}
	if (setting->has_bpf && from_bpf < COUNT(bpf)) {
		order[count] = bpf[from_bpf];
		checked += check_orders(
			setting, order, count + 1, from_sideband, from_bpf + 1, from_looks);
	}
	if (setting->has_looks && from_looks < COUNT(looks)) {
		order[count] = looks[from_looks];
		checked += check_orders(
			setting, order, count + 1, from_sideband, from_bpf, from_looks + 1);
	}
	if (checked)
		return checked;
	check_order(setting, order, count);
	return 1;
}

static size_t check_setting(struct setting setting)
{
	enum step order[STEPS];
	size_t checked = 0;

	for (setting.before = 0; setting.before < BEFORES; setting.before++)
		checked += check_orders(&setting, order, 0, 0, 0, 0);
	return checked;
}

static void promise_44_a_life_is_one_by_bpf(void **state)
{
	(void)state;
	assert_int_equal(check_setting((struct setting){true, true, true, 0, 0}), 3 * 1260);
}

/* Starts of /proc are cut to ticks. */
static void promise_44_a_life_is_one_by_proc(void **state)
{
	(void)state;
	assert_int_equal(
		check_setting((struct setting){true, false, true, 9 * NS_PER_MS, 0}), 3 * 35);
}

/* Whom the side-band does not tell of, for want of rights, say. */
static void promise_44_a_life_is_one_without_side_band(void **state)
{
	(void)state;
	assert_int_equal(check_setting((struct setting){false, true, true, 0, 0}), 3 * 15);
	assert_int_equal(check_setting((struct setting){false, false, true, 9 * NS_PER_MS, 0}), 3);
}

/* The first thread ends, another one calls exec, and has its number from then on. */
static void a_process_outlives_its_first_thread(void **state)
{
	struct setting setting = {true, true, true, 0, NOBODY_BEFORE};
	struct scene *scene = scene_new(&setting);
	struct look_row row = row_of(BEGUN, 'S', 0, "new"), gone = row_of(BEGUN, 'Z', 0, "old");
	struct look_row exec = row_of(BEGUN, 'R', ENDED + NS_PER_S + US, "new");
	struct task *task;

	(void)state;
	tell(scene, TASK_FORK, FORKED, "old");
	end_by_bpf(scene);
	tell(scene, TASK_EXIT, ENDED, "old");
	task = tasks_newest(&scene->model->tasks, TID);
	assert_true(task->end <= ENDED);
	gone.threads = 2; /* its process goes on */
	look_at(scene, ENDED + NS_PER_MS, &gone);
	assert_ptr_equal(tasks_alive(&scene->model->tasks, TID), task);
	tell(scene, TASK_EXEC, ENDED + NS_PER_S, "new");
	usage_take_exec(&scene->usage, &exec, STR("new"));
	look_at(scene, ENDED + 2 * NS_PER_S, &row);
	assert_ptr_equal(tasks_alive(&scene->model->tasks, TID), task);
	assert_int_equal(count_lives(scene->model), 1);
	tell(scene, TASK_EXIT, ENDED + 3 * NS_PER_S, "new");
	assert_true(task->end == ENDED + 3 * NS_PER_S);
	tasks_forget(&scene->model->tasks, ENDED + 3 * NS_PER_S);
	assert_int_equal(count_lives(scene->model), 1);
	tasks_forget(&scene->model->tasks, ENDED + 3 * NS_PER_S + 1);
	assert_int_equal(count_lives(scene->model), 0);
	scene_free(scene);
}

static bool follows(
	struct usage *usage, uint32_t tid, uint32_t tgid, uint32_t parent, uint64_t start)
{
	struct look_row row = {
		.tid = tid, .tgid = tgid, .parent = parent, .start = start, .threads = 1};

	return usage_follows(usage, &row);
}

/* Narrowed to a process, another one that has its number later, or its children's, is not it. */
static void promise_44_a_number_that_is_used_again_is_not_followed(void **state)
{
	struct usage usage = {0};
	uint32_t pid = 10;
	uint64_t now;

	(void)state;
	usage_narrow(&usage, &pid, 1);
	now = usage.narrowed;
	assert_true(follows(&usage, 10, 10, 1, now - NS_PER_S));
	assert_true(follows(&usage, 11, 10, 1, now + NS_PER_S));   /* a thread */
	assert_false(follows(&usage, 12, 12, 10, now - NS_PER_S)); /* a child from before */
	assert_true(follows(&usage, 20, 20, 10, now + NS_PER_S));
	assert_true(follows(&usage, 30, 30, 20, now + 2 * NS_PER_S));
	assert_true(follows(&usage, 20, 20, 1, now + NS_PER_S)); /* its parent has ended */
	/* The number of the child is another's, and its child is nobody's. */
	assert_false(follows(&usage, 20, 20, 1, now + 5 * NS_PER_S));
	assert_false(follows(&usage, 21, 20, 1, now + 6 * NS_PER_S));
	assert_false(follows(&usage, 22, 22, 20, now + 7 * NS_PER_S));
	/* Who was its child is told of late. */
	assert_true(follows(&usage, 31, 31, 20, now + 3 * NS_PER_S));
	assert_false(follows(&usage, 10, 10, 1, now + 9 * NS_PER_S));
	assert_false(follows(&usage, 40, 40, 10, now + 10 * NS_PER_S));
	/* And once more, as a child. */
	assert_true(follows(&usage, 20, 20, 30, now + 11 * NS_PER_S));
	assert_true(follows(&usage, 41, 41, 20, now + 12 * NS_PER_S));
	free(usage.followed);
	index_release(&usage.by_tgid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_44_a_life_is_one_by_bpf),
		cmocka_unit_test(promise_44_a_life_is_one_by_proc),
		cmocka_unit_test(promise_44_a_life_is_one_without_side_band),
		cmocka_unit_test(a_process_outlives_its_first_thread),
		cmocka_unit_test(promise_44_a_number_that_is_used_again_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
