/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a chunk, open or sealed, as whoever reads them sees them.
 *
 * Columns and dictionaries are unpacked when they are first asked for, so what a query does not
 * look at costs nothing.  Everything handed out is borrowed and valid until the next rows_attach…()
 * or rows_free().  Numbers into dictionaries are in range: a sealed chunk that says otherwise is
 * damaged, and its functions return NULL (rows_damage() says what was wrong).  An open chunk is
 * seen as it was when it was attached; rows added later are not among them.
 */
#ifndef RECORD_ROWS_H
#define RECORD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/chunk.h"
#include "record/seal.h"

struct rows;

struct rows *rows_new(void);
void rows_free(struct rows *rows);

/* Looks at an open chunk, or at a sealed one whose bytes stay where they are meanwhile. */
void rows_attach(struct rows *rows, const struct chunk *chunk);
bool rows_attach_sealed(struct rows *rows, const void *data, size_t size);

/* What is wrong with the chunk; NULL while nothing is known to be. */
const char *rows_damage(const struct rows *rows);

uint32_t rows_count(const struct rows *rows);
enum record_class rows_class(const struct rows *rows);
uint64_t rows_sequence(const struct rows *rows);
void rows_span(const struct rows *rows, uint64_t *first, uint64_t *last);
uint64_t rows_longest(const struct rows *rows);

/* A value for each row. */
const uint32_t *rows_index(struct rows *rows, enum chunk_index column);
const uint64_t *rows_value(struct rows *rows, enum chunk_value column);

/*
 * The slot of a type, by row; rows of other types, and kinds that have no such slot, are 0.
 * The slots of texts follow those of numbers and hold string numbers.
 */
const uint64_t *rows_num(struct rows *rows, enum record_type type, unsigned num);
const uint64_t *rows_text(struct rows *rows, enum record_type type, unsigned text);

const struct chunk_kind *rows_kinds(const struct rows *rows, uint32_t *count);
bool rows_have(const struct rows *rows, enum record_type type);
const struct chunk_thread *rows_threads(struct rows *rows, uint32_t *count);
const struct chunk_cgroup *rows_cgroups(struct rows *rows, uint32_t *count);
const struct frame *rows_frames(struct rows *rows, uint32_t *count);
const struct chunk_node *rows_nodes(struct rows *rows, uint32_t *count);

/* How many entries a dictionary has, without unpacking it. */
uint32_t rows_thread_count(const struct rows *rows);
uint32_t rows_node_count(const struct rows *rows);
uint32_t rows_string_count(const struct rows *rows);

struct str rows_string(struct rows *rows, uint32_t number); /* "" if it is not there */

/*
 * Takes one row out whole, into @record and what it points to.  For state and facts; queries use
 * the columns.  Returns false if the chunk is damaged.
 */
struct rows_record {
	struct record record;
	struct thread thread;
	uint64_t nums[RECORD_SLOTS];
	struct str texts[RECORD_SLOTS];
};
bool rows_record(struct rows *rows, uint32_t row, struct rows_record *out);

#endif
