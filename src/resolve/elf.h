/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols of an ELF file.  Used in the resolver child only. */
#ifndef RESOLVE_ELF_H
#define RESOLVE_ELF_H

#include "resolve/names.h"
#include "resolve/protocol.h"

/* Where parts of the file are in memory: PT_LOAD. */
struct elf_segment {
	uint64_t offset, address, size;
	bool executable;
};

/* A section that holds code; names what no symbol covers. */
struct elf_section {
	uint64_t start, end; /* addresses */
	uint32_t name;	     /* offset in the table's names */
	bool is_plt;
};

struct elf_symbols {
	struct name_table table; /* by address, not by offset */
	struct elf_segment *segments;
	struct elf_section *sections;
	size_t segment_count, segment_capacity, section_count, section_capacity;
	uint8_t build_id[RESOLVE_BUILD_ID];
	uint32_t build_id_size;
	bool has_symbols; /* of its own, not only those it exports */
};

/*
 * Reads the file at @fd.  NULL, or why it cannot be read ("not an ELF file"); then the structure
 * is empty.  What was read is given back with elf_symbols_release().
 */
const char *elf_symbols_read(struct elf_symbols *symbols, int fd);
void elf_symbols_release(struct elf_symbols *symbols);

/*
 * What is at an offset in the file: the name ("" if there is none), and the range of offsets that
 * it is true for.  False: the offset is not part of any segment.
 */
bool elf_symbols_find(const struct elf_symbols *symbols, uint64_t offset, const char **name,
	uint64_t *start, uint64_t *end);

#endif
