/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces, against one that is written down byte by byte. */
#include "model/maps.h"
#include "unit.h"

#define BYTES 400
#define SPACES 3

/* What is mapped at each address: the DSO, and where in it; 0: nothing. */
struct plain {
	uint32_t dso[BYTES];
	uint64_t offset[BYTES], since[BYTES];
};

static void plain_add(struct plain *plain, const struct map *map)
{
	for (uint64_t at = map->start; at < map->end; at++) {
		plain->dso[at] = map->dso;
		plain->offset[at] = map->offset + at - map->start;
		plain->since[at] = map->since;
	}
}

static struct map map_make(uint64_t *seed, uint64_t time)
{
	struct map map = {.since = time, .dso = 1 + (uint32_t)random_below(seed, 50)};

	map.start = random_below(seed, BYTES - 1);
	map.end = map.start + 1 + random_below(seed, BYTES - map.start - 1);
	map.offset = random_below(seed, 1000);
	return map;
}

static void check_space(const struct maps *maps, uint32_t tgid, const struct plain *plain)
{
	for (uint64_t at = 0; at < BYTES; at++) {
		const struct map *map = maps_find(maps, tgid, at);

		assert_int_equal(map ? map->dso : 0, plain->dso[at]);
		if (!map)
			continue;
		assert_true(map->start <= at && at < map->end);
		assert_int_equal(map->offset + at - map->start, plain->offset[at]);
	}
}

/* As read from /proc at @time: what was added later stays on top. */
static void set_all(
	struct maps *maps, uint32_t tgid, struct plain *plain, uint64_t *seed, uint64_t time)
{
	struct map found[8];
	struct plain before = *plain;
	size_t count = 0;

	memset(plain, 0, sizeof(*plain));
	for (uint64_t at = random_below(seed, 50); count < 8 && at + 1 < BYTES;) {
		struct map *map = &found[count++];

		*map = map_make(seed, time);
		map->start = at;
		map->end = at + 1 + random_below(seed, 60);
		map->end = map->end < BYTES ? map->end : BYTES;
		plain_add(plain, map);
		at = map->end + random_below(seed, 20);
	}
	maps_set(maps, tgid, found, count, time);
	for (uint64_t at = 0; at < BYTES; at++)
		if (before.dso[at] && before.since[at] > time) {
			plain->dso[at] = before.dso[at];
			plain->offset[at] = before.offset[at];
			plain->since[at] = before.since[at];
		}
}

static void spaces_hold_what_was_mapped(void **state)
{
	struct plain *plain = test_calloc(SPACES, sizeof(*plain));
	struct maps *maps = maps_new();
	uint64_t seed = 51;

	(void)state;
	for (uint64_t time = 100; time < 3000; time++) {
		uint32_t space = (uint32_t)random_below(&seed, SPACES), other;
		uint32_t tgid = space + 10;
		struct map map = map_make(&seed, time);

		switch (random_below(&seed, 40)) {
		case 0:
			maps_exec(maps, tgid);
			memset(&plain[space], 0, sizeof(*plain));
			assert_int_equal(maps_state(maps, tgid), SPACE_KNOWN);
			break;
		case 1:
			other = (space + 1) % SPACES;
			maps_exit(maps, other + 10);
			maps_fork(maps, tgid, other + 10);
			plain[other] = plain[space];
			check_space(maps, other + 10, &plain[other]);
			break;
		case 2:
			maps_exit(maps, tgid);
			memset(&plain[space], 0, sizeof(*plain));
			break;
		case 3:
			set_all(maps, tgid, &plain[space], &seed, time - random_below(&seed, 60));
			break;
		default:
			maps_add(maps, tgid, &map);
			plain_add(&plain[space], &map);
		}
		check_space(maps, tgid, &plain[space]);
	}
	maps_free(maps);
	test_free(plain);
}

static void answers_that_may_change_have_another_generation(void **state)
{
	struct maps *maps = maps_new();
	struct map map = {.start = 0x1000, .end = 0x2000, .dso = 3};
	uint64_t before = maps_generation(maps, 7);

	(void)state;
	maps_add(maps, 7, &map);
	assert_int_not_equal(maps_generation(maps, 7), before);
	before = maps_generation(maps, 7);
	maps_add(maps, 8, &map);
	assert_int_equal(maps_generation(maps, 7), before);
	assert_int_not_equal(maps_generation(maps, 8), before);
	maps_exec(maps, 7);
	assert_int_not_equal(maps_generation(maps, 7), before);
	maps_free(maps);
}

static void doubt_asks_again(void **state)
{
	struct maps *maps = maps_new();

	(void)state;
	assert_int_equal(maps_state(maps, 7), SPACE_UNKNOWN);
	maps_set(maps, 7, NULL, 0, 10);
	maps_set_state(maps, 7, SPACE_KNOWN);
	assert_int_equal(maps_state(maps, 7), SPACE_KNOWN);
	maps_doubt_all(maps);
	assert_int_equal(maps_state(maps, 7), SPACE_UNKNOWN);
	maps_free(maps);
}

static void a_dso_is_sighted_where_it_was_seen_last(void **state)
{
	struct maps *maps = maps_new();
	struct map map = {.start = 0x1000, .end = 0x2000, .dso = 3};
	struct sighting sighting;

	(void)state;
	assert_false(maps_sighting(maps, 3, &sighting));
	maps_saw(maps, 7, &map);
	map.start = 0x1800;
	maps_saw(maps, 8, &map);
	assert_true(maps_sighting(maps, 3, &sighting));
	assert_int_equal(sighting.tgid, 8);
	assert_int_equal(sighting.start, 0x1800);
	assert_false(maps_sighting(maps, 4, &sighting));
	maps_free(maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spaces_hold_what_was_mapped),
		cmocka_unit_test(answers_that_may_change_have_another_generation),
		cmocka_unit_test(doubt_asks_again),
		cmocka_unit_test(a_dso_is_sighted_where_it_was_seen_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
