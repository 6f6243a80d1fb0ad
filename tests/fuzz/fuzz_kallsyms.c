/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as /proc/kallsyms: the table it makes, and the names in it, demangled. */
#include "fuzz.h"

#include "resolve/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name_table table;
	int fd = fuzz_file(data, size);

	name_table_init(&table);
	CHECK(kallsyms_read(&table, fd) == (table.count > 0));
	close(fd);
	for (size_t i = 0; i < table.count; i++) {
		uint64_t start, end, address = table.entries[i].start;
		const struct name_entry *entry = name_table_find(&table, address, &start, &end);

		if (address == UINT64_MAX) /* [start, end) cannot hold it */
			continue;
		CHECK(!i || table.entries[i - 1].start < address);
		CHECK(!entry || (start <= address && address < end));
		CHECK(entry ? entry->start == address : !table.entries[i].name);
		free(name_demangle(table.names.data + table.entries[i].name));
		name_table_find(&table, address - 1, &start, &end);
		CHECK(start <= address - 1 && address - 1 < end);
	}
	name_table_release(&table);
	return 0;
}
