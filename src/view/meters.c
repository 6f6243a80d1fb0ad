/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/meters.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "record/cursor.h"

struct reading {
	struct meters *meters;
	uint64_t from, to;
	uint64_t (*cpus)[CPU_USAGE_NUMS]; /* by number */
	uint64_t latest, covered;
};

static uint64_t slot(struct rows *rows, enum record_type type, unsigned num, uint32_t row)
{
	const uint64_t *column = rows_num(rows, type, num);

	return column ? column[row] : 0;
}

static void take_host(struct reading *reading, uint64_t time, uint64_t duration)
{
	reading->covered += duration;
	if (time >= reading->latest) {
		reading->latest = time;
		reading->meters->interval = duration;
	}
}

static void take_latest(struct reading *reading, struct rows *rows, uint32_t row)
{
	for (unsigned i = 0; i < HOST_USAGE_NUMS; i++)
		reading->meters->host[i] = slot(rows, RECORD_HOST_USAGE, i, row);
}

/* How the machine stood at the last of its records: most of what they tell is asked of that alone.
 */
static void read_latest(struct reading *reading, struct recording *recording)
{
	struct cursor cursor;
	struct rows *rows;

	cursor_init(&cursor, recording, RECORD_DATA, reading->latest, reading->latest);
	while (reading->latest && (rows = cursor_next(&cursor))) {
		const uint32_t *kind = rows_index(rows, CHUNK_KIND);
		const uint64_t *time = rows_value(rows, CHUNK_TIME);
		uint32_t count;
		const struct chunk_kind *kinds = rows_kinds(rows, &count);

		for (uint32_t row = 0; kind && time && row < rows_count(rows); row++)
			if (time[row] == reading->latest &&
				kinds[kind[row]].type == RECORD_HOST_USAGE)
				take_latest(reading, rows, row);
	}
	cursor_release(&cursor);
}

static void take_cpu(struct reading *reading, struct rows *rows, uint32_t row)
{
	const uint32_t *cpu = rows_index(rows, CHUNK_CPU);

	if (!cpu || cpu[row] >= METERS_CPUS)
		return;
	for (unsigned i = 0; i < CPU_USAGE_NUMS; i++)
		reading->cpus[cpu[row]][i] += slot(rows, RECORD_CPU_USAGE, i, row);
}

static void take_device(struct reading *reading, struct rows *rows, uint32_t row, uint32_t sub)
{
	const uint32_t *name = rows_index(rows, CHUNK_NAME);
	uint64_t in = slot(rows, RECORD_DEVICE_USAGE, DEVICE_USAGE_IN, row);
	uint64_t out = slot(rows, RECORD_DEVICE_USAGE, DEVICE_USAGE_OUT, row);

	if (sub == USAGE_DISK) {
		reading->meters->disk_in += in;
		reading->meters->disk_out += out;
	} else if (name && !str_equal(rows_string(rows, name[row]), STR("lo"))) {
		reading->meters->network_in += in;
		reading->meters->network_out += out;
	}
}

static void read_chunk(struct reading *reading, struct rows *rows)
{
	const uint32_t *kind = rows_index(rows, CHUNK_KIND);
	const uint64_t *time = rows_value(rows, CHUNK_TIME);
	const uint64_t *duration = rows_value(rows, CHUNK_DURATION);
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(rows, &count);

	for (uint32_t row = 0; kind && time && duration && row < rows_count(rows); row++) {
		const struct chunk_kind *of = &kinds[kind[row]];

		if (of->type < RECORD_HOST_USAGE || time[row] < reading->from ||
			time[row] >= reading->to)
			continue;
		if (of->type == RECORD_HOST_USAGE)
			take_host(reading, time[row], duration[row]);
		else if (of->type == RECORD_CPU_USAGE)
			take_cpu(reading, rows, row);
		else if (of->type == RECORD_DEVICE_USAGE)
			take_device(reading, rows, row, of->sub);
	}
}

static void sum_cpus(struct reading *reading)
{
	struct meters *meters = reading->meters;

	for (uint32_t cpu = 0; cpu < METERS_CPUS; cpu++) {
		uint64_t all = 0, idle = reading->cpus[cpu][CPU_USAGE_IDLE] +
					 reading->cpus[cpu][CPU_USAGE_IOWAIT];

		for (int i = 0; i < CPU_USAGE_NUMS; i++) {
			all += reading->cpus[cpu][i];
			meters->cpu[i] += reading->cpus[cpu][i];
		}
		meters->busy[cpu] = all ? (double)(all - idle) / (double)all : -1;
		if (all)
			meters->cpus = cpu + 1;
	}
}

bool meters_read(struct meters *meters, struct recording *recording, uint64_t from, uint64_t to)
{
	struct reading reading = {.meters = meters, .from = from, .to = to};
	struct cursor cursor;
	struct rows *rows;

	memset(meters, 0, sizeof(*meters));
	reading.cpus = mem_zalloc(METERS_CPUS * sizeof(*reading.cpus));
	cursor_init(&cursor, recording, RECORD_DATA, from, to ? to - 1 : 0);
	while ((rows = cursor_next(&cursor)))
		if (rows_have(rows, RECORD_HOST_USAGE) || rows_have(rows, RECORD_CPU_USAGE) ||
			rows_have(rows, RECORD_DEVICE_USAGE))
			read_chunk(&reading, rows);
	cursor_release(&cursor);
	read_latest(&reading, recording);
	sum_cpus(&reading);
	free(reading.cpus);
	meters->seconds = (double)reading.covered / 1e9;
	return reading.latest != 0;
}
