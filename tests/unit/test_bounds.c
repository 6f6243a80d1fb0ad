/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More names than there is room for: memory stays what it may be, and nothing is miscounted. */
#include <malloc.h>

#include "records.h"

#include "record/recording.h"
#include "view/query.h"

#define MIB ((size_t)1 << 20)
#define LOG (4 * MIB)
#define OWN (64 * MIB)
#define NAMES 1000000
#define LOOK_EACH 100000
#define FULL 250000 /* rows of which not all fit */

struct scene {
	struct recording *recording;
	struct model *model;
	struct view *view;
	size_t before, most; /* bytes in use */
};

static size_t bytes_in_use(void)
{
	struct mallinfo2 now = mallinfo2();

	return now.uordblks + now.hblkhd;
}

static void note_bytes(struct scene *scene)
{
	size_t now = bytes_in_use() - scene->before;

	scene->most = now > scene->most ? now : scene->most;
}

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static int open_scene(void **state)
{
	static const char text[] =
		"return { name = 'T', help = 'T', key = { 'proc.pid', 'proc.start' },"
		"label = 'proc.name', columns = { { 'CPU', 'proc.cpu', agg = 'mean', sort = 'desc' "
		"},"
		"{ 'N', 'evt.count', agg = 'sum' }, { 'NAME', 'proc.name', agg = 'last' },"
		"{ 'COMMAND', 'proc.cmdline', agg = 'last' } } }";
	struct scene *scene = test_calloc(1, sizeof(*scene));
	struct error error = {0};

	scene->before = bytes_in_use();
	scene->view = view_load("test", "test.lua", str_from(text), &error);
	if (!scene->view)
		fail_msg("%s", error.text);
	scene->model = model_new();
	scene->recording = recording_new(NULL, LOG);
	recording_observe(scene->recording, fold, scene->model);
	*state = scene;
	return 0;
}

static int close_scene(void **state)
{
	struct scene *scene = *state;

	recording_free(scene->recording);
	model_free(scene->model);
	view_free(scene->view);
	test_free(scene);
	return 0;
}

/* A process that lived for a moment, under a name and with arguments that no other has. */
static void add_life(struct scene *scene, uint32_t number)
{
	uint64_t time = 1000 * (uint64_t)(number + 1);
	struct thread thread = {.tid = number + 1, .tgid = number + 1, .start = time};
	uint64_t nums[TASK_NUMS] = {[TASK_PARENT] = 1, [TASK_START] = time, [TASK_UID] = 1};
	char arguments[1024];
	struct str texts[] = {{arguments, sizeof(arguments)}};
	struct record record = {
		.type = RECORD_TASK, .sub = TASK_ALIVE, .time = time, .thread = &thread};

	snprintf(thread.comm, sizeof(thread.comm), "name-%u", number);
	memcpy(thread.process, thread.comm, sizeof(thread.process));
	memset(arguments, 'a', sizeof(arguments));
	snprintf(arguments, sizeof(arguments), "/usr/bin/name-%u", number);
	record.nums = nums;
	record.texts = texts;
	recording_append(scene->recording, &record);
	recording_append(scene->recording,
		&(struct record){.type = RECORD_TASK_USAGE,
			.time = time,
			.duration = 1000,
			.thread = &thread,
			.nums = (uint64_t[TASK_USAGE_NUMS]){[TASK_USAGE_USER] = 1}});
	record.sub = TASK_EXIT;
	record.time = time + 1;
	record.nums = NULL;
	record.texts = NULL;
	recording_append(scene->recording, &record);
}

static struct table *look(struct scene *scene)
{
	struct query_spec spec = {.view = scene->view, .to = UINT64_MAX};
	struct query *query = query_new(&spec, scene->recording, scene->model);
	struct table *table;

	while (query_step(query, 1000000))
		;
	table = query_table(query);
	note_bytes(scene);
	query_free(query);
	return table;
}

static void promise_33_a_million_names(void **state)
{
	struct scene *scene = *state;

	for (uint32_t i = 0; i < NAMES; i++) {
		add_life(scene, i);
		if (i % 1000 == 999) {
			recording_tick(scene->recording, 1000 * (uint64_t)i);
			note_bytes(scene);
		}
		if (i % LOOK_EACH == LOOK_EACH - 1)
			table_free(look(scene));
	}
	if (scene->most > LOG + OWN)
		fail_msg("%zu MiB", scene->most / MIB);
	assert_true(scene->model->tasks.evicted > NAMES / 2);
}

/* As many rows as there is room for, and one for all others: together they are all there is. */
static void promise_33_what_does_not_fit_is_one_row(void **state)
{
	struct scene *scene = *state;
	struct table *table;
	uint64_t sum = 0, others = 0;

	for (uint32_t i = 0; i < FULL; i++)
		add_life(scene, i);
	table = look(scene);
	assert_true(table->cut);
	for (uint32_t row = 0; row < table->count; row++) {
		const struct value *cells = table_cells(table, row);

		sum += cells[1].u;
		if (!str_equal(value_str(table_label(table, row)), STR(GROUPS_OTHERS)))
			continue;
		assert_int_equal(others++, 0);
		assert_int_equal(table_keys(table, row)[0].type, VALUE_NONE);
		assert_int_equal(cells[3].type, VALUE_NONE); /* they have no one command line */
		assert_true(cells[1].u > 1);
	}
	assert_int_equal(others, 1);
	assert_int_equal(sum, table->records);
	assert_true(table->records > table->count);
	table_free(table);
	if (scene->most > LOG + OWN)
		fail_msg("%zu MiB", scene->most / MIB);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			promise_33_a_million_names, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(
			promise_33_what_does_not_fit_is_one_row, open_scene, close_scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
