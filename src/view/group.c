/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/group.h"

#include <stdlib.h>

#include "base/mem.h"
#include "view/histogram.h"

void groups_init(struct groups *groups, size_t key_count)
{
	*groups = (struct groups){.key_count = key_count};
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
		value.text = intern(texts, value.text);
	return value;
}

/* The key of all that came when there was no room for another group. */
static const struct value others[VIEW_KEYS];

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
	if (groups->count >= GROUPS_MAX && keys != others)
		return groups_find(groups, others, added);
	*added = true;
	group = groups->count++;
	groups->keys = mem_grow(groups->keys, &groups->capacity,
		groups->count * groups->key_count + 1, sizeof(*groups->keys));
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

static void *reserve(void *array, size_t *capacity, uint32_t from, uint32_t to, size_t size)
{
	array = mem_grow(array, capacity, to, size);
	memset((char *)array + from * size, 0, (to - from) * size);
	return array;
}

void sums_reserve(struct sums *sums, uint32_t groups)
{
	uint32_t had = sums->groups;

	if (groups <= had)
		return;
	sums->groups = groups;
	sums->count = reserve(
		sums->count, &sums->count_capacity, had, groups, sizeof(*sums->count));
	switch (sums->aggregate) {
	case AGGREGATE_SUM:
	case AGGREGATE_RATE:
	case AGGREGATE_AVG:
		sums->sum = reserve(
			sums->sum, &sums->sum_capacity, had, groups, sizeof(*sums->sum));
		break;
	case AGGREGATE_MIN:
		sums->low = reserve(
			sums->low, &sums->low_capacity, had, groups, sizeof(*sums->low));
		break;
	case AGGREGATE_MAX:
		sums->high = reserve(
			sums->high, &sums->high_capacity, had, groups, sizeof(*sums->high));
		break;
	case AGGREGATE_NONE:
	case AGGREGATE_LAST:
		sums->any = reserve(
			sums->any, &sums->any_capacity, had, groups, sizeof(*sums->any));
		break;
	case AGGREGATE_P50:
	case AGGREGATE_P90:
	case AGGREGATE_P99:
		sums->histograms = reserve(sums->histograms, &sums->histogram_capacity, had, groups,
			sizeof(*sums->histograms));
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
	uint64_t before = sums->count[group]++;

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
	default: /* AGGREGATE_NONE keeps the first, AGGREGATE_LAST the last */
		if (!before || sums->aggregate == AGGREGATE_LAST)
			sums->any[group] = sums->is_signed ? value_signed((int64_t)value)
							   : value_unsigned(value);
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
	sums->distinct = mem_grow(sums->distinct, &sums->distinct_capacity,
		sums->distinct_count + 1, sizeof(*sums->distinct));
	sums->distinct[sums->distinct_count] = key;
	index_add(&sums->distinct_index, hash, (uint32_t)sums->distinct_count++);
	sums->count[group]++;
}

void sums_add_value(struct sums *sums, uint32_t group, struct value value, struct intern *texts)
{
	uint32_t row = 0;
	uint64_t number;

	if (value.type == VALUE_NONE)
		return;
	switch (sums->aggregate) {
	case AGGREGATE_NONE:
		if (sums->count[group]++)
			return;
		sums->any[group] = keep(texts, value);
		return;
	case AGGREGATE_LAST:
		sums->count[group]++;
		sums->any[group] = keep(texts, value);
		return;
	case AGGREGATE_DISTINCT:
		sums_add_distinct(sums, group, value);
		return;
	default:
		number = value.type == VALUE_REAL ? (uint64_t)value.f : value.u;
		sums_add(sums, &group, &row, 1, &number, 0);
	}
}

struct value sums_get(const struct sums *sums, uint32_t group, double seconds)
{
	static const double parts[AGGREGATES] = {
		[AGGREGATE_P50] = 0.5, [AGGREGATE_P90] = 0.9, [AGGREGATE_P99] = 0.99};

	if (group >= sums->groups)
		return value_none();
	if (sums->aggregate == AGGREGATE_COUNT || sums->aggregate == AGGREGATE_DISTINCT)
		return value_unsigned(sums->count[group]);
	if (!sums->count[group])
		return value_none();
	switch (sums->aggregate) {
	case AGGREGATE_SUM:
		return sums->sum[group] >= 0 && sums->sum[group] < 9e15
			       ? value_unsigned((uint64_t)sums->sum[group])
			       : value_real(sums->sum[group]);
	case AGGREGATE_RATE:
		return value_real(seconds > 0 ? sums->sum[group] / seconds : 0);
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
		return sums->any[group];
	}
}
