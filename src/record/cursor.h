/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goes through the chunks of a recording that overlap a span, the oldest first.
 *
 * A cursor holds one chunk at a time; chunks that come and go meanwhile do not trouble it.  The
 * rows of a chunk that is still open are valid only until the next record is appended: read them
 * at once, or come back.
 */
#ifndef RECORD_CURSOR_H
#define RECORD_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "record/recording.h"
#include "record/rows.h"

struct cursor {
	struct recording *recording;
	enum record_class kept;
	uint64_t from, to; /* rows before @from or after @to may be among them: whole chunks come */
	uint64_t next;	   /* sequence */
	struct rows *rows;
	struct chunk_pin pin;
	uint64_t damaged; /* chunks left out because they could not be read */
};

void cursor_init(struct cursor *cursor, struct recording *recording, enum record_class kept,
	uint64_t from, uint64_t to);
void cursor_release(struct cursor *cursor);

/* The next chunk's rows, borrowed until the next call; NULL at the end. */
struct rows *cursor_next(struct cursor *cursor);

/* Whether the chunk at hand is one that records are still added to. */
static inline bool cursor_is_open(const struct cursor *cursor)
{
	return cursor->pin.open != NULL;
}

#endif
