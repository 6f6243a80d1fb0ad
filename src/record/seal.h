/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sealed chunk: its bytes in memory and in a file.  The layout is described in
 * tracetop-capture(5); this header and that page are kept the same.
 *
 *   header      struct seal_header's fields, little-endian, SEAL_HEADER bytes
 *   kinds       a row of 12 bytes each: type, nums, texts, subtype, count
 *   sections    a row of 12 bytes each: what, type, size unpacked, size stored
 *   bodies      in the order of the rows; a zstd frame each, or as they are if that is no longer
 *
 * A section is packed columns (column.h) one behind the other, or the bytes of the strings.
 */
#ifndef RECORD_SEAL_H
#define RECORD_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/chunk.h"

#define SEAL_MAGIC 0x68635474u /* "tTch" */
#define SEAL_VERSION 1
#define SEAL_HEADER 88
#define SEAL_KIND 12
#define SEAL_SECTION 12

/* What a reader takes: more is refused as damage, before any memory is asked for it. */
#define SEAL_MAX_SIZE (64u << 20) /* bytes stored */
#define SEAL_MAX_ROWS (64u << 10)
#define SEAL_MAX_ENTRIES (4u << 20)   /* of a dictionary */
#define SEAL_MAX_UNPACKED (64u << 20) /* of a section */
#define SEAL_MAX_CPUS (64u << 10)     /* a CPU's number is below */

enum seal_section {
	SEAL_INDEX,			    /* + enum chunk_index: one column, of all rows */
	SEAL_VALUE = SEAL_INDEX + 16,	    /* + enum chunk_value; times as differences */
	SEAL_SLOTS = SEAL_VALUE + 16,	    /* of one type: a column a slot of each of its kinds */
	SEAL_STRING_SIZES = SEAL_SLOTS + 1, /* one column */
	SEAL_STRING_BYTES,
	SEAL_THREADS, /* columns tid, tgid, cgroup, comm, process */
	SEAL_CGROUPS, /* columns hierarchy, id */
	SEAL_FRAMES,  /* columns dso, address */
	SEAL_NODES,   /* columns node - parent, frame */
};

#define SEAL_FLAG_KEYFRAME 1

struct seal_header {
	uint32_t size; /* of the whole chunk, this header included */
	uint16_t version;
	uint8_t kept; /* enum record_class */
	uint8_t flags;
	uint64_t sequence;
	uint64_t time_first, time_last;
	uint64_t longest, lost;
	uint32_t rows, strings, string_bytes, threads, cgroups, frames, nodes;
	uint16_t kinds, sections;
};

/* What a writer keeps between chunks; one for each thread that seals. */
struct sealer;
struct sealer *sealer_new(void);
void sealer_free(struct sealer *sealer);

/* Appends the sealed form of @chunk to @out. */
void seal(struct sealer *sealer, const struct chunk *chunk, struct buf *out);

/* Reads a header from @size bytes; false if it is not one, or one that cannot be true. */
bool seal_header_read(const void *data, size_t size, struct seal_header *header);

/* Whether the checksum of a whole chunk is right. */
bool seal_check(const void *data, size_t size);

#endif
