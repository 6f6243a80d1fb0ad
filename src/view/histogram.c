/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define STEP_BITS 4
#define STEPS (1u << STEP_BITS)
#define BUCKETS ((64 - STEP_BITS + 1) * STEPS)
#define FEW 24 /* buckets that are kept as a list */

struct histogram {
	uint64_t total;
	uint64_t least, largest;
	uint32_t few;
	uint16_t bucket[FEW]; /* sorted */
	uint32_t count[FEW];
	uint32_t *all; /* by bucket, once there are more; NULL before */
};

struct histogram *histogram_new(void)
{
	return mem_zalloc(sizeof(struct histogram));
}

void histogram_free(struct histogram *histogram)
{
	if (!histogram)
		return;
	free(histogram->all);
	free(histogram);
}

static uint32_t bucket_of(uint64_t value)
{
	unsigned bits;

	if (value < STEPS)
		return (uint32_t)value;
	bits = 63u - (unsigned)__builtin_clzll(value) - STEP_BITS;
	return (bits + 1) * STEPS + (uint32_t)(value >> bits) - STEPS;
}

/* The middle of what falls into a bucket, and never beyond what there was. */
static uint64_t bucket_value(const struct histogram *histogram, uint32_t bucket)
{
	unsigned bits = bucket / STEPS;
	uint64_t middle = bucket;

	if (bits--)
		middle = ((uint64_t)(bucket % STEPS + STEPS) << bits) +
			 ((UINT64_C(1) << bits) >> 1);
	if (middle < histogram->least)
		return histogram->least;
	return middle > histogram->largest ? histogram->largest : middle;
}

static void histogram_spread(struct histogram *histogram)
{
	histogram->all = mem_zalloc(BUCKETS * sizeof(*histogram->all));
	for (uint32_t i = 0; i < histogram->few; i++)
		histogram->all[histogram->bucket[i]] = histogram->count[i];
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	uint32_t bucket = bucket_of(value), at = 0;

	if (!histogram->total || value < histogram->least)
		histogram->least = value;
	if (value > histogram->largest)
		histogram->largest = value;
	histogram->total++;
	if (histogram->all) {
		histogram->all[bucket]++;
		return;
	}
	while (at < histogram->few && histogram->bucket[at] < bucket)
		at++;
	if (at < histogram->few && histogram->bucket[at] == bucket) {
		histogram->count[at]++;
		return;
	}
	if (histogram->few == FEW) {
		histogram_spread(histogram);
		histogram->all[bucket]++;
		return;
	}
	memmove(histogram->bucket + at + 1, histogram->bucket + at,
		(histogram->few - at) * sizeof(*histogram->bucket));
	memmove(histogram->count + at + 1, histogram->count + at,
		(histogram->few - at) * sizeof(*histogram->count));
	histogram->bucket[at] = (uint16_t)bucket;
	histogram->count[at] = 1;
	histogram->few++;
}

uint64_t histogram_quantile(const struct histogram *histogram, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)histogram->total), seen = 0;

	if (!histogram->total)
		return 0;
	if (wanted >= histogram->total)
		wanted = histogram->total - 1;
	if (!histogram->all) {
		for (uint32_t i = 0; i < histogram->few; i++)
			if ((seen += histogram->count[i]) > wanted)
				return bucket_value(histogram, histogram->bucket[i]);
		return 0;
	}
	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
		if ((seen += histogram->all[bucket]) > wanted)
			return bucket_value(histogram, bucket);
	return 0;
}
