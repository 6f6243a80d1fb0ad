/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that any record has: when, where, on which machine. */
#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const uint64_t *time_column(struct extract *x)
{
	return rows_value(x->rows, CHUNK_TIME);
}

static struct value get_cpu(struct extract *x, uint32_t cpu)
{
	(void)x;
	return value_unsigned(cpu);
}

static struct value get_one(struct extract *x, uint32_t row)
{
	(void)x;
	(void)row;
	return value_unsigned(1);
}

static struct value get_late(struct extract *x, uint32_t row)
{
	const uint32_t *flags = rows_index(x->rows, CHUNK_FLAGS);

	return flags ? value_bool(flags[row] & RECORD_LATE) : value_none();
}

static const struct field evt_fields[] = {
	{.name = "evt.time",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_TIME,
		.domain = DOMAIN_ROW,
		.title = "TIME",
		.width = 15,
		.help = "when it happened",
		.column = time_column},
	{.name = "evt.cpu",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_CPU,
		.title = "CPU",
		.width = 4,
		.help = "number of the CPU it happened on",
		.get = get_cpu},
	{.name = "evt.count",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.title = "COUNT",
		.width = 8,
		.help = "number of records",
		.get = get_one,
		.is_constant = true},
	{.name = "evt.late",
		.type = VALUE_BOOL,
		.domain = DOMAIN_ROW,
		.title = "LATE",
		.width = 5,
		.help = "whether it came after records with a later time",
		.get = get_late},
};

const struct field_class fields_evt = {"evt", "any record", evt_fields, COUNT(evt_fields)};

static struct value get_host_name(struct extract *x, uint32_t kind)
{
	(void)kind;
	return value_text(x->model->host.name);
}

static struct value get_host_kernel(struct extract *x, uint32_t kind)
{
	(void)kind;
	return value_text(x->model->host.kernel);
}

static const struct field host_fields[] = {
	{.name = "host.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_KIND,
		.title = "HOST",
		.width = 12,
		.help = "name of the machine it was recorded on",
		.get = get_host_name},
	{.name = "host.kernel",
		.type = VALUE_TEXT,
		.domain = DOMAIN_KIND,
		.title = "KERNEL",
		.width = 16,
		.help = "release of the kernel it was recorded on",
		.get = get_host_kernel},
};

const struct field_class fields_host = {"host", "the machine", host_fields, COUNT(host_fields)};
