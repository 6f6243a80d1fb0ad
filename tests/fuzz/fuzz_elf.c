/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an ELF file: its symbols, and what stands at addresses in it. */
#include "fuzz.h"

#include "resolve/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_symbols symbols;
	int fd = fuzz_file(data, size);
	const char *why = elf_symbols_read(&symbols, fd);

	close(fd);
	if (why) {
		CHECK(*why && !symbols.segments && !symbols.table.entries);
		return 0;
	}
	for (size_t i = 0; i < symbols.segment_count && i < 64; i++)
		for (uint64_t step = 0; step < 64; step++) {
			const struct elf_segment *segment = &symbols.segments[i];
			uint64_t offset = segment->offset + segment->size / 64 * step, start, end;
			const char *name;

			if (!elf_symbols_find(&symbols, offset, &name, &start, &end))
				continue;
			CHECK(start <= offset && offset < end);
			CHECK(strlen(name) <= RESOLVE_NAME);
			free(name_demangle(name));
		}
	elf_symbols_release(&symbols);
	return 0;
}
