/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What taking records in and reading them back costs: chunks, filters and groups, on synthetic
 * system calls and samples.
 *
 *   engine [EVENTS]    default 4000000
 *
 * Prints nanoseconds an event of one core, and bytes an event.  The mixes are made after what was
 * measured on real ones: `dd` (two calls of one thread), `build` (60 kinds, half with a path), and
 * samples of ten processes with stacks of about 20 frames.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/model.h"
#include "record/recording.h"
#include "view/query.h"

#define BOUND ((size_t)4 << 30)

/* xorshift64: the same sequence in every run. */
static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t random_below(uint64_t limit)
{
	return (random_next() >> 11) % limit;
}

static uint64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* System calls have no fields of their own in the program yet: these are what the engine needs. */
static struct value get_call(struct extract *x, uint32_t kind)
{
	uint32_t count;

	return value_unsigned(rows_kinds(x->rows, &count)[kind].sub);
}

static const uint64_t *latency_column(struct extract *x)
{
	return rows_value(x->rows, CHUNK_DURATION);
}

static const uint64_t *result_column(struct extract *x)
{
	return rows_value(x->rows, CHUNK_RESULT);
}

static const uint64_t *argument_column(struct extract *x)
{
	return rows_num(x->rows, RECORD_SYSCALL, 2);
}

static struct value get_file(struct extract *x, uint32_t string)
{
	return string ? value_text(rows_string(x->rows, string)) : value_none();
}

#define CALLS FIELD_TYPE(RECORD_SYSCALL)

static const struct field call_fields[] = {
	{.name = "call.number",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_KIND,
		.types = CALLS,
		.title = "CALL",
		.width = 6,
		.help = "number",
		.get = get_call},
	{.name = "call.latency",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_NS,
		.domain = DOMAIN_ROW,
		.types = CALLS,
		.title = "LATENCY",
		.width = 8,
		.help = "latency",
		.column = latency_column},
	{.name = "call.result",
		.type = VALUE_SIGNED,
		.domain = DOMAIN_ROW,
		.types = CALLS,
		.title = "RESULT",
		.width = 8,
		.help = "result",
		.column = result_column},
	{.name = "call.arg2",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = CALLS,
		.title = "ARG2",
		.width = 8,
		.help = "third argument",
		.column = argument_column},
	{.name = "call.file",
		.type = VALUE_TEXT,
		.domain = DOMAIN_NAME,
		.types = CALLS,
		.title = "FILE",
		.width = 8,
		.help = "file",
		.get = get_file},
};

static const struct field_class call_class = {
	"call", "synthetic calls", call_fields, sizeof(call_fields) / sizeof(*call_fields)};

static void make_threads(struct thread *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		threads[i] = (struct thread){.tid = 1000 + i, .tgid = 1000 + i / 4};
		snprintf(threads[i].comm, sizeof(threads[i].comm), "thread%u", i);
		snprintf(threads[i].process, sizeof(threads[i].process), "process%u", i / 4);
	}
}

/* Mostly short, now and then a hundred times as long: as latencies are. */
static uint64_t make_latency(void)
{
	uint64_t latency = 200 + random_below(600);

	return random_below(64) ? latency : latency * (1 + random_below(200));
}

static void make_dd(struct recording *recording, uint64_t count)
{
	struct thread thread = {.tid = 77, .tgid = 77, .comm = "dd", .process = "dd"};
	uint64_t time = NS_PER_S;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t args[SYSCALL_NUMS] = {i % 2, 0x55d0c0de1000, 1};

		time += 110 + random_below(16);
		recording_append(
			recording, &(struct record){.type = RECORD_SYSCALL,
					   .sub = (uint32_t)(i % 2),
					   .time = time,
					   .duration = 40 + random_below(16),
					   .result = 1,
					   .cpu = 1,
					   .thread = &thread,
					   .name = i % 2 ? STR("/dev/null") : STR("/dev/zero"),
					   .nums = args});
	}
}

static void make_build(struct recording *recording, uint64_t count)
{
	static char files[3000][48];
	struct thread threads[64];
	uint64_t time = NS_PER_S;

	make_threads(threads, 64);
	for (unsigned i = 0; i < 3000; i++)
		snprintf(files[i], sizeof(files[i]), "/usr/include/x86_64-linux-gnu/part%u/file.h",
			i);
	for (uint64_t i = 0; i < count; i++) {
		/* A handful of calls makes most of it. */
		uint32_t number = (uint32_t)(random_below(5) ? random_below(6) : random_below(60));
		uint64_t args[SYSCALL_NUMS] = {random_below(16),
			0x7ffe00000000 + random_below(4096), number % 3 ? random_below(8192) : 0,
			number % 4 ? 0x1a4 : 0};
		/* Files come in runs: the same few for a while, then others. */
		uint64_t file = (i / 400 * 7 + random_below(40)) % 3000;

		time += 500 + random_below(2000);
		recording_append(recording,
			&(struct record){.type = RECORD_SYSCALL,
				.sub = number,
				.time = time,
				.duration = make_latency(),
				.result = random_below(8) ? (int64_t)random_below(4096) : -2,
				.cpu = (uint32_t)random_below(2),
				.thread = &threads[(i / 200 + random_below(3)) % 64],
				.name = random_below(2) ? str_from(files[file])
							: (struct str){"", 0},
				.nums = args});
	}
}

/* A stack of up to 24 frames: the same callers for long, leaves that change. */
static uint32_t make_stack(struct chunk *chunk, uint64_t process, uint64_t choice)
{
	uint32_t node = 0;
	bool added;

	for (unsigned depth = 0; depth < 18 + choice % 7; depth++) {
		uint64_t function = depth < 12 ? process * 40 + depth
					       : process * 40 + depth + choice % (depth * 8);
		struct frame frame = {0x1000 + function * 0x100 + choice % 16, 1};

		node = chunk_node(chunk, node, chunk_frame(chunk, frame, &added));
	}
	return node;
}

static void make_samples(struct recording *recording, uint64_t count)
{
	struct thread threads[40];
	uint64_t time = NS_PER_S, choices[10];

	make_threads(threads, 40);
	recording_append(recording, &(struct record){.type = RECORD_DSO,
					    .name = STR("/usr/bin/load"),
					    .nums = (uint64_t[DSO_NUMS]){[DSO_ID] = 1,
						    [DSO_KIND] = DSO_FILE,
						    [DSO_STATUS] = DSO_PROVEN},
					    .texts = (struct str[DSO_TEXTS]){{"", 0}, {"", 0}}});
	for (uint64_t i = 0; i < 800; i++) {
		char name[24];

		snprintf(name, sizeof(name), "function_%" PRIu64, i);
		recording_append(
			recording, &(struct record){.type = RECORD_SYMBOL,
					   .name = str_from(name),
					   .nums = (uint64_t[SYMBOL_NUMS]){1, 0x1000 + i * 0x100,
						   0x1000 + (i + 1) * 0x100},
					   .texts = (struct str[SYMBOL_TEXTS]){{"", 0}}});
	}
	for (uint64_t i = 0; i < count; i++) {
		struct chunk *chunk = recording_chunk(recording, RECORD_SAMPLE);
		uint64_t process = random_below(10), weight = 250000;

		if (!(i % 16))
			choices[process] = random_below(300);
		time += 125000 + random_below(1000);
		recording_append(recording,
			&(struct record){.type = RECORD_SAMPLE,
				.sub = 1,
				.time = time,
				.cpu = (uint32_t)(i % 2),
				.thread = &threads[process * 4 + random_below(4)],
				.stack = make_stack(chunk, process, choices[process] % 300),
				.nums = &weight});
	}
}

static void measure_write(const char *name, struct recording *recording, uint64_t count,
	void (*make)(struct recording *recording, uint64_t count))
{
	uint64_t start = cpu_ns(), spent;
	struct recording_stats stats;

	make(recording, count);
	recording_seal(recording);
	spent = cpu_ns() - start;
	stats = recording_stats(recording);
	printf("%-8s taken in       %7.1f ns/event %7.2f bytes/event\n", name,
		(double)spent / (double)count, (double)stats.size / (double)count);
}

static void measure_view(const char *name, struct recording *recording, uint64_t count,
	const char *what, const char *lua, const char *narrow)
{
	struct error error;
	struct filter_error filter_error;
	struct view *view = view_load("bench", "bench.lua", str_from(lua), &error);
	struct filter *filter = filter_parse(narrow, &filter_error);
	const struct filter *filters[] = {filter};
	struct model *model = model_new();
	uint64_t best = UINT64_MAX, rows = 0;

	if (!view || !filter) {
		fprintf(stderr, "%s\n", view ? filter_error.text : error.text);
		exit(1);
	}
	model_load(model, recording);
	for (int i = 0; i < 3; i++) {
		struct query_spec spec = {.view = view,
			.filters = filters,
			.filter_count = 1,
			.from = 0,
			.to = UINT64_MAX};
		uint64_t start = cpu_ns(), spent;
		struct table *table = query_run(&spec, recording, model);

		spent = cpu_ns() - start;
		best = spent < best ? spent : best;
		rows = table->count;
		table_free(table);
	}
	printf("%-8s %-14s %7.2f ns/event %7.1f M/s %6" PRIu64 " rows\n", name, what,
		(double)best / (double)count, (double)count * 1e3 / (double)best, rows);
	model_free(model);
	filter_free(filter);
	view_free(view);
}

#define VIEW(keys, columns) \
	"return { name = 'b', help = 'b', key = { " keys " }, columns = { " columns " } }"

static void measure_calls(
	const char *name, uint64_t count, void (*make)(struct recording *recording, uint64_t count))
{
	struct recording *recording = recording_new(NULL, BOUND);

	measure_write(name, recording, count, make);
	measure_view(name, recording, count, "by call",
		VIEW("'call.number'", "{ 'N', 'evt.count', agg = 'sum' },"
				      "{ 'SUM', 'call.latency', agg = 'sum' },"
				      "{ 'MAX', 'call.latency', agg = 'max', id = 'max' }"),
		"");
	measure_view(name, recording, count, "call, p99",
		VIEW("'call.number'", "{ 'SUM', 'call.latency', agg = 'sum' },"
				      "{ 'P99', 'call.latency', agg = 'p99', id = 'p99' }"),
		"");
	measure_view(name, recording, count, "slow, by thread",
		VIEW("'thread.tid'", "{ 'N', 'evt.count', agg = 'sum' },"
				     "{ 'SUM', 'call.latency', agg = 'sum' }"),
		"call.latency > 100us");
	measure_view(name, recording, count, "by file",
		VIEW("'call.file'", "{ 'N', 'evt.count', agg = 'sum' },"
				    "{ 'SUM', 'call.result', agg = 'sum' }"),
		"call.file exists");
	measure_view(name, recording, count, "file contains",
		VIEW("'proc.pid'", "{ 'N', 'evt.count', agg = 'sum' }"),
		"call.file contains part1 and not proc.name = process3");
	measure_view(name, recording, count, "by argument",
		VIEW("'call.number'", "{ 'SUM', 'call.arg2', agg = 'sum' }"), "call.arg2 < 4096");
	recording_free(recording);
}

static void measure_samples(uint64_t count)
{
	struct recording *recording = recording_new(NULL, BOUND);

	measure_write("samples", recording, count, make_samples);
	measure_view("samples", recording, count, "by symbol",
		"return { name = 'b', help = 'b', filter = 'sample.idle = false',"
		" key = { 'symbol.id' }, label = 'symbol.name', columns = {"
		" { 'S', 'sample.weight', agg = 'sum', of = 'filtered' },"
		" { 'N', 'sample.count', agg = 'sum' }, { 'SYMBOL', 'symbol.name' },"
		" { 'BINARY', 'dso.name' } } }",
		"");
	measure_view("samples", recording, count, "callers",
		"return { name = 'b', help = 'b', panel = 'tree', path = 'stack.callers',"
		" filter = 'sample.idle = false', columns = {"
		" { 'C', 'sample.weight', agg = 'sum', of = 'total' },"
		" { 'S', 'sample.self', agg = 'sum', of = 'total' },"
		" { 'SYMBOL', 'symbol.name' } } }",
		"");
	recording_free(recording);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000000;

	field_add_class(&call_class);
	measure_calls("dd", count, make_dd);
	measure_calls("build", count, make_build);
	measure_samples(count / 4);
	return 0;
}
