/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of symbols: addresses to names, from ELF files and from /proc/kallsyms.  Used in the
 * resolver child only: the bytes are other people's.
 */
#ifndef RESOLVE_NAMES_H
#define RESOLVE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct name_entry {
	uint64_t start, end; /* end == start: up to the next one */
	uint32_t name;	     /* offset in names; 0: a border, nothing to be named */
	uint32_t owner;	     /* offset in names; 0: none */
	uint8_t rank;	     /* of several at one address the highest is taken */
};

struct name_table {
	struct name_entry *entries; /* by start, once name_table_sort() was called */
	size_t count, capacity;
	struct buf names; /* NUL-terminated, the first is "" */
};

void name_table_init(struct name_table *table);
void name_table_release(struct name_table *table);

/* Adds a text and returns its offset. */
uint32_t name_table_text(struct name_table *table, struct str text);
void name_table_add(struct name_table *table, struct name_entry entry);

/* Sorts, and leaves the best of those that begin at one address. */
void name_table_sort(struct name_table *table);

/*
 * The entry that covers the address, and the part of it around the address that no other covers:
 * [*start, *end).  NULL: there is none, and the part is a gap between entries.
 */
const struct name_entry *name_table_find(
	const struct name_table *table, uint64_t address, uint64_t *start, uint64_t *end);

/*
 * The readable form of a C++ or Rust linkage name, without parameters; NULL if it is neither.  The
 * caller frees it.
 */
char *name_demangle(const char *linkage);

#endif
