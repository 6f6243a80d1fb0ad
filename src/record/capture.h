/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture file: a header, chunks as they were sealed, an index.  tracetop-capture(5).
 *
 *   header  "TRACETOP", version (u32), 0 (u32)
 *   chunks  seal.h
 *   index   CAPTURE_INDEX_MAGIC, checksum of what follows, count (u32 each), CAPTURE_ENTRY bytes
 *           a chunk; then a footer: offset of the index (u64), its size (u32), CAPTURE_END_MAGIC
 *
 * Nothing in it refers to what stands behind, and the index can be had again from the chunks: cut
 * off anywhere, it is readable up to its last whole chunk.
 */
#ifndef RECORD_CAPTURE_H
#define RECORD_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CAPTURE_MAGIC "TRACETOP"
#define CAPTURE_VERSION 1
#define CAPTURE_HEADER 16
#define CAPTURE_INDEX_MAGIC 0x78695474u /* "tTix" */
#define CAPTURE_INDEX_HEADER 12
#define CAPTURE_ENTRY 64
#define CAPTURE_FOOTER 16
#define CAPTURE_END_MAGIC 0x646e5474u /* "tTnd" */

struct recording;
struct worker;

/*
 * Writes a live recording to a new file: what it holds, and from then on every chunk as it is
 * sealed.  The worker (one thread, the recording's own) writes; a recording has one writer at a
 * time.  Returns NULL with @error filled.
 */
struct capture_writer;
struct capture_writer *capture_writer_new(
	struct recording *recording, struct worker *worker, const char *path, struct error *error);

/* Bytes handed to the file so far; whether writing failed, and then the error. */
uint64_t capture_writer_size(const struct capture_writer *writer);
bool capture_writer_failed(const struct capture_writer *writer, struct error *error);

/*
 * Seals what is open, waits until all of it is in the file, adds the index and closes.  Returns 0
 * or a negative errno with @error filled.  Frees the writer.
 */
int capture_writer_finish(struct capture_writer *writer, struct error *error);

#endif
