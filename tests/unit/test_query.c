/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views over random samples, against sums made in the plainest way. */
#include "records.h"

#include "record/recording.h"
#include "view/query.h"

#define SAMPLES 3000
#define FUNCTIONS 6
#define DEPTH 7
#define THREADS 9
#define FROM 1000
#define TO 30000

struct sample {
	uint32_t stack[DEPTH]; /* functions, the outermost first */
	uint32_t depth, tid, cpu;
	uint64_t time, weight;
};

struct stage {
	struct recording *recording;
	struct model *model;
	struct sample samples[SAMPLES];
};

static const char *const names[FUNCTIONS] = {"main", "run", "walk", "sort", "hash", "copy"};

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static void add_facts(struct stage *stage)
{
	recording_append(stage->recording,
		&(struct record){.type = RECORD_DSO,
			.name = STR("/bin/work"),
			.nums = (uint64_t[DSO_NUMS]){1, DSO_FILE, DSO_PROVEN, 0, 5},
			.texts = (struct str[DSO_TEXTS]){{"", 0}, {"", 0}}});
	for (uint64_t i = 0; i < FUNCTIONS; i++)
		recording_append(
			stage->recording, &(struct record){.type = RECORD_SYMBOL,
						  .name = str_from(names[i]),
						  .nums = (uint64_t[SYMBOL_NUMS]){1,
							  0x1000 * (i + 1), 0x1000 * (i + 2), 0},
						  .texts = (struct str[SYMBOL_TEXTS]){{"", 0}}});
}

static void add_sample(struct stage *stage, struct sample *sample, uint64_t *seed)
{
	static struct thread threads[THREADS];
	struct chunk *chunk = recording_chunk(stage->recording, RECORD_SAMPLE);
	uint32_t node = 0;
	bool added;

	for (uint32_t i = 0; i < sample->depth; i++) {
		struct frame frame = {
			0x1000 * (sample->stack[i] + 1ull) + random_below(seed, 3), 1};

		node = chunk_node(chunk, node, chunk_frame(chunk, frame, &added));
	}
	threads[sample->tid].tid = sample->tid + 1;
	threads[sample->tid].tgid = sample->tid / 3 + 1;
	threads[sample->tid].chunk = 0;
	recording_append(
		stage->recording, &(struct record){.type = RECORD_SAMPLE,
					  .sub = 1,
					  .time = sample->time,
					  .cpu = sample->cpu,
					  .stack = node,
					  .thread = &threads[sample->tid],
					  .nums = (uint64_t[SAMPLE_NUMS]){sample->weight}});
}

static struct stage *stage_new(uint64_t seed)
{
	struct stage *stage = test_calloc(1, sizeof(*stage));
	uint64_t time = 0;

	stage->model = model_new();
	stage->recording = recording_new(NULL, (size_t)1 << 30);
	recording_observe(stage->recording, fold, stage->model);
	add_facts(stage);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct sample *sample = &stage->samples[i];

		sample->depth = (uint32_t)random_below(&seed, DEPTH + 1);
		for (uint32_t k = 0; k < sample->depth; k++)
			sample->stack[k] = (uint32_t)random_below(&seed, k ? FUNCTIONS : 2);
		sample->tid = (uint32_t)random_below(&seed, THREADS);
		sample->cpu = (uint32_t)random_below(&seed, 4);
		sample->time = time += random_below(&seed, 21);
		sample->weight = 1 +
				 random_below(&seed, 1000); /* without a weight there is no row */
		add_sample(stage, sample, &seed);
		if (i % 700 == 699)
			recording_seal(stage->recording);
	}
	return stage;
}

static void stage_free(struct stage *stage)
{
	recording_free(stage->recording);
	model_free(stage->model);
	test_free(stage);
}

static bool in_span(const struct sample *sample)
{
	return sample->time >= FROM && sample->time < TO;
}

static bool always_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	(void)depth;
	return true;
}

static struct view *view_of(const char *text)
{
	struct error error = {0};
	struct view *view = view_load("test", "test.lua", str_from(text), &error);

	if (!view)
		fail_msg("%s", error.text);
	return view;
}

static struct table *run(struct stage *stage, const struct view *view, const char *text)
{
	struct filter_error error;
	struct filter *filter = filter_parse(text, &error);
	const struct filter *filters[] = {filter};
	struct table *table;

	assert_non_null(filter);
	table = query_run(&(struct query_spec){.view = view,
				  .filters = filters,
				  .filter_count = 1,
				  .from = FROM,
				  .to = TO,
				  .unfolding = {always_open, NULL}},
		stage->recording, stage->model);
	filter_free(filter);
	return table;
}

/* --- groups --- */

static void assert_near(struct value got, double wanted)
{
	double difference = value_number(got) - wanted;

	if (difference > 1e-6 || difference < -1e-6)
		fail_msg("%f is not %f", value_number(got), wanted);
}

struct sums_of_thread {
	uint64_t count, sum, low, high, last_cpu, cpus;
};

static void groups_add_up(void **state)
{
	struct view *view = view_of(
		"return { name = 'T', help = 'T', key = { 'thread.tid' }, columns = {"
		"{ 'A', 'sample.count', agg = 'sum' }, { 'B', 'sample.weight', agg = 'sum' },"
		"{ 'C', 'sample.weight', agg = 'min' }, { 'D', 'sample.weight', agg = 'max' },"
		"{ 'E', 'sample.weight', agg = 'avg' }, { 'F', 'sample.weight', agg = 'rate' },"
		"{ 'G', 'evt.cpu', agg = 'distinct' }, { 'H', 'evt.cpu', agg = 'last' },"
		"{ 'I', 'sample.weight', agg = 'sum', of = 'total' },"
		"{ 'J', 'sample.weight', agg = 'sum', of = 'filtered' },"
		"{ 'K', 'thread.tid', sort = 'asc' } } }");
	struct stage *stage = stage_new(31);
	struct table *table = run(stage, view, "evt.cpu < 3");
	struct sums_of_thread wanted[THREADS] = {{0}};
	uint64_t total = 0, filtered = 0;
	uint32_t row = 0;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *sample = &stage->samples[i];
		struct sums_of_thread *sums = &wanted[sample->tid];

		if (!in_span(sample))
			continue;
		total += sample->weight;
		if (sample->cpu >= 3)
			continue;
		filtered += sample->weight;
		if (!sums->count++ || sample->weight < sums->low)
			sums->low = sample->weight;
		sums->high = sample->weight > sums->high ? sample->weight : sums->high;
		sums->sum += sample->weight;
		sums->last_cpu = sample->cpu;
		sums->cpus |= 1u << sample->cpu;
	}
	assert_int_equal(table->count, THREADS);
	for (uint32_t tid = 0; tid < THREADS; tid++, row++) {
		const struct value *cells = table_cells(table, table->order[row]);
		const struct sums_of_thread *sums = &wanted[tid];

		assert_int_equal(table_keys(table, table->order[row])[0].u, tid + 1);
		assert_near(cells[0], (double)sums->count);
		assert_near(cells[1], (double)sums->sum);
		assert_near(cells[2], (double)sums->low);
		assert_near(cells[3], (double)sums->high);
		assert_near(cells[4], (double)sums->sum / (double)sums->count);
		assert_near(cells[5], (double)sums->sum * 1e9 / (TO - FROM));
		assert_near(cells[6], __builtin_popcountll(sums->cpus));
		assert_near(cells[7], (double)sums->last_cpu);
		assert_near(cells[8], 100.0 * (double)sums->sum / (double)total);
		assert_near(cells[9], 100.0 * (double)sums->sum / (double)filtered);
	}
	table_free(table);
	stage_free(stage);
	view_free(view);
}

/* --- stacks --- */

/* A path of a tree: functions from the top row down, and what it weighs. */
struct path {
	uint32_t functions[DEPTH], depth;
	uint64_t weight, self;
};

struct paths {
	struct path *paths;
	size_t count;
};

static void paths_add(struct paths *paths, const uint32_t *functions, uint32_t depth,
	uint64_t weight, uint64_t self)
{
	size_t at = 0;

	while (at < paths->count &&
		(paths->paths[at].depth != depth ||
			memcmp(paths->paths[at].functions, functions, depth * sizeof(*functions))))
		at++;
	if (at == paths->count) {
		paths->count++;
		memcpy(paths->paths[at].functions, functions, depth * sizeof(*functions));
		paths->paths[at].depth = depth;
	}
	paths->paths[at].weight += weight;
	paths->paths[at].self += self;
}

static uint32_t function_of(struct str name)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		if (str_equal(name, str_from(names[i])))
			return i;
	fail_msg("%.*s", (int)name.size, name.data);
	return 0;
}

/* Every function on the stack is a row, by its outermost call; below it callers or callees. */
static void add_stack(struct paths *paths, const struct sample *sample, int step)
{
	for (uint32_t i = 0; i < sample->depth; i++) {
		uint32_t path[DEPTH], depth = 0;
		bool again = false;

		for (uint32_t k = 0; k < i; k++)
			again |= sample->stack[k] == sample->stack[i];
		if (again)
			continue;
		for (uint32_t at = i; at < sample->depth; at += (uint32_t)step) {
			path[depth++] = sample->stack[at];
			paths_add(paths, path, depth, sample->weight, 0);
			if (!at && step < 0)
				break;
		}
	}
}

static void check_tree(const char *text, int step, uint32_t deepest)
{
	struct view *view = view_of(text);
	struct stage *stage = stage_new(32);
	struct table *table = run(stage, view, "");
	struct paths wanted = {test_calloc(400000, sizeof(struct path)), 0};
	size_t rows = 0;

	for (size_t i = 0; i < SAMPLES; i++)
		if (in_span(&stage->samples[i]))
			add_stack(&wanted, &stage->samples[i], step);
	for (uint32_t row = 0; row < table->count; row++) {
		uint32_t reversed[DEPTH], functions[DEPTH], depth = 0;
		double weight = value_number(table_cells(table, row)[0]);
		size_t at = 0;

		for (uint32_t up = row; up != TABLE_TOP; up = table->rows[up].parent)
			reversed[depth++] = function_of(value_str(table_label(table, up)));
		assert_int_equal(table->rows[row].depth + 1, depth);
		for (uint32_t k = 0; k < depth; k++)
			functions[k] = reversed[depth - 1 - k];
		while (at < wanted.count && (wanted.paths[at].depth != depth ||
						    memcmp(wanted.paths[at].functions, functions,
							    depth * sizeof(*functions))))
			at++;
		assert_true(at < wanted.count);
		assert_near(value_real(weight), (double)wanted.paths[at].weight);
		rows++;
	}
	for (size_t i = 0; i < wanted.count; i++)
		rows -= wanted.paths[i].depth <= deepest;
	assert_int_equal(rows, 0);
	test_free(wanted.paths);
	table_free(table);
	stage_free(stage);
	view_free(view);
}

static void callers_are_sums_over_paths(void **state)
{
	(void)state;
	check_tree("return { name = 'T', help = 'T', panel = 'tree', path = 'stack.callers',"
		   "columns = { { 'A', 'sample.weight', agg = 'sum' } } }",
		-1, DEPTH);
}

static void callees_are_sums_over_paths(void **state)
{
	(void)state;
	check_tree("return { name = 'T', help = 'T', panel = 'tree', path = 'stack.callees',"
		   "columns = { { 'A', 'sample.weight', agg = 'sum' } } }",
		1, DEPTH);
}

/* In a flat list a sample counts once for each function on its stack, and once as its own. */
static void a_function_counts_once_a_sample(void **state)
{
	struct view *view = view_of(
		"return { name = 'T', help = 'T', expand = 'stack', columns = {"
		"{ 'A', 'sample.weight', agg = 'sum' }, { 'B', 'sample.self', agg = 'sum' } } }");
	struct stage *stage = stage_new(33);
	struct table *table = run(stage, view, "");
	uint64_t with[FUNCTIONS] = {0}, self[FUNCTIONS] = {0};

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *sample = &stage->samples[i];
		unsigned seen = 0;

		if (!in_span(sample) || !sample->depth)
			continue;
		for (uint32_t k = 0; k < sample->depth; k++)
			seen |= 1u << sample->stack[k];
		for (uint32_t k = 0; k < FUNCTIONS; k++)
			with[k] += seen >> k & 1 ? sample->weight : 0;
		self[sample->stack[sample->depth - 1]] += sample->weight;
	}
	assert_int_equal(table->count, FUNCTIONS);
	for (uint32_t row = 0; row < table->count; row++) {
		uint32_t function = function_of(value_str(table_label(table, row)));

		assert_near(table_cells(table, row)[0], (double)with[function]);
		assert_near(table_cells(table, row)[1], (double)self[function]);
	}
	table_free(table);
	stage_free(stage);
	view_free(view);
}

/* In slices of any size it is the same table. */
static void steps_lead_to_the_same_table(void **state)
{
	struct view *view = view_of(
		"return { name = 'T', help = 'T', key = { 'symbol.id' },"
		"columns = { { 'A', 'sample.weight', agg = 'sum', sort = 'desc' } } }");
	struct stage *stage = stage_new(34);
	struct table *whole = run(stage, view, ""), *stepped;
	struct query *query = query_new(&(struct query_spec){.view = view, .from = FROM, .to = TO},
		stage->recording, stage->model);

	(void)state;
	while (query_step(query, 1))
		;
	stepped = query_table(query);
	assert_int_equal(stepped->count, whole->count);
	for (uint32_t i = 0; i < whole->count; i++)
		assert_int_equal(value_compare(table_cells(whole, whole->order[i])[0],
					 table_cells(stepped, stepped->order[i])[0]),
			0);
	table_free(stepped);
	query_free(query);
	table_free(whole);
	stage_free(stage);
	view_free(view);
}

/* --- order --- */

static void equal_rows_keep_one_order(void **state)
{
	struct view *view = view_of("return { name = 'T', help = 'T', key = { 'thread.tid' },"
				    "columns = { { 'A', 'sample.weight', agg = 'sum' } } }");
	struct table *table = table_new(view);
	uint64_t seed = 35;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct value *cells = table_add(
			table, (struct table_row){.id = i, .parent = TABLE_TOP});

		cells[0] = random_below(&seed, 5) ? value_unsigned(random_below(&seed, 4))
						  : value_none();
		cells[1] = value_unsigned(i * 7919 % 200);
		cells[2] = value_unsigned(cells[1].u % 10);
	}
	for (int falling = 0; falling < 2; falling++) {
		table_sort(table, 0, falling);
		for (uint32_t i = 1; i < table->count; i++) {
			const struct value *a = table_cells(table, table->order[i - 1]);
			const struct value *b = table_cells(table, table->order[i]);
			int order = value_compare(a[0], b[0]);

			if (a[0].type == VALUE_NONE) /* these stand last, whatever the direction */
				assert_int_equal(b[0].type, VALUE_NONE);
			else if (b[0].type != VALUE_NONE)
				assert_true(falling ? order >= 0 : order <= 0);
			if (!order && a[2].u == b[2].u)
				assert_true(a[1].u < b[1].u);
			else if (!order)
				assert_true(a[2].u < b[2].u);
		}
	}
	table_free(table);
	view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_add_up),
		cmocka_unit_test(callers_are_sums_over_paths),
		cmocka_unit_test(callees_are_sums_over_paths),
		cmocka_unit_test(a_function_counts_once_a_sample),
		cmocka_unit_test(steps_lead_to_the_same_table),
		cmocka_unit_test(equal_rows_keep_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
