/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files made by hand, and what is in one. */
#ifndef TESTS_UNIT_CAPTURES_H
#define TESTS_UNIT_CAPTURES_H

#include "base/buf.h"
#include "base/fs.h"
#include "record/capture.h"
#include "record/cursor.h"
#include "record/seal.h"
#include "unit.h"

static inline void file_put(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void file_get(const char *path, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(fs_read(path, out, 1 << 30, NULL), 0);
}

static inline void add_file_header(struct buf *out, uint32_t version)
{
	buf_add_text(out, CAPTURE_MAGIC);
	buf_add_u32(out, version);
	buf_add_u32(out, 0);
}

/* A sealed chunk of so many notes, the first at @time. */
static inline void add_chunk(
	struct buf *out, enum record_class kept, uint64_t sequence, uint64_t time, uint32_t rows)
{
	struct chunk *chunk = chunk_new(kept, sequence);
	struct sealer *sealer = sealer_new();

	for (uint32_t i = 0; i < rows; i++)
		chunk_append(chunk, &(struct record){.type = RECORD_NOTE,
					    .sub = NOTE_BOOKMARK,
					    .time = time + i,
					    .name = STR("a note")});
	seal(sealer, chunk, out);
	sealer_free(sealer);
	chunk_free(chunk);
}

/* What can be had from a capture. */
struct capture_sum {
	uint64_t rows[RECORD_CLASSES], damaged;
	size_t chunks[RECORD_CLASSES];
	uint64_t times; /* a sum over all data */
	char damage[200];
};

static inline void recording_sum(struct recording *recording, struct capture_sum *sum)
{
	*sum = (struct capture_sum){.times = 0};
	for (unsigned kept = 0; kept < RECORD_CLASSES; kept++) {
		struct cursor cursor;
		struct rows *rows;
		size_t steps = 0;

		sum->chunks[kept] = recording_count(recording, (enum record_class)kept);
		cursor_init(&cursor, recording, (enum record_class)kept, 0, UINT64_MAX);
		while ((rows = cursor_next(&cursor))) {
			const uint64_t *times = rows_value(rows, CHUNK_TIME);

			/* It ends, whatever the file says. */
			assert_true(++steps <= sum->chunks[kept]);
			sum->rows[kept] += rows_count(rows);
			for (uint32_t i = 0; times && i < rows_count(rows); i++)
				sum->times += times[i];
		}
		sum->damaged += cursor.damaged;
		cursor_release(&cursor);
	}
	if (recording_damage(recording))
		snprintf(sum->damage, sizeof(sum->damage), "%s", recording_damage(recording));
}

/* Opens it, adds it up and closes it; false with the error if it is none. */
static inline bool capture_sum(const char *path, struct capture_sum *sum, struct error *error)
{
	struct recording *recording = recording_open_file(path, error);

	if (!recording)
		return false;
	assert_false(recording_is_live(recording));
	recording_sum(recording, sum);
	recording_free(recording);
	return true;
}

#endif
