/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/kallsyms.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define KALLSYMS_MAX (256u << 20)

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

bool kallsyms_read(struct name_table *table, int fd)
{
	struct buf text = {0};
	uint32_t module = 0;
	const char *at, *end;

	if (fs_read_fd(fd, &text, KALLSYMS_MAX)) {
		buf_release(&text);
		return false;
	}
	end = text.data + text.size;
	for (at = text.data; at && at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		line_end = line_end ? line_end : end;
		take_line(table, at, (size_t)(line_end - at), &module);
		at = line_end + 1;
	}
	buf_release(&text);
	name_table_sort(table);
	return table->count > 0;
}
