/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: what they mean, against an evaluator that knows nothing of fields; what is no filter. */
#include "records.h"

#include "model/model.h"
#include "view/filter.h"

/* --- meaning --- */

enum subject { CPU, TID, PID, THREAD_NAME, WEIGHT, LATE, EVENT, SUBJECTS };

static const char *const subject_names[SUBJECTS] = {"evt.cpu", "thread.tid", "proc.pid",
	"thread.name", "sample.weight", "evt.late", "sample.event"};

/* A filter as a tree of its own, and as text. */
struct wish {
	enum { WISH_CHECK, WISH_AND, WISH_OR, WISH_NOT } kind;
	struct wish *left, *right;
	enum subject subject;
	const char *op;
	uint64_t number;
	const char *text;
};

static const char *const number_ops[] = {"=", "!=", "<", "<=", ">", ">=", "exists"};
static const char *const text_ops[] = {
	"=", "!=", "<", ">=", "contains", "icontains", "startswith", "endswith", "exists"};
static const char *const texts[] = {
	"bash", "x", "kworker/0:1H", "A\n", "", "ba", "0123456789abcde"};

static struct wish *wish_make(uint64_t *seed, unsigned depth)
{
	struct wish *wish = test_calloc(1, sizeof(*wish));

	wish->kind = depth ? random_below(seed, 4) : WISH_CHECK;
	if (wish->kind != WISH_CHECK) {
		wish->left = wish_make(seed, depth - 1);
		if (wish->kind != WISH_NOT)
			wish->right = wish_make(seed, depth - 1);
		return wish;
	}
	wish->subject = random_below(seed, SUBJECTS);
	if (wish->subject == LATE) {
		wish->op = random_below(seed, 2) ? "=" : "!=";
		wish->number = random_below(seed, 2);
	} else if (wish->subject == THREAD_NAME || wish->subject == EVENT) {
		wish->op = text_ops[random_below(seed, COUNT(text_ops))];
		wish->text = texts[random_below(seed, COUNT(texts))];
		if (wish->subject == EVENT && random_below(seed, 2))
			wish->text = "cpu-clock";
	} else {
		wish->op = number_ops[random_below(seed, COUNT(number_ops))];
		wish->number = random_below(seed, 3) ? random_below(seed, 300)
						     : random_wide(seed) >> 4;
	}
	return wish;
}

static void wish_free(struct wish *wish)
{
	if (!wish)
		return;
	wish_free(wish->left);
	wish_free(wish->right);
	test_free(wish);
}

static void wish_write(const struct wish *wish, struct buf *out)
{
	if (wish->kind == WISH_NOT) {
		buf_add_text(out, "not (");
		wish_write(wish->left, out);
		buf_add_text(out, ")");
		return;
	}
	if (wish->kind != WISH_CHECK) {
		buf_add_text(out, "(");
		wish_write(wish->left, out);
		buf_add_text(out, wish->kind == WISH_AND ? " and " : " or ");
		wish_write(wish->right, out);
		buf_add_text(out, ")");
		return;
	}
	buf_printf(out, "%s %s ", subject_names[wish->subject], wish->op);
	if (!strcmp(wish->op, "exists"))
		return;
	if (wish->subject == LATE)
		buf_add_text(out, wish->number ? "true" : "false");
	else if (wish->text)
		filter_quote(out, value_text(str_from(wish->text)));
	else
		buf_printf(out, "%llu", (unsigned long long)wish->number);
}

static bool order_passes(const char *op, int order)
{
	switch (op[0]) {
	case '=':
		return !order;
	case '!':
		return order;
	case '<':
		return order < 0 || (op[1] && !order);
	default:
		return order > 0 || (op[1] && !order);
	}
}

static bool contains(struct str text, const char *part, bool folded)
{
	size_t size = strlen(part);

	for (size_t i = 0; i + size <= text.size; i++) {
		size_t k = 0;

		while (k < size && (folded ? (text.data[i + k] | 32) == (part[k] | 32)
					   : text.data[i + k] == part[k]))
			k++;
		if (k == size)
			return true;
	}
	return false;
}

static bool text_passes(const struct wish *wish, struct str text)
{
	if (!text.size) /* an empty name is none */
		return false;
	if (!strcmp(wish->op, "exists"))
		return true;
	if (!strcmp(wish->op, "contains") || !strcmp(wish->op, "icontains"))
		return contains(text, wish->text, wish->op[0] == 'i');
	if (!strcmp(wish->op, "startswith"))
		return str_starts(text, str_from(wish->text));
	if (!strcmp(wish->op, "endswith"))
		return str_ends(text, str_from(wish->text));
	return order_passes(wish->op, str_compare(text, str_from(wish->text)));
}

static bool wish_passes(const struct wish *wish, const struct made_record *made)
{
	const struct record *record = &made->record;
	uint64_t have;

	if (wish->kind == WISH_NOT)
		return !wish_passes(wish->left, made);
	if (wish->kind == WISH_AND)
		return wish_passes(wish->left, made) && wish_passes(wish->right, made);
	if (wish->kind == WISH_OR)
		return wish_passes(wish->left, made) || wish_passes(wish->right, made);
	switch (wish->subject) {
	case THREAD_NAME:
		return record->thread &&
		       text_passes(wish, (struct str){record->thread->comm,
						 strnlen(record->thread->comm, 16)});
	case EVENT: /* known of one only */
		return record->type == RECORD_SAMPLE && record->sub == 1 &&
		       text_passes(wish, STR("cpu-clock"));
	case LATE:
		return (wish->op[0] == '=') == ((record->flags & RECORD_LATE) == wish->number);
	case CPU:
		have = record->cpu;
		break;
	case WEIGHT:
		if (record->type != RECORD_SAMPLE)
			return false;
		have = made->nums[SAMPLE_WEIGHT];
		break;
	default:
		/* The kernel's word for a thread that has no number any more. */
		if (!record->thread || (wish->subject == TID && record->thread->tid == UINT32_MAX))
			return false;
		have = wish->subject == TID ? record->thread->tid : record->thread->tgid;
	}
	return !strcmp(wish->op, "exists") ||
	       order_passes(wish->op, (have > wish->number) - (have < wish->number));
}

#define RECORDS 300

struct stage {
	struct model *model;
	struct chunk *chunk;
	struct made_record made[RECORDS];
	struct buf sealed;
};

static void stage_init(struct stage *stage, struct maker *maker)
{
	static const enum record_type types[] = {
		RECORD_SAMPLE, RECORD_SAMPLE, RECORD_SYSCALL, RECORD_NOTE, RECORD_LOST};
	struct sealer *sealer = sealer_new();

	stage->model = model_new();
	model_fold(stage->model, &(struct record){.type = RECORD_EVENT,
					 .sub = 1,
					 .name = STR("cpu-clock"),
					 .nums = (uint64_t[EVENT_NUMS]){0},
					 .texts = (struct str[EVENT_TEXTS]){{"", 0}, {"", 0}}});
	stage->chunk = chunk_new(RECORD_DATA, maker->time); /* threads remember theirs */
	stage->sealed = (struct buf){0};
	for (size_t i = 0; i < RECORDS; i++) {
		struct made_record *made = &stage->made[i];

		maker_next(
			maker, types[random_below(&maker->seed, COUNT(types))], stage->chunk, made);
		made->record.flags &= RECORD_LATE;
		chunk_append(stage->chunk, &made->record);
	}
	seal(sealer, stage->chunk, &stage->sealed);
	sealer_free(sealer);
}

static void stage_release(struct stage *stage)
{
	chunk_free(stage->chunk);
	model_free(stage->model);
	buf_release(&stage->sealed);
}

/* What a filter picks of the stage's records is what the wish says, record by record. */
static void check_wish(const struct wish *wish, const struct stage *stage, struct rows *rows,
	struct extract *extract)
{
	struct filter_error error = {0};
	uint32_t picked[RECORDS], count, next = 0;
	struct filter_run *run;
	struct filter *filter;
	struct buf text = {0};

	wish_write(wish, &text);
	filter = filter_parse(text.data, &error);
	if (!filter)
		fail_msg("%s: %s", text.data, error.text);
	for (uint32_t i = 0; i < RECORDS; i++)
		picked[i] = i;
	extract_attach(extract, rows, stage->model);
	run = filter_run_new(filter, filter->root);
	filter_run_attach(run, extract);
	count = filter_run_select(run, picked, RECORDS, picked);
	for (uint32_t i = 0; i < RECORDS; i++) {
		bool got = next < count && picked[next] == i;

		next += got;
		if (got != wish_passes(wish, &stage->made[i]))
			fail_msg("%s: record %u, type %d, thread %d", text.data, i,
				stage->made[i].record.type, stage->made[i].record.thread ? 1 : 0);
	}
	if (count)
		assert_true(filter_run_may_pass(run));
	filter_run_free(run);
	filter_free(filter);
	buf_release(&text);
}

static void a_filter_picks_what_it_says(void **state)
{
	struct stage *stage = test_malloc(sizeof(*stage));
	struct rows *rows = rows_new();
	struct extract extract = {0};
	struct maker maker;

	(void)state;
	maker_init(&maker, 17);
	for (unsigned round = 0; round < 20; round++) {
		stage_init(stage, &maker);
		for (unsigned i = 0; i < 100; i++) {
			struct wish *wish = wish_make(&maker.seed, i % 5);

			if (i % 2)
				rows_attach(rows, stage->chunk);
			else
				assert_true(rows_attach_sealed(
					rows, stage->sealed.data, stage->sealed.size));
			check_wish(wish, stage, rows, &extract);
			wish_free(wish);
		}
		extract_release(&extract);
		extract = (struct extract){0};
		stage_release(stage);
	}
	rows_free(rows);
	test_free(stage);
}

/* --- grammar --- */

/* Without parentheses: not before and, and before or; from the left. */
static void precedence_is_that_of_sysdig(void **state)
{
	struct filter_error error;
	struct filter *filter = filter_parse(
		"evt.cpu = 1 or evt.cpu = 2 and not evt.cpu = 3 or evt.cpu = 4", &error);
	const struct filter_node *top, *left, *both;

	(void)state;
	assert_non_null(filter);
	top = &filter->nodes[filter->root];
	assert_int_equal(top->kind, FILTER_OR);
	assert_int_equal(filter->nodes[top->right].kind, FILTER_CHECK);
	left = &filter->nodes[top->left];
	assert_int_equal(left->kind, FILTER_OR);
	both = &filter->nodes[left->right];
	assert_int_equal(both->kind, FILTER_AND);
	assert_int_equal(filter->nodes[both->right].kind, FILTER_NOT);
	filter_free(filter);
}

static void numbers_take_the_suffixes_of_their_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {{"evt.time = 5", 5}, {"sample.weight = 4k", 4000}, {"sample.weight=0x10", 16},
		{"sample.weight = '12'", 12}, {"sample.weight = 2M", 2000000},
		{"thread.tid in (7)", 7}, {"sample.weight = 18446744073709551615", UINT64_MAX}};
	static const char *const bad[] = {"sample.weight = 4ms", "thread.tid = 4k",
		"thread.tid = x", "sample.weight = 1e400", "sample.weight = 18446744073709551615k",
		"sample.weight = ''", "evt.late = maybe", "evt.late > true",
		"thread.tid contains 1"};
	struct filter_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct filter *filter = filter_parse(good[i].text, &error);

		assert_non_null(filter);
		assert_int_equal(filter->checks[0].values[0].type, VALUE_UNSIGNED);
		assert_true(filter->checks[0].values[0].u == good[i].value);
		filter_free(filter);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_null(filter_parse(bad[i], &error));
}

static void errors_stand_under_their_column(void **state)
{
	static const struct {
		const char *text;
		size_t column;
		const char *words;
	} wrong[] = {{"proc.nme = a", 0, "did you mean proc.name?"},
		{"proc.name bash", 10, "an operator is missing here"},
		{"proc.name = ", 12, "a value for proc.name is missing here"},
		{"proc.pid = 1 proc.pid = 2", 13, "'and' or 'or' is missing here"},
		{"(proc.pid = 1", 0, "this parenthesis is not closed"},
		{"proc.name = 'a", 12, "this quote is not closed"},
		{"proc.pid in 1", 12, "'in' takes a list"},
		{"proc.pid in (1 2)", 15, "the list goes on with ','"},
		{"proc.pid = 1 and", 16, "the name of a field is missing here"},
		{"proc.pid = 1)", 12, "'and' or 'or' is missing here"},
		{"zzzzzzzzzz = 1", 0, "no field has this name (tracetop list fields)"},
		{"= 1", 0, "the name of a field is missing here"}};
	struct filter_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		error.column = SIZE_MAX;
		assert_null(filter_parse(wrong[i].text, &error));
		if (error.column != wrong[i].column || !strstr(error.text, wrong[i].words))
			fail_msg("%s: column %zu, %s", wrong[i].text, error.column, error.text);
	}
}

static void an_empty_filter_lets_all_through(void **state)
{
	struct filter_error error;
	struct filter *filter = filter_parse(" \t\n", &error);

	(void)state;
	assert_non_null(filter);
	assert_int_equal(filter->root, FILTER_NONE);
	filter_free(filter);
}

/* What is put in quotes comes back, byte for byte. */
static void quotes_hold_any_text(void **state)
{
	uint64_t seed = 23;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct buf text = {0};
		struct filter_error error;
		struct filter *filter;
		char raw[20];
		size_t size = random_below(&seed, sizeof(raw));

		for (size_t k = 0; k < size; k++)
			raw[k] = i % 2 ? "\\'\" ()=a"[random_below(&seed, 8)]
				       : (char)(1 + random_below(&seed, 255));
		buf_add_text(&text, "proc.name = ");
		filter_quote(&text, value_text((struct str){raw, size}));
		filter = filter_parse(text.data, &error);
		assert_non_null(filter);
		assert_bytes(value_str(filter->checks[0].values[0]), ((struct str){raw, size}));
		filter_free(filter);
		buf_release(&text);
	}
}

/* Only a forged capture has a NUL in a name: what is made of it is a filter, whatever it finds. */
static void a_nul_breaks_no_filter(void **state)
{
	struct filter_error error;
	struct buf text = {0};
	struct filter *filter;

	(void)state;
	buf_add_text(&text, "proc.name = ");
	filter_quote(&text, value_text(STR("a\0b")));
	filter = filter_parse(text.data, &error);
	assert_non_null(filter);
	filter_free(filter);
	buf_release(&text);
}

/* Trees are walked by calls: a filter has a bound, and up to it nothing breaks. */
static void promise_47_a_long_filter_is_refused(void **state)
{
	struct stage *stage = test_malloc(sizeof(*stage));
	struct rows *rows = rows_new();
	struct maker maker;

	(void)state;
	maker_init(&maker, 18);
	stage_init(stage, &maker);
	rows_attach(rows, stage->chunk);
	for (size_t count = 2; count < 100000; count *= 2) {
		struct filter_error error;
		struct buf text = {0};
		struct filter *filter;

		for (size_t i = 0; i < count; i++)
			buf_printf(&text, "%sevt.cpu = 999", i ? " or " : "");
		filter = filter_parse(text.data, &error);
		if (filter) {
			struct filter_run *run = filter_run_new(filter, filter->root);
			struct extract extract = {0};
			uint32_t picked[2] = {0, 1};

			extract_attach(&extract, rows, stage->model);
			filter_run_attach(run, &extract);
			assert_int_equal(filter_run_select(run, picked, 2, picked), 0);
			extract_release(&extract);
			filter_run_free(run);
		} else {
			assert_string_equal(error.text, "too many conditions");
		}
		assert_int_equal(filter != NULL, 2 * count - 1 <= FILTER_NODES);
		filter_free(filter);
		buf_release(&text);
	}
	rows_free(rows);
	stage_release(stage);
	test_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_picks_what_it_says),
		cmocka_unit_test(precedence_is_that_of_sysdig),
		cmocka_unit_test(numbers_take_the_suffixes_of_their_unit),
		cmocka_unit_test(errors_stand_under_their_column),
		cmocka_unit_test(an_empty_filter_lets_all_through),
		cmocka_unit_test(quotes_hold_any_text),
		cmocka_unit_test(a_nul_breaks_no_filter),
		cmocka_unit_test(promise_47_a_long_filter_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
