/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of what was looked at of a process or container: source/detail, resolve/container_details.
 */
#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DETAILS FIELD_TYPE(RECORD_DETAIL)

static struct value get_kind(struct extract *x, uint32_t kind)
{
	static const char *const names[DETAIL_KINDS] = {"", "files", "maps", "limits",
		"environment", "namespaces", "cgroups", "inspect", "log"};
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(x->rows, &count);

	if (kinds[kind].type != RECORD_DETAIL || kinds[kind].sub >= DETAIL_KINDS)
		return value_none();
	return value_text(str_from(names[kinds[kind].sub]));
}

static struct value get_name(struct extract *x, uint32_t row)
{
	const uint32_t *name = rows_index(x->rows, CHUNK_NAME);

	return name ? value_text(rows_string(x->rows, name[row])) : value_none();
}

static struct value get_value(struct extract *x, uint32_t row)
{
	const uint64_t *value = rows_text(x->rows, RECORD_DETAIL, DETAIL_VALUE);

	return value ? value_text(rows_string(x->rows, (uint32_t)value[row])) : value_none();
}

static struct value get_section(struct extract *x, uint32_t row)
{
	const uint64_t *section = rows_text(x->rows, RECORD_DETAIL, DETAIL_SECTION);

	return section ? value_text(rows_string(x->rows, (uint32_t)section[row])) : value_none();
}

static struct value get_time(struct extract *x, uint32_t row)
{
	const uint64_t *time = rows_num(x->rows, RECORD_DETAIL, DETAIL_TIME);

	return time && time[row] ? value_unsigned(time[row]) : value_none();
}

static const uint64_t *number_column(struct extract *x)
{
	return rows_num(x->rows, RECORD_DETAIL, DETAIL_NUMBER);
}

static const struct field detail_fields[] = {
	{.name = "detail.kind",
		.type = VALUE_TEXT,
		.domain = DOMAIN_KIND,
		.types = DETAILS,
		.title = "KIND",
		.width = 11,
		.help = "files, maps, limits, environment, namespaces or cgroups of a process; "
			"inspect or log of a container",
		.get = get_kind},
	{.name = "detail.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_ROW,
		.types = DETAILS,
		.title = "NAME",
		.width = 30,
		.help = "what it is: an open file, a mapped one, a variable…",
		.get = get_name},
	{.name = "detail.value",
		.type = VALUE_TEXT,
		.domain = DOMAIN_ROW,
		.types = DETAILS,
		.title = "VALUE",
		.width = 40,
		.help = "what is said of it",
		.get = get_value},
	{.name = "detail.number",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_ROW,
		.types = DETAILS,
		.title = "NO",
		.width = 5,
		.help = "the descriptor of a file, the address of a mapping, the number of a line, "
			"else the place in the list",
		.column = number_column},
	{.name = "detail.section",
		.type = VALUE_TEXT,
		.domain = DOMAIN_ROW,
		.types = DETAILS,
		.title = "SECTION",
		.width = 11,
		.help = "what it belongs to: mounts, ports, environment, limits, labels…",
		.get = get_section},
	{.name = "detail.time",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_TIME,
		.domain = DOMAIN_ROW,
		.types = DETAILS,
		.title = "TIME",
		.width = 15,
		.help = "when a line of a log was written",
		.get = get_time},
};

const struct field_class fields_detail = {"detail",
	"what was looked at of a process or a container, when someone opened such a view",
	detail_fields, COUNT(detail_fields)};
