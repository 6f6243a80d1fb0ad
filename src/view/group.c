/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/group.h"

#include <stdlib.h>

#include "base/mem.h"
#include "view/histogram.h"

#define TEXT_EXTRA 48 /* bytes of an interned text beside its own */
#define DISTINCT_MAX (1u << 18)
#define GROUPS_STEP 256u /* groups that there is room made for at once */

void groups_init(struct groups *groups, size_t key_count, struct groups_bound bound)
{
	*groups = (struct groups){.key_count = key_count, .bound = bound, .others = INDEX_NONE};
}

void groups_release(struct groups *groups)
{
	free(groups->keys);
	index_release(&groups->index);
	intern_release(&groups->texts);
}

static bool keys_are(const void *owner, uint32_t group, const void *wanted)
{
	const struct groups *groups = owner;
	const struct value *have = groups_keys(groups, group), *keys = wanted;

	for (size_t i = 0; i < groups->key_count; i++)
		if (have[i].type != keys[i].type || value_compare(have[i], keys[i]))
			return false;
	return true;
}

static struct value keep(struct intern *texts, struct value value)
{
	if (value.type == VALUE_TEXT)
		value = value_text(intern(texts, value_str(value)));
	return value;
}

bool groups_are_full(const struct groups *groups)
{
	size_t texts = groups->texts.bytes + groups->texts.count * TEXT_EXTRA;

	return groups->count >= GROUPS_MAX ||
	       (groups->bound.each &&
		       groups->count * groups->bound.each + texts >= groups->bound.bytes);
}

/* Room for the keys of one more group. */
static uint32_t groups_add(struct groups *groups)
{
	uint32_t group = groups->count++;

	groups->keys = mem_grow(groups->keys, &groups->capacity,
		groups->count * groups->key_count + 1, sizeof(*groups->keys));
	return group;
}

static uint32_t groups_others(struct groups *groups, bool *added)
{
	*added = groups->others == INDEX_NONE;
	if (!*added)
		return groups->others;
	groups->others = groups_add(groups);
	memset(groups->keys + groups->others * groups->key_count, 0,
		groups->key_count * sizeof(*groups->keys));
	return groups->others;
}

uint32_t groups_find(struct groups *groups, const struct value *keys, bool *added)
{
	uint64_t hash = groups->key_count;
	uint32_t group;

	for (size_t i = 0; i < groups->key_count; i++)
		hash = hash_two(hash, value_hash(keys[i]));
	group = index_find(&groups->index, hash, keys_are, groups, keys);
	*added = false;
	if (group != INDEX_NONE)
		return group;
	if (groups_are_full(groups))
		return groups_others(groups, added);
	*added = true;
	group = groups_add(groups);
	for (size_t i = 0; i < groups->key_count; i++)
		groups->keys[group * groups->key_count + i] = keep(&groups->texts, keys[i]);
	index_add(&groups->index, hash, group);
	return group;
}

void sums_init(struct sums *sums, enum aggregate aggregate, bool is_signed)
{
	*sums = (struct sums){.aggregate = aggregate, .is_signed = is_signed};
}

void sums_release(struct sums *sums)
{
	for (uint32_t i = 0; sums->histograms && i < sums->groups; i++)
		histogram_free(sums->histograms[i]);
	free(sums->histograms);
	free(sums->sum);
	free(sums->count);
	free(sums->low);
	free(sums->high);
	free(sums->any);
	free(sums->distinct);
	index_release(&sums->distinct_index);
}

/* An entry a group of @size bytes each: more room if there is to be more, and what is new empty. */
static void *extend(const struct sums *sums, void *array, uint32_t had, bool grown, size_t size)
{
	if (grown)
		array = mem_realloc(array, sums->capacity * size);
	memset((char *)array + had * size, 0, (sums->groups - had) * size);
	return array;
}

void sums_reserve(struct sums *sums, uint32_t groups)
{
	uint32_t had = sums->groups;
	bool grown = groups > sums->capacity;

	if (groups <= had)
		return;
	if (grown)
		sums->capacity = groups + groups / 2 / GROUPS_STEP * GROUPS_STEP + GROUPS_STEP;
	/* Some at once, and not all: pages that nothing was written to take no memory. */
	sums->groups = sums->capacity - groups < GROUPS_STEP ? sums->capacity
							     : groups + GROUPS_STEP;
	if (sums->aggregate == AGGREGATE_NONE || sums->aggregate == AGGREGATE_LAST) {
		sums->any = extend(sums, sums->any, had, grown, sizeof(*sums->any));
		return;
	}
	sums->count = extend(sums, sums->count, had, grown, sizeof(*sums->count));
	switch (sums->aggregate) {
	case AGGREGATE_SUM:
	case AGGREGATE_RATE:
	case AGGREGATE_AVG:
	case AGGREGATE_MEAN:
		sums->sum = extend(sums, sums->sum, had, grown, sizeof(*sums->sum));
		break;
	case AGGREGATE_MIN:
		sums->low = extend(sums, sums->low, had, grown, sizeof(*sums->low));
		break;
	case AGGREGATE_MAX:
		sums->high = extend(sums, sums->high, had, grown, sizeof(*sums->high));
		break;
	case AGGREGATE_P50:
	case AGGREGATE_P90:
	case AGGREGATE_P99:
		sums->histograms = extend(
			sums, sums->histograms, had, grown, sizeof(*sums->histograms));
		break;
	default:
		break;
	}
}

static void sums_add_distinct(struct sums *sums, uint32_t group, struct value value);

static bool is_below(const struct sums *sums, uint64_t a, uint64_t b)
{
	return sums->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

static void sums_add_number(struct sums *sums, uint32_t group, uint64_t value)
{
	uint64_t before;

	if (!sums->count) { /* AGGREGATE_NONE keeps the first, AGGREGATE_LAST the last */
		if (sums->any[group].type == VALUE_NONE || sums->aggregate == AGGREGATE_LAST)
			sums->any[group] = sums->is_signed ? value_signed((int64_t)value)
							   : value_unsigned(value);
		return;
	}
	before = sums->count[group]++;
	switch (sums->aggregate) {
	case AGGREGATE_MIN:
		if (!before || is_below(sums, value, sums->low[group]))
			sums->low[group] = value;
		break;
	case AGGREGATE_MAX:
		if (!before || is_below(sums, sums->high[group], value))
			sums->high[group] = value;
		break;
	case AGGREGATE_P50:
	case AGGREGATE_P90:
	case AGGREGATE_P99:
		if (!before)
			sums->histograms[group] = histogram_new();
		histogram_add(sums->histograms[group], value);
		break;
	case AGGREGATE_DISTINCT:
		sums->count[group]--;
		sums_add_distinct(sums, group, value_unsigned(value));
		break;
	default:
		break;
	}
}

void sums_add(struct sums *sums, const uint32_t *groups, const uint32_t *rows, uint32_t count,
	const uint64_t *column, uint64_t constant)
{
	switch (sums->aggregate) {
	case AGGREGATE_COUNT:
		for (uint32_t i = 0; i < count; i++)
			sums->count[groups[i]]++;
		break;
	case AGGREGATE_SUM:
	case AGGREGATE_RATE:
	case AGGREGATE_AVG:
		for (uint32_t i = 0; i < count; i++)
			sums->count[groups[i]]++;
		if (!column)
			for (uint32_t i = 0; i < count; i++)
				sums->sum[groups[i]] += (double)constant;
		else if (sums->is_signed)
			for (uint32_t i = 0; i < count; i++)
				sums->sum[groups[i]] += (double)(int64_t)column[rows[i]];
		else
			for (uint32_t i = 0; i < count; i++)
				sums->sum[groups[i]] += (double)column[rows[i]];
		break;
	default:
		for (uint32_t i = 0; i < count; i++)
			sums_add_number(sums, groups[i], column ? column[rows[i]] : constant);
	}
}

static bool distinct_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct distinct *have = &((const struct sums *)owner)->distinct[entry];
	const struct distinct *key = wanted;

	return have->group == key->group && have->hash == key->hash;
}

static void sums_add_distinct(struct sums *sums, uint32_t group, struct value value)
{
	struct distinct key = {group, value_hash(value)};
	uint64_t hash = hash_two(key.hash, group);

	if (index_find(&sums->distinct_index, hash, distinct_is, sums, &key) != INDEX_NONE)
		return;
	if (sums->distinct_count >= DISTINCT_MAX) {
		sums->cut = true;
		return;
	}
	sums->distinct = mem_grow(sums->distinct, &sums->distinct_capacity,
		sums->distinct_count + 1, sizeof(*sums->distinct));
	sums->distinct[sums->distinct_count] = key;
	index_add(&sums->distinct_index, hash, (uint32_t)sums->distinct_count++);
	sums->count[group]++;
}

/* Mostly it is what it was: then it need not be looked for among all texts. */
static void sums_set_any(
	struct sums *sums, uint32_t group, struct value value, struct groups *groups)
{
	struct value *any = &sums->any[group];

	if (any->type != VALUE_NONE && sums->aggregate == AGGREGATE_NONE)
		return;
	if (value.type != VALUE_TEXT)
		*any = value;
	else if (any->type == VALUE_TEXT && str_equal(value_str(*any), value_str(value)))
		return;
	else if (any->type == VALUE_NONE || !groups_are_full(groups))
		*any = keep(&groups->texts, value);
}

void sums_add_value(struct sums *sums, uint32_t group, struct value value, struct groups *groups)
{
	uint32_t row = 0;
	uint64_t number;

	if (value.type == VALUE_NONE)
		return;
	switch (sums->aggregate) {
	case AGGREGATE_NONE:
	case AGGREGATE_LAST:
		sums_set_any(sums, group, value, groups);
		return;
	case AGGREGATE_DISTINCT:
		sums_add_distinct(sums, group, value);
		return;
	default:
		number = value.type == VALUE_REAL ? (uint64_t)value.f : value.u;
		sums_add(sums, &group, &row, 1, &number, 0);
	}
}

void sums_add_lasting(struct sums *sums, uint32_t group, struct value value, uint64_t ns)
{
	if (value.type == VALUE_NONE)
		return;
	sums->count[group]++;
	sums->sum[group] += value_number(value) * (double)ns;
}

struct value sums_get(const struct sums *sums, uint32_t group, double seconds)
{
	static const double parts[AGGREGATES] = {
		[AGGREGATE_P50] = 0.5, [AGGREGATE_P90] = 0.9, [AGGREGATE_P99] = 0.99};

	if (group >= sums->groups)
		return value_none();
	if (sums->aggregate == AGGREGATE_COUNT || sums->aggregate == AGGREGATE_DISTINCT)
		return value_unsigned(sums->count[group]);
	if (!sums->count)
		return sums->any[group];
	if (!sums->count[group])
		return value_none();
	switch (sums->aggregate) {
	case AGGREGATE_SUM:
		return sums->sum[group] >= 0 && sums->sum[group] < 9e15
			       ? value_unsigned((uint64_t)sums->sum[group])
			       : value_real(sums->sum[group]);
	case AGGREGATE_RATE:
		return value_real(seconds > 0 ? sums->sum[group] / seconds : 0);
	case AGGREGATE_MEAN:
		return seconds > 0 ? value_real(sums->sum[group] / seconds / 1e9) : value_none();
	case AGGREGATE_AVG:
		return value_real(sums->sum[group] / (double)sums->count[group]);
	case AGGREGATE_MIN:
		return sums->is_signed ? value_signed((int64_t)sums->low[group])
				       : value_unsigned(sums->low[group]);
	case AGGREGATE_MAX:
		return sums->is_signed ? value_signed((int64_t)sums->high[group])
				       : value_unsigned(sums->high[group]);
	case AGGREGATE_P50:
	case AGGREGATE_P90:
	case AGGREGATE_P99:
		return value_unsigned(
			histogram_quantile(sums->histograms[group], parts[sums->aggregate]));
	default:
		return value_none();
	}
}
