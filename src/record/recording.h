/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording: chunks in the order in which they were made, in memory or in a file.
 *
 * Live, it is a log with a bound: records are appended, chunks are sealed when they are full or a
 * second old, and when the sealed ones exceed the bound the oldest data goes first.  State chunks
 * older than the oldest keyframe that the data still needs go with it; facts stay.  From a file,
 * chunks are read when a cursor comes to them.  Readers (cursor.h) see no difference.
 *
 * All of it belongs to the loop's thread; sealing and writing run on a worker.
 */
#ifndef RECORD_RECORDING_H
#define RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/chunk.h"

struct worker;
struct recording;

#define RECORDING_CHUNK_NS 1000000000ull	/* a chunk with rows in it is sealed when so old */
#define RECORDING_KEYFRAME_NS 60000000000ull	/* a keyframe is due so long after the last */
#define RECORDING_KEYFRAME_SIZE (64u << 20)	/* or after so many sealed bytes, */
#define RECORDING_KEYFRAME_PART 2		/* at most such a part of the bound, */
#define RECORDING_KEYFRAME_MIN_NS 5000000000ull /* but never sooner */

/*
 * An empty live recording that keeps @bound bytes of sealed chunks.  @worker, with one thread,
 * seals; NULL: sealed where it happens.
 */
struct recording *recording_new(struct worker *worker, size_t bound);

/*
 * Opens a capture file.  A missing or broken index is rebuilt from the chunks.  Returns NULL with
 * @error filled: -EINVAL, not a capture; -EPROTO, made by a newer version.
 */
struct recording *recording_open_file(const char *path, struct error *error);
void recording_free(struct recording *recording);

bool recording_is_live(const struct recording *recording);

/* How the file ended early or what is damaged in it, in words; NULL: nothing. */
const char *recording_damage(const struct recording *recording);

/*
 * The chunk that the next record of this type goes into, with room for it: its dictionaries may be
 * added to before recording_append().
 */
struct chunk *recording_chunk(struct recording *recording, enum record_type type);

/*
 * Appends a record.  One with a stack goes to the chunk that recording_chunk() returned last.  Data
 * older than data before it is marked RECORD_LATE and counted.
 */
void recording_append(struct recording *recording, const struct record *record);

/* Seals what is due at @now, and asks for a keyframe when one is due. */
void recording_tick(struct recording *recording, uint64_t now);

/* Seals everything that has rows. */
void recording_seal(struct recording *recording);

/* Sees every state and fact record as it is appended. */
typedef void recording_observer(void *arg, const struct record *record);
void recording_observe(struct recording *recording, recording_observer *observer, void *arg);

/* Called when a keyframe is due: appends all state that is, with RECORD_SNAPSHOT. */
typedef void recording_keyframe(void *arg, uint64_t now);
void recording_on_keyframe(struct recording *recording, recording_keyframe *keyframe, void *arg);

/* What is known of a chunk without reading it. */
struct chunk_info {
	uint64_t sequence;
	uint64_t time_first, time_last;
	uint64_t longest;
	uint64_t lost;
	uint32_t rows;
	uint32_t size; /* sealed, in bytes; 0 while it is open */
	bool keyframe;
};

/* Chunks of a class, the oldest first. */
size_t recording_count(const struct recording *recording, enum record_class kept);
struct chunk_info recording_info(
	const struct recording *recording, enum record_class kept, size_t number);

/* The span of the data; false if there is none yet. */
bool recording_span(const struct recording *recording, uint64_t *first, uint64_t *last);

struct recording_stats {
	uint64_t rows[RECORD_TYPES]; /* appended, ever; of a file 0 */
	uint64_t lost;		     /* sum of all LOST records there are, but evictions */
	uint64_t evicted;	     /* what was given up of the model */
	uint64_t late;
	uint64_t dropped; /* chunks that the bound pushed out */
	size_t size;	  /* of what is kept, in bytes */
	size_t bound;
};
struct recording_stats recording_stats(const struct recording *recording);

/*
 * A chunk held in place: it is not freed before recording_unpin().  Exactly one of open and bytes
 * is set; bytes of a file are read into memory here.
 */
struct chunk_pin {
	struct chunk_entry *entry; /* NULL: nothing is held */
	const struct chunk *open;
	const void *bytes;
	size_t size;
};

/* The first chunk of the class whose sequence is at least @sequence; false: there is none. */
bool recording_pin(struct recording *recording, enum record_class kept, uint64_t sequence,
	struct chunk_pin *pin);
void recording_unpin(struct recording *recording, struct chunk_pin *pin);

/* Called for each chunk once it is sealed, in order; may pin it by its sequence. */
typedef void recording_sealed(void *arg, enum record_class kept, uint64_t sequence);
void recording_on_sealed(struct recording *recording, recording_sealed *sealed, void *arg);

#endif
