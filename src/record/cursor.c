/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/cursor.h"

void cursor_init(struct cursor *cursor, struct recording *recording, enum record_class kept,
	uint64_t from, uint64_t to)
{
	*cursor = (struct cursor){
		.recording = recording, .kept = kept, .from = from, .to = to, .rows = rows_new()};
}

void cursor_release(struct cursor *cursor)
{
	recording_unpin(cursor->recording, &cursor->pin);
	rows_free(cursor->rows);
	cursor->rows = NULL;
}

/* The sequence of the next chunk that overlaps the span; false if there is none. */
static bool cursor_find(struct cursor *cursor)
{
	size_t low = 0, high = recording_count(cursor->recording, cursor->kept), count = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (recording_info(cursor->recording, cursor->kept, middle).sequence < cursor->next)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count; low++) {
		struct chunk_info info = recording_info(cursor->recording, cursor->kept, low);

		if (!info.rows || info.time_last < cursor->from || info.time_first > cursor->to)
			continue;
		cursor->next = info.sequence;
		return true;
	}
	return false;
}

struct rows *cursor_next(struct cursor *cursor)
{
	for (;;) {
		recording_unpin(cursor->recording, &cursor->pin);
		if (!cursor_find(cursor) ||
			!recording_pin(cursor->recording, cursor->kept, cursor->next, &cursor->pin))
			return NULL;
		cursor->next++;
		if (cursor->pin.open) {
			rows_attach(cursor->rows, cursor->pin.open);
			return cursor->rows;
		}
		if (cursor->pin.bytes &&
			rows_attach_sealed(cursor->rows, cursor->pin.bytes, cursor->pin.size))
			return cursor->rows;
		cursor->damaged++;
	}
}
