/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks: what was appended is read back, open or sealed; what is damaged is refused. */
#include "records.h"

#include <zlib.h>

#include "record/seal.h"

struct scene {
	struct maker maker;
	struct chunk *chunk;
	struct made_record *made;
	size_t count;
	struct rows *open, *sealed;
	struct buf bytes;
};

/* @types: which record types there are rows of, as bits. */
static void scene_make(struct scene *scene, size_t count, uint32_t types, uint64_t seed)
{
	*scene = (struct scene){.count = count};
	maker_init(&scene->maker, seed);
	scene->chunk = chunk_new(RECORD_DATA, seed);
	scene->made = test_calloc(count + 1, sizeof(*scene->made));
	for (size_t i = 0; i < count; i++) {
		struct made_record made;
		unsigned type;

		do {
			type = (unsigned)random_below(&scene->maker.seed, RECORD_TYPES);
		} while (!(types >> type & 1));
		maker_next(&scene->maker, (enum record_type)type, scene->chunk, &made);
		made_copy(&scene->made[i], &made);
		chunk_append(scene->chunk, &made.record);
	}
}

static void scene_seal(struct scene *scene)
{
	struct sealer *sealer = sealer_new();

	seal(sealer, scene->chunk, &scene->bytes);
	sealer_free(sealer);
	scene->open = rows_new();
	scene->sealed = rows_new();
	rows_attach(scene->open, scene->chunk);
	assert_true(rows_attach_sealed(scene->sealed, scene->bytes.data, scene->bytes.size));
}

static void scene_free(struct scene *scene)
{
	rows_free(scene->open);
	rows_free(scene->sealed);
	buf_release(&scene->bytes);
	chunk_free(scene->chunk);
	test_free(scene->made);
}

static void check_rows(struct rows *rows, const struct scene *scene)
{
	struct rows_record record;

	assert_int_equal(rows_count(rows), scene->count);
	for (uint32_t row = 0; row < scene->count; row++) {
		assert_true(rows_record(rows, row, &record));
		assert_same_record(&record.record, &scene->made[row]);
	}
	assert_null(rows_damage(rows));
}

static void check_columns(struct scene *scene)
{
	size_t rows = scene->count;

	for (unsigned i = 0; i < CHUNK_INDEXES; i++)
		assert_memory_equal(rows_index(scene->open, (enum chunk_index)i),
			rows_index(scene->sealed, (enum chunk_index)i), rows * sizeof(uint32_t));
	for (unsigned i = 0; i < CHUNK_VALUES; i++)
		assert_memory_equal(rows_value(scene->open, (enum chunk_value)i),
			rows_value(scene->sealed, (enum chunk_value)i), rows * sizeof(uint64_t));
	for (unsigned type = 0; type < RECORD_TYPES; type++) {
		const struct record_schema *schema = record_schema((enum record_type)type);

		assert_int_equal(rows_have(scene->open, (enum record_type)type),
			rows_have(scene->sealed, (enum record_type)type));
		for (unsigned i = 0; i < schema->nums; i++)
			assert_memory_equal(rows_num(scene->open, (enum record_type)type, i),
				rows_num(scene->sealed, (enum record_type)type, i),
				rows * sizeof(uint64_t));
		for (unsigned i = 0; i < schema->texts; i++)
			assert_memory_equal(rows_text(scene->open, (enum record_type)type, i),
				rows_text(scene->sealed, (enum record_type)type, i),
				rows * sizeof(uint64_t));
	}
}

static void check_dictionaries(struct scene *scene)
{
	uint32_t a, b;
	const void *open, *sealed;

#define CHECK_DICTIONARY(get, type)                                  \
	do {                                                         \
		open = get(scene->open, &a);                         \
		sealed = get(scene->sealed, &b);                     \
		assert_int_equal(a, b);                              \
		assert_non_null(sealed);                             \
		assert_memory_equal(open, sealed, a * sizeof(type)); \
	} while (0)
	CHECK_DICTIONARY(rows_kinds, struct chunk_kind);
	CHECK_DICTIONARY(rows_threads, struct chunk_thread);
	CHECK_DICTIONARY(rows_nodes, struct chunk_node);
#undef CHECK_DICTIONARY
	for (uint32_t i = 0; i < rows_string_count(scene->open); i++)
		assert_bytes(rows_string(scene->open, i), rows_string(scene->sealed, i));
	assert_int_equal(rows_string_count(scene->open), rows_string_count(scene->sealed));
	assert_int_equal(rows_thread_count(scene->open), rows_thread_count(scene->sealed));
	assert_int_equal(rows_node_count(scene->open), rows_node_count(scene->sealed));
	rows_frames(scene->open, &a);
	for (uint32_t i = 0; i < a; i++) {
		const struct frame *x = &rows_frames(scene->open, &a)[i];
		const struct frame *y = &rows_frames(scene->sealed, &b)[i];

		assert_int_equal(a, b);
		assert_int_equal(x->address, y->address);
		assert_int_equal(x->dso, y->dso);
	}
	rows_cgroups(scene->open, &a);
	for (uint32_t i = 0; i < a; i++) {
		assert_int_equal(
			rows_cgroups(scene->open, &a)[i].id, rows_cgroups(scene->sealed, &b)[i].id);
		assert_int_equal(rows_cgroups(scene->open, &a)[i].hierarchy,
			rows_cgroups(scene->sealed, &b)[i].hierarchy);
	}
}

static void check_header(struct scene *scene)
{
	uint64_t first[2], last[2];

	rows_span(scene->open, &first[0], &last[0]);
	rows_span(scene->sealed, &first[1], &last[1]);
	assert_int_equal(first[0], first[1]);
	assert_int_equal(last[0], last[1]);
	assert_int_equal(rows_longest(scene->open), rows_longest(scene->sealed));
	assert_int_equal(rows_sequence(scene->open), rows_sequence(scene->sealed));
	assert_int_equal(rows_class(scene->open), rows_class(scene->sealed));
	for (size_t i = 0; i < scene->count; i++) {
		assert_in_range(scene->made[i].record.time, first[0], last[0]);
		assert_true(scene->made[i].record.duration <= rows_longest(scene->open));
	}
}

static void check_same(size_t count, uint32_t types, uint64_t seed)
{
	struct scene scene;

	scene_make(&scene, count, types, seed);
	scene_seal(&scene);
	check_rows(scene.open, &scene);
	check_rows(scene.sealed, &scene);
	check_columns(&scene);
	check_dictionaries(&scene);
	check_header(&scene);
	scene_free(&scene);
}

#define ALL_TYPES ((UINT32_C(1) << RECORD_TYPES) - 1)

/* Sizes around those at which arrays grow. */
static void open_and_sealed_chunks_have_the_same_rows(void **state)
{
	static const size_t counts[] = {1, 2, 3, 63, 64, 65, 255, 256, 257, 1024, 1025, CHUNK_ROWS};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++)
		check_same(counts[i], ALL_TYPES, 11 + i);
	for (uint64_t seed = 100; seed < 160; seed++)
		check_same(1 + seed % 40, ALL_TYPES, seed);
}

/* One type alone takes other ways through the code than several do. */
static void so_have_chunks_of_one_type(void **state)
{
	(void)state;
	for (unsigned type = 0; type < RECORD_TYPES; type++) {
		check_same(1, UINT32_C(1) << type, 7 + type);
		check_same(300, UINT32_C(1) << type, 70 + type);
		check_same(300, UINT32_C(1) << type | 1 << RECORD_SAMPLE, 700 + type);
	}
}

static void one_record_of_a_kind_takes_all_ways(void **state)
{
	struct scene scene;
	struct record record = {.type = RECORD_SAMPLE, .sub = 4, .time = 5};
	uint32_t count;

	(void)state;
	scene = (struct scene){.chunk = chunk_new(RECORD_DATA, 9), .count = 3};
	for (int i = 0; i < 3; i++)
		chunk_append(scene.chunk, &record);
	scene_seal(&scene);
	rows_kinds(scene.sealed, &count);
	assert_int_equal(count, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rows_num(scene.sealed, RECORD_SAMPLE, SAMPLE_WEIGHT)[i], 0);
		assert_int_equal(rows_num(scene.open, RECORD_SAMPLE, SAMPLE_WEIGHT)[i], 0);
		assert_int_equal(rows_num(scene.sealed, RECORD_SYSCALL, 5)[i], 0);
		assert_int_equal(rows_text(scene.open, RECORD_DSO, DSO_WHY)[i], 0);
	}
	scene_free(&scene);
}

/* Columns may be asked for in any order and again; and the rows may be attached anew. */
static void rows_are_used_again(void **state)
{
	struct scene a, b;

	(void)state;
	scene_make(&a, 500, ALL_TYPES, 5);
	scene_make(&b, 20, 1 << RECORD_TASK, 6);
	scene_seal(&a);
	scene_seal(&b);
	for (int i = 0; i < 3; i++) {
		assert_true(rows_attach_sealed(a.sealed, b.bytes.data, b.bytes.size));
		check_rows(a.sealed, &b);
		rows_attach(a.sealed, a.chunk);
		check_rows(a.sealed, &a);
		assert_true(rows_attach_sealed(a.sealed, a.bytes.data, a.bytes.size));
		check_rows(a.sealed, &a);
	}
	scene_free(&a);
	scene_free(&b);
}

/* Rows added after it was attached are not among those of an open chunk. */
static void an_open_chunk_is_seen_as_it_was(void **state)
{
	struct scene scene;
	struct made_record made;

	(void)state;
	scene_make(&scene, 60, ALL_TYPES, 21);
	scene.open = rows_new();
	rows_attach(scene.open, scene.chunk);
	for (int i = 0; i < 500; i++) {
		maker_next(&scene.maker, RECORD_DSO, NULL, &made);
		chunk_append(scene.chunk, &made.record);
	}
	assert_int_equal(rows_count(scene.open), 60);
	rows_attach(scene.open, scene.chunk);
	assert_int_equal(rows_count(scene.open), 560);
	scene_free(&scene);
}

/* --- files of other versions --- */

static void fix_checksum(struct buf *bytes)
{
	uint32_t sum = (uint32_t)crc32(0, (const Bytef *)bytes->data + 8, (uInt)(bytes->size - 8));

	memcpy(bytes->data + 4, &sum, sizeof(sum));
}

/* Slots behind those that are known: a newer writer's. */
static void newer_slots_are_left_out(void **state)
{
	struct scene scene = {.chunk = chunk_new(RECORD_FACT, 3), .count = 2};
	uint64_t nums[] = {1, 0x1000, 0x1010, 7};
	struct str texts[] = {STR("linkage")};
	struct chunk *c = scene.chunk;
	uint32_t extra = chunk_string(c, STR("unheard of"));
	struct rows_record out;

	(void)state;
	for (int i = 0; i < 2; i++)
		chunk_append(c, &(struct record){.type = RECORD_SYMBOL,
					.time = 10,
					.name = STR("main"),
					.nums = nums,
					.texts = texts});
	/* A fifth number and a second text: the first text moves behind the numbers. */
	c->kinds[0].nums = 5;
	c->kinds[0].texts = 2;
	c->slot[5] = c->slot[4];
	c->slot[4] = calloc(c->capacity, sizeof(uint64_t));
	c->slot[6] = calloc(c->capacity, sizeof(uint64_t));
	c->slot[4][1] = 99;
	c->slot[6][1] = extra;
	scene_seal(&scene);
	for (uint32_t row = 0; row < 2; row++) {
		assert_true(rows_record(scene.sealed, row, &out));
		assert_memory_equal(out.nums, nums, sizeof(nums));
		assert_str_equal(out.texts[0], "linkage");
		assert_str_equal(out.record.name, "main");
	}
	scene_free(&scene);
}

/* Slots that an older writer did not know are 0 and "". */
static void missing_slots_are_empty(void **state)
{
	struct scene scene = {.chunk = chunk_new(RECORD_FACT, 3), .count = 1};
	uint64_t nums[DSO_NUMS] = {1, DSO_FILE, DSO_PROVEN, 5, 6};
	struct str texts[] = {STR("build"), STR("why")};
	struct rows_record out;

	(void)state;
	chunk_append(scene.chunk,
		&(struct record){.type = RECORD_DSO, .time = 10, .nums = nums, .texts = texts});
	scene.chunk->kinds[0].nums = 3;
	scene.chunk->kinds[0].texts = 0;
	scene_seal(&scene);
	assert_true(rows_record(scene.sealed, 0, &out));
	assert_int_equal(out.nums[DSO_STATUS], DSO_PROVEN);
	assert_int_equal(out.nums[DSO_DEV], 0);
	assert_int_equal(out.nums[DSO_INODE], 0);
	assert_str_equal(out.texts[DSO_BUILD_ID], "");
	assert_str_equal(out.texts[DSO_WHY], "");
	scene_free(&scene);
}

/* Types that are not known yet stand among the others without troubling them. */
static void newer_types_are_left_out(void **state)
{
	struct scene scene;
	struct rows_record out;
	size_t strange = 0;

	(void)state;
	scene_make(&scene, 200, 1 << RECORD_SAMPLE | 1 << RECORD_TASK | 1 << RECORD_NOTE, 77);
	for (uint32_t i = 0; i < scene.chunk->kind_count; i++)
		if (scene.chunk->kinds[i].type == RECORD_NOTE)
			scene.chunk->kinds[i].type = (uint16_t)(i % 2 ? 500 : RECORD_TYPES);
	scene_seal(&scene);
	for (uint32_t row = 0; row < scene.count; row++) {
		assert_true(rows_record(scene.sealed, row, &out));
		if (scene.made[row].record.type == RECORD_NOTE) {
			assert_int_equal(out.record.type, RECORD_NONE);
			strange++;
		} else {
			assert_same_record(&out.record, &scene.made[row]);
		}
	}
	assert_true(strange > 10);
	scene_free(&scene);
}

/* --- damage --- */

static void any_flipped_bit_is_seen(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene, 40, ALL_TYPES, 3);
	scene_seal(&scene);
	for (size_t at = 0; at < scene.bytes.size; at++)
		for (int bit = 0; bit < 8; bit++) {
			scene.bytes.data[at] ^= (char)(1 << bit);
			assert_false(rows_attach_sealed(
				scene.sealed, scene.bytes.data, scene.bytes.size));
			assert_non_null(rows_damage(scene.sealed));
			scene.bytes.data[at] ^= (char)(1 << bit);
		}
	assert_true(rows_attach_sealed(scene.sealed, scene.bytes.data, scene.bytes.size));
	check_rows(scene.sealed, &scene);
	scene_free(&scene);
}

static void any_cut_is_seen(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene, 40, ALL_TYPES, 4);
	scene_seal(&scene);
	for (size_t size = 0; size < scene.bytes.size; size++) {
		char *part = test_malloc(size + 1);

		memcpy(part, scene.bytes.data, size);
		assert_false(rows_attach_sealed(scene.sealed, part, size));
		test_free(part);
	}
	scene_free(&scene);
}

/* Everything that can be asked of rows; whatever the bytes are, it ends and stays in range. */
static void ask_all(struct rows *rows)
{
	struct rows_record record;
	uint32_t count;

	for (unsigned i = 0; i < CHUNK_INDEXES; i++)
		rows_index(rows, (enum chunk_index)i);
	for (unsigned i = 0; i < CHUNK_VALUES; i++)
		rows_value(rows, (enum chunk_value)i);
	rows_nodes(rows, &count);
	rows_frames(rows, &count);
	for (uint32_t row = 0; row < rows_count(rows); row++)
		if (rows_record(rows, row, &record))
			assert_true(record.record.type < RECORD_TYPES);
}

/* Behind the checksum: a file that somebody made by hand. */
static void damage_behind_the_checksum_is_no_harm(void **state)
{
	struct scene scene;
	uint64_t seed = 12;

	(void)state;
	scene_make(&scene, 30, ALL_TYPES, 8);
	scene_seal(&scene);
	for (int round = 0; round < 20000; round++) {
		char *copy = test_malloc(scene.bytes.size);
		struct buf made = {copy, scene.bytes.size, 0};

		memcpy(copy, scene.bytes.data, scene.bytes.size);
		for (uint64_t i = 1 + random_below(&seed, 3); i > 0; i--) {
			size_t at = random_below(&seed, random_below(&seed, 2) ? made.size : 700);

			copy[at] = (char)random_wide(&seed);
		}
		fix_checksum(&made);
		if (rows_attach_sealed(scene.sealed, made.data, made.size))
			ask_all(scene.sealed);
		test_free(copy);
	}
	scene_free(&scene);
}

static void full_chunks_are_known(void **state)
{
	struct chunk *chunk = chunk_new(RECORD_FACT, 1);
	struct record record = {.type = RECORD_SAMPLE, .time = 1};
	char *longer = test_calloc(1, CHUNK_DICTIONARY);

	(void)state;
	assert_false(chunk_is_full(chunk));
	for (int i = 0; i < CHUNK_ROWS; i++) {
		assert_false(chunk_is_full(chunk));
		chunk_append(chunk, &record);
	}
	assert_true(chunk_is_full(chunk));
	assert_true(chunk_size(chunk) > CHUNK_ROWS * 48);
	chunk_free(chunk);
	/* Or by what stands in its dictionaries. */
	chunk = chunk_new(RECORD_FACT, 1);
	record.name = (struct str){longer, CHUNK_DICTIONARY};
	chunk_append(chunk, &record);
	assert_true(chunk_is_full(chunk));
	chunk_free(chunk);
	chunk_free(NULL);
	test_free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_and_sealed_chunks_have_the_same_rows),
		cmocka_unit_test(so_have_chunks_of_one_type),
		cmocka_unit_test(one_record_of_a_kind_takes_all_ways),
		cmocka_unit_test(rows_are_used_again),
		cmocka_unit_test(an_open_chunk_is_seen_as_it_was),
		cmocka_unit_test(newer_slots_are_left_out),
		cmocka_unit_test(missing_slots_are_empty),
		cmocka_unit_test(newer_types_are_left_out),
		cmocka_unit_test(any_flipped_bit_is_seen),
		cmocka_unit_test(any_cut_is_seen),
		cmocka_unit_test(damage_behind_the_checksum_is_no_harm),
		cmocka_unit_test(full_chunks_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
