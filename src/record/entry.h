/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of a recording: shared by its log (recording.c) and its file (capture.c). */
#ifndef RECORD_ENTRY_H
#define RECORD_ENTRY_H

#include "record/recording.h"
#include "record/seal.h"

struct chunk_entry {
	struct chunk_info info;
	enum record_class kept;
	struct chunk *chunk; /* open, or waiting to be sealed */
	char *bytes;	     /* sealed, in memory */
	uint64_t offset;     /* sealed, in the file */
	unsigned pins;
	bool gone; /* out of the log: freed with the last pin */
};

struct entry_list {
	struct chunk_entry **entries;
	size_t first, end, capacity; /* entries[first] to entries[end - 1] */
};

struct recording {
	struct entry_list lists[RECORD_CLASSES];
	int fd; /* of the file; -1: live */
	char *damage;

	struct worker *worker;
	struct sealer *sealer; /* used by one job at a time */
	size_t backlog;	       /* chunks that wait to be sealed */
	struct chunk_entry *open[RECORD_CLASSES];
	uint64_t opened[RECORD_CLASSES]; /* when the first row came, CLOCK_MONOTONIC */
	uint64_t next_sequence;
	uint64_t newest; /* time of any data record so far */
	uint64_t keyframe_time;
	size_t keyframe_size; /* bytes sealed since the last one */
	bool begin_keyframe;  /* the next state chunk is the first of one */

	struct recording_stats stats;
	recording_observer *observer;
	void *observer_arg;
	recording_keyframe *keyframe;
	void *keyframe_arg;
	recording_sealed *sealed;
	void *sealed_arg;
};

struct chunk_entry *entry_list_add(struct entry_list *list);

#endif
