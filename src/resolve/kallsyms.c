/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/kallsyms.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define KALLSYMS_MAX (256u << 20)
#define READ_SIZE 16384 /* more than a line has */

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static uint64_t read_hex(const char **at)
{
	uint64_t value = 0;
	unsigned digit;

	for (; (digit = hex_digit(**at)) < 16; (*at)++)
		value = value << 4 | digit;
	return value;
}

/* Modules come in runs: the name of the one before is mostly the one wanted. */
static uint32_t module_name(struct name_table *table, struct str name, uint32_t last)
{
	if (last && str_equal(str_from(table->names.data + last), name))
		return last;
	return name_table_text(table, name);
}

/*
 * Code is of types t, T, w and W; all other symbols are borders where the code before them ends.
 * Global names (capitals) go before local ones, strong before weak.
 */
static void take_line(struct name_table *table, const char *line, size_t size, uint32_t *module)
{
	const char *at = line, *end = line + size, *name, *tab;
	struct name_entry entry = {0};
	struct str owner = {"", 0};
	char type;

	entry.start = entry.end = read_hex(&at);
	if (!entry.start || end - at < 4 || at[0] != ' ' || at[2] != ' ')
		return;
	type = at[1];
	name = at + 3;
	tab = memchr(name, '\t', (size_t)(end - name));
	if (tab)
		owner = (struct str){tab + 1, (size_t)(end - tab - 1)};
	if (type == 't' || type == 'T' || type == 'w' || type == 'W') {
		entry.rank = type == 'T' ? 3 : type == 't' ? 2 : 1;
		entry.name = name_table_text(
			table, (struct str){name, (size_t)((tab ? tab : end) - name)});
		if (owner.size)
			entry.owner = *module = module_name(table, owner, *module);
	}
	name_table_add(table, entry);
}

/* Takes in the whole lines of a text; returns how much of it they are. */
static size_t take_lines(struct name_table *table, const char *text, size_t size, uint32_t *module)
{
	size_t at = 0;
	const char *end;

	while (at < size && (end = memchr(text + at, '\n', size - at))) {
		take_line(table, text + at, (size_t)(end - text) - at, module);
		at = (size_t)(end - text) + 1;
	}
	return at;
}

/*
 * The kernel hands out a page at a time, and what was taken in is not kept: pages that are touched
 * for the first time would cost more than what is done with them.
 */
bool kallsyms_read(struct name_table *table, int fd)
{
	static char text[READ_SIZE];
	size_t have = 0, all = 0, taken;
	uint32_t module = 0;
	ssize_t got;

	for (;;) {
		got = read(fd, text + have, sizeof(text) - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
		all += (size_t)got;
		taken = take_lines(table, text, have, &module);
		have -= taken;
		memmove(text, text + taken, have);
		if (all > KALLSYMS_MAX || have == sizeof(text))
			return false;
	}
	if (got < 0)
		return false;
	text[have] = '\n';
	take_line(table, text, have, &module); /* one that has no end */
	name_table_sort(table);
	return table->count > 0;
}
