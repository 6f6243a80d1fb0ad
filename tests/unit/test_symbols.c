/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that get names later, DSOs that turn out to be one build, ids that cannot be. */
#include "model/model.h"
#include "unit.h"

static void add_dso(struct model *model, uint64_t id, const char *path, const char *build_id,
	enum dso_kind kind, enum dso_status status)
{
	model_fold(model, &(struct record){.type = RECORD_DSO,
				  .name = str_from(path),
				  .nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
					  [DSO_KIND] = kind,
					  [DSO_STATUS] = status,
					  [DSO_INODE] = *build_id ? 0 : id},
				  .texts = (struct str[DSO_TEXTS]){str_from(build_id), STR("")}});
}

static void add_symbol(
	struct model *model, uint64_t dso, uint64_t start, uint64_t end, const char *name)
{
	model_fold(model, &(struct record){.type = RECORD_SYMBOL,
				  .name = str_from(name),
				  .nums = (uint64_t[SYMBOL_NUMS]){dso, start, end, 0},
				  .texts = (struct str[SYMBOL_TEXTS]){STR("")}});
}

static struct str name_at(struct model *model, uint32_t dso, uint64_t address)
{
	return symbols_get(&model->symbols, symbols_at(&model->symbols, dso, address))->name;
}

static void a_number_leads_to_its_name_when_that_comes(void **state)
{
	struct model *model = model_new();
	uint32_t a, b, c;

	(void)state;
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_PROVEN);
	a = symbols_at(&model->symbols, 1, 0x1010);
	b = symbols_at(&model->symbols, 1, 0x1020);
	c = symbols_at(&model->symbols, 1, 0x2000);
	assert_true(a != b && b != c && a != SYMBOL_NONE);
	assert_int_equal(symbols_at(&model->symbols, 1, 0x1010), a);
	assert_false(symbols_get(&model->symbols, a)->is_known);
	assert_int_equal(model->symbols.wanted_count, 0);
	symbols_want(&model->symbols, 1, 0x1010);
	symbols_want(&model->symbols, 1, 0x3000);
	assert_int_equal(model->symbols.wanted_count, 1); /* the first was there: asked once */
	add_symbol(model, 1, 0x1000, 0x1100, "main");
	assert_int_equal(symbols_now(&model->symbols, a), symbols_now(&model->symbols, b));
	assert_str_equal(symbols_get(&model->symbols, a)->name, "main");
	assert_true(symbols_get(&model->symbols, b)->is_known);
	assert_str_equal(symbols_get(&model->symbols, c)->name, "");
	assert_str_equal(name_at(model, 1, 0x10ff), "main");
	assert_str_equal(name_at(model, 1, 0x1100), "");
	assert_str_equal(name_at(model, 1, 0xfff), "");
	model_free(model);
}

static void what_is_known_keeps_its_ground(void **state)
{
	struct model *model = model_new();

	(void)state;
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_PROVEN);
	add_symbol(model, 1, 0x1000, 0x1100, "first");
	add_symbol(model, 1, 0x1080, 0x1200, "inside");
	add_symbol(model, 1, 0x0f00, 0x2000, "over");
	add_symbol(model, 1, 0x5000, 0x5000, "empty");
	add_symbol(model, 1, 0x6000, 0x5000, "backwards");
	assert_str_equal(name_at(model, 1, 0x10f0), "first");
	assert_str_equal(name_at(model, 1, 0x0f80), "over");
	assert_str_equal(name_at(model, 1, 0x1180), "");
	assert_str_equal(name_at(model, 1, 0x5000), "");
	model_free(model);
}

/* The same build under two paths: one table of names, whichever had it first. */
static void the_same_build_is_one(void **state)
{
	struct model *model = model_new();
	uint32_t here, there, late;

	(void)state;
	add_dso(model, 1, "/usr/lib/x.so", "build", DSO_FILE, DSO_PROVEN);
	here = symbols_at(&model->symbols, 1, 0x1010);
	add_dso(model, 2, "/jail/x.so", "build", DSO_FILE, DSO_PROVEN);
	there = symbols_at(&model->symbols, 2, 0x1010);
	assert_int_equal(here, there);
	assert_int_equal(symbols_dso(&model->symbols, 2)->same_as, 1);
	add_symbol(model, 2, 0x1000, 0x1100, "work");
	assert_str_equal(symbols_get(&model->symbols, here)->name, "work");
	/* Its build id is learned late: addresses and names move. */
	add_dso(model, 3, "/other/x.so", "", DSO_FILE, DSO_UNSEEN);
	late = symbols_at(&model->symbols, 3, 0x1020);
	add_symbol(model, 3, 0x3000, 0x3100, "more");
	assert_str_equal(symbols_get(&model->symbols, late)->name, "");
	add_dso(model, 3, "/other/x.so", "build", DSO_FILE, DSO_PROVEN);
	assert_str_equal(symbols_get(&model->symbols, late)->name, "work");
	assert_str_equal(name_at(model, 1, 0x3010), "more");
	model_free(model);
}

/* Never another build's name: a file that was replaced has one row, without names. */
static void a_replaced_file_has_no_names(void **state)
{
	struct model *model = model_new();
	uint32_t a, b;

	(void)state;
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_UNSEEN);
	a = symbols_at(&model->symbols, 1, 0x1010);
	b = symbols_at(&model->symbols, 1, 0x9999);
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_REPLACED);
	assert_int_equal(symbols_now(&model->symbols, a), symbols_now(&model->symbols, b));
	assert_int_equal(symbols_at(&model->symbols, 1, 0x5), symbols_now(&model->symbols, a));
	assert_str_equal(symbols_get(&model->symbols, a)->name, "");
	assert_int_equal(model->symbols.pending, 0);
	model_free(model);
}

static void ids_that_cannot_be_are_left_out(void **state)
{
	struct model *model = model_new();

	(void)state;
	add_dso(model, 0, "/zero", "", DSO_FILE, DSO_PROVEN);
	add_dso(model, UINT64_MAX, "/huge", "", DSO_FILE, DSO_PROVEN);
	add_dso(model, 5, "/gap", "", DSO_FILE, DSO_PROVEN);
	add_dso(model, 1, "/odd", "", (enum dso_kind)999, (enum dso_status)999);
	assert_int_equal(model->symbols.dso_count, 2);
	assert_int_equal(symbols_dso(&model->symbols, 1)->kind, DSO_UNKNOWN);
	add_symbol(model, 77, 0, 1, "nowhere");
	add_symbol(model, UINT64_MAX, 0, 1, "nowhere");
	assert_int_equal(symbols_dso(&model->symbols, 12345)->id, 0);
	assert_str_equal(name_at(model, 12345, 1), "");
	model_free(model);
}

/* Memory is bounded whatever addresses come: what is too much is one row a binary. */
static void promise_33_addresses_without_names_are_bounded(void **state)
{
	struct model *model = model_new();
	uint32_t a, b;

	(void)state;
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_PROVEN);
	for (uint64_t i = 0; i < 200000; i++)
		symbols_at(&model->symbols, 1, i * 16);
	assert_true(model->symbols.count < 100000);
	a = symbols_at(&model->symbols, 1, 1 << 30);
	b = symbols_at(&model->symbols, 1, (1 << 30) + 16);
	assert_int_equal(a, b);
	add_symbol(model, 1, 0, 16 * 100000, "all");
	assert_true(model->symbols.pending < 200);
	assert_str_equal(name_at(model, 1, 0x1234560), "");
	model_free(model);
}

static void a_dso_is_found_by_its_key(void **state)
{
	struct model *model = model_new();
	struct dso_key key = {
		.kind = DSO_FILE, .path = STR("/bin/a"), .build_id = STR(""), .inode = 1};

	(void)state;
	add_dso(model, 1, "/bin/a", "", DSO_FILE, DSO_PROVEN);
	add_dso(model, 2, "/bin/a", "build", DSO_FILE, DSO_PROVEN);
	assert_int_equal(symbols_next_dso(&model->symbols), 3);
	assert_int_equal(symbols_find_dso(&model->symbols, &key), 1);
	key.inode = 2; /* the path with another file */
	assert_int_equal(symbols_find_dso(&model->symbols, &key), 0);
	key.build_id = STR("build"); /* with one, the inode does not count */
	assert_int_equal(symbols_find_dso(&model->symbols, &key), 2);
	key.kind = DSO_VDSO;
	assert_int_equal(symbols_find_dso(&model->symbols, &key), 0);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_leads_to_its_name_when_that_comes),
		cmocka_unit_test(what_is_known_keeps_its_ground),
		cmocka_unit_test(the_same_build_is_one),
		cmocka_unit_test(a_replaced_file_has_no_names),
		cmocka_unit_test(ids_that_cannot_be_are_left_out),
		cmocka_unit_test(promise_33_addresses_without_names_are_bounded),
		cmocka_unit_test(a_dso_is_found_by_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
