/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: order, lateness, its bound, keyframes, chunks that are held while they go. */
#include "records.h"

#include "base/clock.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/cursor.h"
#include "record/recording.h"

#define LARGE ((size_t)1 << 30)

static void append_note(struct recording *recording, uint64_t time, const char *text)
{
	recording_append(recording,
		&(struct record){.type = RECORD_SAMPLE, .time = time, .name = str_from(text)});
}

/* All records of a class, in their order, given to @check one by one; how many. */
static size_t each_record(struct recording *recording, enum record_class kept,
	void (*check)(void *arg, size_t number, const struct record *record), void *arg)
{
	struct cursor cursor;
	struct rows *rows;
	size_t number = 0;

	cursor_init(&cursor, recording, kept, 0, UINT64_MAX);
	while ((rows = cursor_next(&cursor)))
		for (uint32_t row = 0; row < rows_count(rows); row++) {
			struct rows_record record;

			assert_true(rows_record(rows, row, &record));
			if (check)
				check(arg, number, &record.record);
			number++;
		}
	assert_int_equal(cursor.damaged, 0);
	cursor_release(&cursor);
	return number;
}

/* --- what is appended is there --- */

struct kept_records {
	struct made_record *made;
	uint64_t newest;
	size_t late;
};

static void check_made(void *arg, size_t number, const struct record *record)
{
	const struct kept_records *kept = arg;

	assert_same_record(record, &kept->made[number]);
}

static void append_by_chance(struct worker *worker)
{
	struct recording *recording = recording_new(worker, LARGE);
	struct kept_records kept[RECORD_CLASSES] = {{NULL, 0, 0}};
	size_t counts[RECORD_CLASSES] = {0}, total = 20000;
	struct maker maker;

	maker_init(&maker, 2);
	for (int i = 0; i < RECORD_CLASSES; i++)
		kept[i].made = test_calloc(total, sizeof(struct made_record));
	for (size_t i = 0; i < total; i++) {
		enum record_type type = (enum record_type)(
			1 + random_below(&maker.seed, RECORD_TYPES - 1));
		enum record_class class = record_schema(type)->kept;
		struct chunk *chunk = recording_chunk(recording, type);
		struct made_record made, *copy = &kept[class].made[counts[class]++];

		maker_next(&maker, type, chunk, &made);
		made_copy(copy, &made);
		recording_append(recording, &made.record);
		if (class != RECORD_DATA)
			continue;
		/* Told when it is known: neither late itself, nor does it make others so. */
		if (type == RECORD_NOTE || type >= RECORD_TASK_USAGE)
			continue;
		if (made.record.time < kept[class].newest && type != RECORD_INTERVAL) {
			copy->record.flags |= RECORD_LATE;
			kept[class].late++;
		}
		if (made.record.time > kept[class].newest)
			kept[class].newest = made.record.time;
	}
	assert_true(kept[RECORD_DATA].late > 20);
	assert_int_equal(recording_stats(recording).late, kept[RECORD_DATA].late);
	for (int round = 0; round < 2; round++) { /* open, then sealed */
		for (int i = 0; i < RECORD_CLASSES; i++)
			assert_int_equal(
				each_record(recording, (enum record_class)i, check_made, &kept[i]),
				counts[i]);
		recording_seal(recording);
		if (worker)
			assert_true(worker_finish(worker, 10000));
	}
	recording_free(recording);
	for (int i = 0; i < RECORD_CLASSES; i++)
		test_free(kept[i].made);
}

static void what_is_appended_is_there(void **state)
{
	struct worker *worker = worker_new(NULL, "seal", 1, false);

	(void)state;
	append_by_chance(NULL);
	append_by_chance(worker);
	worker_free(worker, false);
}

static void an_empty_recording_has_no_span(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	uint64_t first, last;

	(void)state;
	assert_true(recording_is_live(recording));
	assert_null(recording_damage(recording));
	assert_false(recording_span(recording, &first, &last));
	recording_seal(recording);
	recording_tick(recording, clock_now());
	assert_int_equal(recording_count(recording, RECORD_DATA), 0);
	assert_int_equal(each_record(recording, RECORD_DATA, NULL, NULL), 0);
	recording_free(recording);
	recording_free(NULL);
}

static void the_span_is_of_the_data(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	uint64_t first, last;

	(void)state;
	recording_append(recording, &(struct record){.type = RECORD_HOST, .time = 1});
	assert_false(recording_span(recording, &first, &last));
	append_note(recording, 50, "a");
	append_note(recording, 40, "late");
	assert_true(recording_span(recording, &first, &last));
	assert_int_equal(first, 40);
	assert_int_equal(last, 50);
	recording_seal(recording);
	append_note(recording, 60, "b");
	assert_true(recording_span(recording, &first, &last));
	assert_int_equal(first, 40);
	assert_int_equal(last, 60);
	recording_free(recording);
}

/* --- lateness --- */

static void check_late(void *arg, size_t number, const struct record *record)
{
	const char *late = arg;

	assert_int_equal(record->flags & RECORD_LATE, late[number] == 'L' ? RECORD_LATE : 0);
}

static void promise_06_what_comes_late_is_marked(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	static const struct {
		enum record_type type;
		uint64_t time;
	} records[] = {{RECORD_SAMPLE, 100}, {RECORD_SAMPLE, 100}, {RECORD_SAMPLE, 99},
		{RECORD_SAMPLE, 100}, {RECORD_NOTE, 50}, {RECORD_INTERVAL, 60},
		{RECORD_SAMPLE, 101}, {RECORD_LOST, 100}, {RECORD_INTERVAL, 200},
		{RECORD_SYSCALL, 150}};

	(void)state;
	for (size_t i = 0; i < COUNT(records); i++)
		recording_append(recording,
			&(struct record){.type = records[i].type, .time = records[i].time});
	each_record(recording, RECORD_DATA, check_late, (char *)"--L----L-L");
	assert_int_equal(recording_stats(recording).late, 3);
	/* State is what it is, whenever it is said. */
	recording_append(recording, &(struct record){.type = RECORD_TASK, .time = 1});
	assert_int_equal(recording_stats(recording).late, 3);
	recording_free(recording);
}

static void promise_01_what_was_lost_is_added_up(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	uint64_t sum = 0;

	(void)state;
	for (uint64_t i = 1; i <= 100; i++) {
		recording_append(recording,
			&(struct record){
				.type = RECORD_LOST, .sub = LOST_SAMPLES, .time = i, .nums = &i});
		append_note(recording, i, "x");
		sum += i;
		if (i % 10 == 0)
			recording_seal(recording);
	}
	assert_int_equal(recording_stats(recording).lost, sum);
	assert_int_equal(recording_stats(recording).rows[RECORD_LOST], 100);
	for (size_t i = 0; i < recording_count(recording, RECORD_DATA); i++)
		sum -= recording_info(recording, RECORD_DATA, i).lost;
	assert_int_equal(sum, 0);
	recording_free(recording);
}

/* --- the bound --- */

/* Rows that do not compress. */
static void append_noise(struct recording *recording, uint64_t *seed, uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t nums[SYSCALL_NUMS];

		for (int k = 0; k < SYSCALL_NUMS; k++)
			nums[k] = random_next(seed);
		recording_append(recording, &(struct record){.type = RECORD_SYSCALL,
						    .time = first + i,
						    .duration = random_next(seed),
						    .nums = nums});
	}
}

static void check_rising(void *arg, size_t number, const struct record *record)
{
	uint64_t *next = arg;

	(void)number;
	if (*next)
		assert_int_equal(record->time, *next);
	*next = record->time + 1;
}

static void promise_33_the_bound_holds(void **state)
{
	static const size_t bound = 1 << 20;
	struct recording *recording = recording_new(NULL, bound);
	uint64_t seed = 3, next = 0, at = 1;
	size_t kept;

	(void)state;
	recording_append(
		recording, &(struct record){.type = RECORD_HOST, .time = 1, .name = STR("stays")});
	recording_seal(recording);
	for (int i = 0; i < 60; i++, at += 3000) {
		append_noise(recording, &seed, at, 3000);
		assert_true(recording_stats(recording).size <= bound);
	}
	assert_true(recording_stats(recording).dropped > 5);
	/* What is left is the newest, without a gap. */
	kept = each_record(recording, RECORD_DATA, check_rising, &next);
	assert_int_equal(next, at);
	assert_true(kept > 8192 && kept < 60 * 3000);
	assert_int_equal(each_record(recording, RECORD_FACT, NULL, NULL), 1);
	recording_free(recording);
}

/* One that cannot hold a single chunk keeps none, and goes on. */
static void a_bound_below_a_chunk_is_no_harm(void **state)
{
	struct recording *recording = recording_new(NULL, 1);
	uint64_t seed = 3;

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		append_noise(recording, &seed, 1 + i * 100, 100);
		recording_seal(recording);
		assert_int_equal(recording_count(recording, RECORD_DATA), 0);
	}
	append_noise(recording, &seed, 1000, 10);
	assert_int_equal(each_record(recording, RECORD_DATA, NULL, NULL), 10);
	recording_free(recording);
}

static void chunks_are_sealed_when_they_are_old(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	uint64_t now = clock_now();

	(void)state;
	append_note(recording, 1, "a");
	recording_tick(recording, now + RECORDING_CHUNK_NS / 2);
	assert_int_equal(recording_info(recording, RECORD_DATA, 0).size, 0);
	recording_tick(recording, now + 2 * RECORDING_CHUNK_NS);
	assert_true(recording_info(recording, RECORD_DATA, 0).size > 0);
	append_note(recording, 2, "b");
	assert_int_equal(recording_count(recording, RECORD_DATA), 2);
	recording_free(recording);
}

/* --- keyframes --- */

struct machine {
	struct recording *recording;
	struct model *model;
	unsigned keyframes;
	uint64_t now; /* as the data has it */
};

static void fold(void *arg, const struct record *record)
{
	model_fold(((struct machine *)arg)->model, record);
}

static void keyframe(void *arg, uint64_t unused)
{
	struct machine *machine = arg;

	(void)unused;
	machine->keyframes++;
	model_snapshot(machine->model, machine->recording, machine->now);
}

static void task_event(struct machine *machine, uint32_t change, uint32_t tid, const char *comm)
{
	struct thread thread = {.tid = tid, .tgid = tid};

	strncpy(thread.comm, comm, sizeof(thread.comm) - 1);
	recording_append(machine->recording, &(struct record){.type = RECORD_TASK,
						     .sub = change,
						     .time = machine->now,
						     .thread = &thread});
}

static void same_task(void *arg, struct task *task)
{
	const struct model *other = arg;
	const struct task *same = tasks_alive(&other->tasks, task->thread.tid);

	assert_non_null(same);
	assert_memory_equal(same->thread.comm, task->thread.comm, sizeof(task->thread.comm));
}

static void count_task(void *arg, struct task *task)
{
	(void)task;
	++*(size_t *)arg;
}

/*
 * Processes come and go for two hours of ticks while the log is too small for them.  What is left
 * begins with a keyframe that is no newer than the data, and gives the very state there is.
 */
static void the_log_is_decodable_from_its_first_chunk(void **state)
{
	struct machine m = {.recording = recording_new(NULL, 200000), .model = model_new()};
	struct model *again = model_new();
	uint64_t seed = 4, clock = clock_now(), next = 0;
	size_t alive = 0, alive_again = 0;

	(void)state;
	recording_observe(m.recording, fold, &m);
	recording_on_keyframe(m.recording, keyframe, &m);
	for (uint32_t i = 0; i < 7200; i++) {
		m.now = 1000 + (uint64_t)i * NS_PER_S;
		task_event(&m, TASK_FORK, 100 + i, "new");
		if (i % 7 == 0)
			task_event(&m, TASK_COMM, 100 + i, "renamed");
		if (i > 300)
			task_event(&m, TASK_EXIT, 100 + i - 300, "new");
		append_noise(m.recording, &seed, m.now, 20);
		recording_tick(m.recording, clock + (uint64_t)i * NS_PER_S);
	}
	assert_in_range(m.keyframes, 110, 200); /* each minute, or half of the bound later */
	assert_true(recording_stats(m.recording).dropped > 100);
	assert_true(recording_info(m.recording, RECORD_STATE, 0).keyframe);
	assert_true(recording_info(m.recording, RECORD_STATE, 0).time_first <=
		    recording_info(m.recording, RECORD_DATA, 0).time_first);
	/* Of keyframes, only what the data needs is kept. */
	next = recording_info(m.recording, RECORD_DATA, 0).time_first;
	for (size_t i = 1; i < recording_count(m.recording, RECORD_STATE); i++)
		if (recording_info(m.recording, RECORD_STATE, i).keyframe) {
			assert_true(recording_info(m.recording, RECORD_STATE, i).time_first > next);
			break;
		}
	model_load(again, m.recording);
	tasks_each_alive(&m.model->tasks, count_task, &alive);
	tasks_each_alive(&again->tasks, count_task, &alive_again);
	assert_int_equal(alive, alive_again);
	assert_in_range(alive, 299, 302);
	tasks_each_alive(&m.model->tasks, same_task, again);
	model_free(again);
	model_free(m.model);
	recording_free(m.recording);
}

/* --- chunks that are held --- */

static void a_held_chunk_stays_when_the_log_drops_it(void **state)
{
	struct recording *recording = recording_new(NULL, 300000);
	struct rows *rows = rows_new();
	struct chunk_pin pin, other;
	uint64_t seed = 5;

	(void)state;
	append_noise(recording, &seed, 1, 500);
	recording_seal(recording);
	assert_true(recording_pin(recording, RECORD_DATA, 0, &pin));
	assert_non_null(pin.bytes);
	assert_true(recording_pin(recording, RECORD_DATA, 0, &other));
	for (uint64_t i = 1; i < 30; i++) {
		append_noise(recording, &seed, 1 + i * 1000, 1000);
		recording_seal(recording);
	}
	assert_true(recording_info(recording, RECORD_DATA, 0).time_first > 500);
	recording_unpin(recording, &other);
	assert_true(rows_attach_sealed(rows, pin.bytes, pin.size));
	assert_int_equal(rows_count(rows), 500);
	assert_int_equal(rows_value(rows, CHUNK_TIME)[499], 500);
	recording_unpin(recording, &pin);
	assert_null(pin.entry);
	recording_unpin(recording, &pin); /* of nothing: no harm */
	rows_free(rows);
	recording_free(recording);
}

static void an_open_chunk_that_is_sealed_stays_while_it_is_held(void **state)
{
	struct worker *worker = worker_new(NULL, "seal", 1, false);
	struct recording *recording = recording_new(worker, 1);
	struct rows *rows = rows_new();
	struct chunk_pin pin, sealed;
	uint64_t seed = 6;

	(void)state;
	append_noise(recording, &seed, 1, 700);
	assert_true(recording_pin(recording, RECORD_DATA, 0, &pin));
	assert_non_null(pin.open);
	rows_attach(rows, pin.open);
	recording_seal(recording);
	/* While it waits for the worker it is there as it was. */
	assert_true(recording_pin(recording, RECORD_DATA, 0, &sealed));
	recording_unpin(recording, &sealed);
	assert_true(worker_finish(worker, 10000));
	assert_int_equal(recording_count(recording, RECORD_DATA), 0); /* dropped meanwhile */
	assert_int_equal(rows_count(rows), 700);
	assert_int_equal(rows_value(rows, CHUNK_TIME)[699], 700);
	recording_unpin(recording, &pin);
	assert_false(recording_pin(recording, RECORD_DATA, 0, &pin));
	rows_free(rows);
	recording_free(recording);
	worker_free(worker, false);
}

/* Pinned open, sealed and not dropped: the next to pin it gets the sealed bytes. */
static void a_sealed_chunk_gives_up_its_columns(void **state)
{
	struct recording *recording = recording_new(NULL, LARGE);
	struct chunk_pin open, sealed;

	(void)state;
	append_note(recording, 5, "x");
	assert_true(recording_pin(recording, RECORD_DATA, 0, &open));
	recording_seal(recording);
	assert_true(recording_pin(recording, RECORD_DATA, 0, &sealed));
	assert_non_null(sealed.bytes);
	assert_non_null(open.open);
	assert_int_equal(open.open->rows, 1);
	recording_unpin(recording, &open);
	recording_unpin(recording, &sealed);
	assert_true(recording_pin(recording, RECORD_DATA, 0, &sealed));
	assert_null(sealed.open);
	recording_unpin(recording, &sealed);
	recording_free(recording);
}

struct order {
	uint64_t last[RECORD_CLASSES];
	size_t count;
	char classes[64];
};

static void on_sealed(void *arg, enum record_class kept, uint64_t sequence)
{
	struct order *order = arg;

	assert_true(sequence > order->last[kept]);
	order->last[kept] = sequence;
	if (order->count < sizeof(order->classes) - 1)
		order->classes[order->count] = "DSF"[kept];
	order->count++;
}

/* A file that is read as a stream has names before state, and state before the data. */
static void names_are_sealed_before_what_needs_them(void **state)
{
	struct worker *worker = worker_new(NULL, "seal", 1, false);
	struct recording *recording = recording_new(worker, LARGE);
	struct order order = {.count = 0};

	(void)state;
	recording_on_sealed(recording, on_sealed, &order);
	for (int i = 0; i < 3; i++) {
		append_note(recording, 1, "x");
		recording_append(recording, &(struct record){.type = RECORD_TASK, .time = 1});
		recording_append(recording, &(struct record){.type = RECORD_HOST, .time = 1});
		recording_seal(recording);
	}
	assert_true(worker_finish(worker, 10000));
	assert_string_equal(order.classes, "FSDFSDFSD");
	/* Also when it is the data that is full. */
	recording_append(recording, &(struct record){.type = RECORD_HOST, .time = 1});
	for (int i = 0; i < CHUNK_ROWS + 1; i++)
		append_note(recording, 2, "x");
	assert_true(worker_finish(worker, 10000));
	assert_string_equal(order.classes, "FSDFSDFSDFD");
	recording_free(recording);
	worker_free(worker, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_is_there),
		cmocka_unit_test(an_empty_recording_has_no_span),
		cmocka_unit_test(the_span_is_of_the_data),
		cmocka_unit_test(promise_06_what_comes_late_is_marked),
		cmocka_unit_test(promise_01_what_was_lost_is_added_up),
		cmocka_unit_test(promise_33_the_bound_holds),
		cmocka_unit_test(a_bound_below_a_chunk_is_no_harm),
		cmocka_unit_test(chunks_are_sealed_when_they_are_old),
		cmocka_unit_test(the_log_is_decodable_from_its_first_chunk),
		cmocka_unit_test(a_held_chunk_stays_when_the_log_drops_it),
		cmocka_unit_test(an_open_chunk_that_is_sealed_stays_while_it_is_held),
		cmocka_unit_test(a_sealed_chunk_gives_up_its_columns),
		cmocka_unit_test(names_are_sealed_before_what_needs_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
