/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packed column: numbers as byte planes.
 *
 * The smallest value is taken off all of them, and what is left is stored in as few whole bytes
 * as the largest needs: first the lowest byte of every value, then the next of every value, and so
 * on.  Planes compress better than values side by side, and are put together at a byte a cycle.
 * On disk: width (1 byte, 0 to 8), base (8 bytes, little-endian), then width planes of n bytes.
 * A column of one value has width 0 and no planes.  The sum wraps, so signed values work.
 */
#ifndef RECORD_COLUMN_H
#define RECORD_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define COLUMN_HEADER 9

void column_pack(struct buf *out, const uint64_t *values, size_t count);
void column_pack_u32(struct buf *out, const uint32_t *values, size_t count);

/* What is left to read of packed columns that stand one behind the other. */
struct column_reader {
	const uint8_t *at, *end;
};

/*
 * Unpacks the next column of @count values; NULL as @values steps over it.  Returns false if the
 * bytes are not a column of that many values.
 */
bool column_unpack(struct column_reader *reader, uint64_t *values, size_t count);

#define COLUMN_ANY (UINT64_C(1) << 32) /* a limit that every number is below */

/* The same for numbers of a dictionary, which all have to be below @limit. */
bool column_unpack_index(
	struct column_reader *reader, uint32_t *values, size_t count, uint64_t limit);

#endif
