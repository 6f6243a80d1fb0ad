/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chunk: some thousand records as columns, complete in itself.
 *
 * Records stand in the order in which they were taken in.  What all of them may have is a column
 * with a value for each row; what only one type has (its slots) is grouped by kind, a kind being a
 * type and a subtype.  Threads, strings, stacks and cgroups are written once a chunk, in
 * dictionaries, and rows refer to them by number; so a chunk can be read, skipped, dropped or lost
 * without any other.  Stacks form a tree: a node is a frame and the node of its caller, so that
 * what samples share is stored once and sums over callers are sums over nodes.
 *
 * A chunk is open while records are added (plain arrays, all of it in memory), and sealed for good
 * when it is full or a second old: compressed by a worker (seal.h), read by rows.h.  Measured
 * against other layouts in tests/bench; the format is described in tracetop-capture(5).
 *
 * Three classes are kept apart: data; state (tasks and what else is there at a time), which can be
 * read without the data between; facts (names), which count for all times.
 */
#ifndef RECORD_CHUNK_H
#define RECORD_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "record/types.h"

#define CHUNK_ROWS 8192		   /* a chunk is sealed when it has so many */
#define CHUNK_DICTIONARY (1 << 20) /* or when its dictionaries take so many bytes */

enum chunk_index { /* columns of dictionary numbers and other small numbers */
	CHUNK_KIND,
	CHUNK_THREAD,
	CHUNK_CPU,
	CHUNK_STACK, /* a node; 0: none */
	CHUNK_NAME,  /* a string; 0: none */
	CHUNK_FLAGS,
	CHUNK_INDEXES
};

enum chunk_value { CHUNK_TIME, CHUNK_DURATION, CHUNK_RESULT, CHUNK_VALUES };

struct chunk_kind {
	uint16_t type;
	uint8_t nums, texts; /* slots of a row of it, as the writer knew them */
	uint32_t sub;
	uint32_t count; /* rows */
};

struct chunk_thread {	/* entry 0: no thread */
	uint64_t start; /* of this life under the number; 0: not told */
	uint32_t tid, tgid;
	uint32_t cgroup;	/* number in the chunk's cgroups */
	uint32_t comm, process; /* strings */
	uint32_t unused;	/* 0: entries are compared as bytes */
};

struct chunk_cgroup { /* entry 0: not told */
	uint64_t id;
	uint32_t hierarchy;
};

struct chunk_node {	 /* entry 0: the empty stack */
	uint32_t parent; /* the caller; always a smaller number */
	uint32_t frame;	 /* number in the chunk's frames */
};

struct chunk_strings {	/* entry 0: "" */
	uint32_t *ends; /* where each string ends in bytes */
	char *bytes;
	uint32_t count, size;
};

struct chunk {
	enum record_class kept;
	uint64_t sequence; /* no other chunk of this recording has it */
	bool keyframe;	   /* of state: begins a keyframe */
	uint32_t rows;
	uint64_t time_first, time_last; /* of any row, whatever their order */
	uint64_t longest;		/* duration */
	uint64_t lost;			/* sum of the counts of its LOST records */

	uint32_t *index[CHUNK_INDEXES];
	uint64_t *value[CHUNK_VALUES];
	uint64_t *slot[RECORD_SLOTS]; /* by row; NULL until a row has it; texts as string numbers */

	struct chunk_kind *kinds;
	struct chunk_thread *threads;
	struct chunk_cgroup *cgroups;
	struct chunk_node *nodes;
	struct frame *frames;
	struct chunk_strings strings;
	uint32_t kind_count, thread_count, cgroup_count, node_count, frame_count;

	size_t capacity, kind_capacity, thread_capacity, cgroup_capacity, node_capacity,
		frame_capacity, string_capacity, byte_capacity;
	struct index string_index, thread_index, cgroup_index, node_index, frame_index, kind_index;
	uint32_t last_kind; /* most rows are of the kind of the row before */
};

struct chunk *chunk_new(enum record_class kept, uint64_t sequence);
void chunk_free(struct chunk *chunk);

/* Numbers of entries of the dictionaries, added when they are new. */
uint32_t chunk_string(struct chunk *chunk, struct str text);
uint32_t chunk_thread(struct chunk *chunk, const struct thread *thread);
uint32_t chunk_frame(struct chunk *chunk, struct frame frame, bool *added);
uint32_t chunk_node(struct chunk *chunk, uint32_t parent, uint32_t frame);

/* Adds a row; record->stack is a node of this chunk. */
void chunk_append(struct chunk *chunk, const struct record *record);

bool chunk_is_full(const struct chunk *chunk);

/* Memory it takes, about. */
size_t chunk_size(const struct chunk *chunk);

#endif
