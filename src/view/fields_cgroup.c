/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of control groups: which it is, and what it uses. */
#include "view/fields.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WITHIN_MAX 64 /* of those above a cgroup, the nearest */

const struct chunk_cgroup *field_cgroup(struct extract *x, uint32_t entry)
{
	uint32_t count;
	const struct chunk_thread *threads = rows_threads(x->rows, &count);
	const struct chunk_cgroup *cgroups = rows_cgroups(x->rows, &count);

	if (!threads || !cgroups || !entry || !threads[entry].cgroup)
		return NULL;
	return &cgroups[threads[entry].cgroup];
}

static struct value get_id(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);

	return cgroup ? value_unsigned(cgroup->id) : value_none();
}

static struct value get_hierarchy(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);

	return cgroup ? value_unsigned(cgroup->hierarchy) : value_none();
}

/*
 * The one above, as rows are told: a folder of version 1 is told of by that of the same path in
 * version 2, where there is one.
 */
static const struct cgroup *parent_of(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);
	const struct cgroups *cgroups = &x->model->cgroups;
	const struct cgroup *known, *above, *same;

	known = cgroup ? cgroups_find(cgroups, cgroup->hierarchy, cgroup->id) : NULL;
	above = known ? cgroups_find(cgroups, known->hierarchy, known->parent) : NULL;
	same = above && above->hierarchy ? cgroups_at(cgroups, 0, above->path) : NULL;
	return same && !same->gone ? same : above;
}

static struct value get_parent(struct extract *x, uint32_t entry)
{
	const struct cgroup *parent = parent_of(x, entry);

	return parent ? value_unsigned(parent->id) : value_none();
}

static struct value get_parent_hierarchy(struct extract *x, uint32_t entry)
{
	const struct cgroup *parent = parent_of(x, entry);

	return parent ? value_unsigned(parent->hierarchy) : value_none();
}

static struct value get_path(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);
	const struct cgroup *known =
		cgroup ? cgroups_find(&x->model->cgroups, cgroup->hierarchy, cgroup->id) : NULL;

	return known ? value_text(known->path) : value_none();
}

/* "/1/27/101/": a step down from a cgroup is to all that is below it. */
static struct value get_within(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);
	char ids[WITHIN_MAX * 21 + 2], *at = ids + sizeof(ids), *text;
	uint64_t id = cgroup ? cgroup->id : 0;
	size_t size;

	if (!id)
		return value_none();
	*--at = '/';
	for (int i = 0; id && i < WITHIN_MAX; i++) {
		const struct cgroup *known = cgroups_find(
			&x->model->cgroups, cgroup->hierarchy, id);

		for (; id; id /= 10)
			*--at = (char)('0' + id % 10);
		*--at = '/';
		id = known ? known->parent : 0;
	}
	size = (size_t)(ids + sizeof(ids) - at);
	text = extract_room(x, size);
	memcpy(text, at, size);
	return value_text((struct str){text, size});
}

/* --- gauges --- */

static const uint64_t *usage_of(struct extract *x, enum cgroup_usage_num num)
{
	return rows_num(x->rows, RECORD_CGROUP_USAGE, num);
}

/* Of the interval that the record is about. */
static struct value part_of_time(struct extract *x, uint32_t row, enum cgroup_usage_num num)
{
	const uint64_t *durations = rows_value(x->rows, CHUNK_DURATION);
	const uint64_t *ns = usage_of(x, num);

	if (!durations || !ns || !durations[row])
		return value_none();
	return value_real(100 * (double)ns[row] / (double)durations[row]);
}

static struct value number_at(struct extract *x, uint32_t row, enum cgroup_usage_num num)
{
	const uint64_t *numbers = usage_of(x, num);

	return numbers ? value_unsigned(numbers[row]) : value_none();
}

/* Where 0 says that there is none: of a limit, or of who tells. */
static struct value number_or_none(struct extract *x, uint32_t row, enum cgroup_usage_num num)
{
	const uint64_t *numbers = usage_of(x, num);

	return numbers && numbers[row] ? value_unsigned(numbers[row]) : value_none();
}

struct value field_cgroup_cpu(struct extract *x, uint32_t row)
{
	return part_of_time(x, row, CGROUP_USAGE_CPU);
}

struct value field_cgroup_cpu_user(struct extract *x, uint32_t row)
{
	return part_of_time(x, row, CGROUP_USAGE_USER);
}

struct value field_cgroup_cpu_system(struct extract *x, uint32_t row)
{
	return part_of_time(x, row, CGROUP_USAGE_SYSTEM);
}

/* What waited is added up as it is read: a little before the interval ends, or a little after. */
static struct value waited(struct extract *x, uint32_t row, enum cgroup_usage_num num)
{
	struct value part = part_of_time(x, row, num);

	return part.type == VALUE_REAL && part.f > 100 ? value_real(100) : part;
}

struct value field_cgroup_psi_cpu(struct extract *x, uint32_t row)
{
	return waited(x, row, CGROUP_USAGE_PSI_CPU);
}

struct value field_cgroup_psi_memory(struct extract *x, uint32_t row)
{
	return waited(x, row, CGROUP_USAGE_PSI_MEMORY);
}

struct value field_cgroup_psi_io(struct extract *x, uint32_t row)
{
	return waited(x, row, CGROUP_USAGE_PSI_IO);
}

struct value field_cgroup_io_read(struct extract *x, uint32_t row)
{
	return number_at(x, row, CGROUP_USAGE_READ);
}

struct value field_cgroup_io_written(struct extract *x, uint32_t row)
{
	return number_at(x, row, CGROUP_USAGE_WRITTEN);
}

bool field_cgroup_io_is_partly(struct extract *x, uint32_t row)
{
	const uint64_t *numbers = usage_of(x, CGROUP_USAGE_IO_PARTLY);

	return numbers && numbers[row];
}

struct value field_cgroup_oom_kills(struct extract *x, uint32_t row)
{
	return number_at(x, row, CGROUP_USAGE_OOM_KILLS);
}

struct value field_cgroup_memory(struct extract *x, uint32_t row)
{
	return number_or_none(x, row, CGROUP_USAGE_MEMORY);
}

struct value field_cgroup_memory_limit(struct extract *x, uint32_t row)
{
	return number_or_none(x, row, CGROUP_USAGE_MEMORY_LIMIT);
}

struct value field_cgroup_pids(struct extract *x, uint32_t row)
{
	return number_or_none(x, row, CGROUP_USAGE_PIDS);
}

struct value field_cgroup_pids_limit(struct extract *x, uint32_t row)
{
	return number_or_none(x, row, CGROUP_USAGE_PIDS_LIMIT);
}

/* The kernel reads the two numbers one after the other: a period may end in between. */
struct value field_cgroup_throttled(struct extract *x, uint32_t row)
{
	const uint64_t *periods = usage_of(x, CGROUP_USAGE_PERIODS);
	const uint64_t *throttled = usage_of(x, CGROUP_USAGE_THROTTLED);

	if (!periods || !throttled || !periods[row])
		return value_none();
	if (throttled[row] >= periods[row])
		return value_real(100);
	return value_real(100 * (double)throttled[row] / (double)periods[row]);
}

struct value field_cgroup_cpu_limit(struct extract *x, uint32_t row)
{
	const uint64_t *limits = usage_of(x, CGROUP_USAGE_CPU_LIMIT);

	return limits && limits[row] ? value_real((double)limits[row] / 10) : value_none();
}

#define USAGE FIELD_TYPE(RECORD_CGROUP_USAGE)

static const struct field cgroup_fields[] = {
	{.name = "cgroup.id",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "CGROUP ID",
		.width = 10,
		.help = "id of its cgroup, the inode of the folder",
		.get = get_id},
	{.name = "cgroup.hierarchy",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "HIER",
		.width = 4,
		.help = "hierarchy its cgroup is in: 0 for version 2, else its number in "
			"/proc/cgroups",
		.get = get_hierarchy},
	{.name = "cgroup.parent",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "PARENT",
		.width = 10,
		.help = "id of the cgroup above its own; the root has none",
		.get = get_parent},
	{.name = "cgroup.parent_hierarchy",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "PHIER",
		.width = 5,
		.help = "hierarchy that cgroup.parent is in",
		.get = get_parent_hierarchy},
	{.name = "cgroup.within",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "WITHIN",
		.width = 16,
		.help = "ids of its cgroup and of those above it, as /1/27/101/",
		.get = get_within},
	{.name = "cgroup.path",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "CGROUP",
		.width = 24,
		.help = "path of its cgroup below the root of the hierarchy",
		.get = get_path},
	{.name = "cgroup.cpu",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "CPU%",
		.width = 7,
		.help = "time on CPUs, of one CPU",
		.get = field_cgroup_cpu},
	{.name = "cgroup.cpu_user",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "USER%",
		.width = 7,
		.help = "time on CPUs outside of the kernel",
		.get = field_cgroup_cpu_user},
	{.name = "cgroup.cpu_system",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "SYS%",
		.width = 7,
		.help = "time on CPUs in the kernel",
		.get = field_cgroup_cpu_system},
	{.name = "cgroup.cpu_throttled",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "THR%",
		.width = 7,
		.help = "part of the periods of its CPU limit in which it was held back",
		.get = field_cgroup_throttled},
	{.name = "cgroup.cpu_limit",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "CPULIM",
		.width = 7,
		.help = "CPU time it may use, of one CPU; the smallest limit of those above it",
		.get = field_cgroup_cpu_limit},
	{.name = "cgroup.memory",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "MEM",
		.width = 6,
		.help = "memory it uses, without inactive file pages",
		.get = field_cgroup_memory},
	{.name = "cgroup.memory_limit",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "LIMIT",
		.width = 6,
		.help = "memory it may use; the smallest limit of those above it",
		.get = field_cgroup_memory_limit},
	{.name = "cgroup.io_read",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "READ/s",
		.width = 7,
		.help = "bytes read from devices",
		.get = field_cgroup_io_read},
	{.name = "cgroup.io_written",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "WRITE/s",
		.width = 7,
		.help = "bytes written to devices; of version 1, without what is written back "
			"later",
		.get = field_cgroup_io_written},
	{.name = "cgroup.pids",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PIDS",
		.width = 5,
		.help = "threads in it, as its limit counts them",
		.get = field_cgroup_pids},
	{.name = "cgroup.pids_limit",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PIDMAX",
		.width = 6,
		.help = "threads that may be in it; the smallest limit of those above it",
		.get = field_cgroup_pids_limit},
	{.name = "cgroup.psi_cpu",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-C",
		.width = 7,
		.help = "time in which some of its threads waited for a CPU",
		.get = field_cgroup_psi_cpu},
	{.name = "cgroup.psi_memory",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-M",
		.width = 7,
		.help = "time in which some of its threads waited for memory",
		.get = field_cgroup_psi_memory},
	{.name = "cgroup.psi_io",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-IO",
		.width = 7,
		.help = "time in which some of its threads waited for a device",
		.get = field_cgroup_psi_io},
	{.name = "cgroup.oom_kills",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "OOM",
		.width = 5,
		.help = "processes killed for want of memory",
		.get = field_cgroup_oom_kills},
};

const struct field_class fields_cgroup = {
	"cgroup", "the control group of the thread", cgroup_fields, COUNT(cgroup_fields)};
