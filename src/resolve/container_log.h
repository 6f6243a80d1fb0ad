/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows the log of a container: the file that its runtime writes, from its last lines on, also
 * when the file is rotated or cut.  What is kept is bounded.  It may block: called on a worker.
 */
#ifndef RESOLVE_CONTAINER_LOG_H
#define RESOLVE_CONTAINER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "resolve/container_inspect.h"

#define LOG_LINES 1000
#define LOG_BYTES (256u << 10)
#define LOG_LINE_MAX 4096

struct log_line {
	uint64_t number; /* rising, from 1 */
	uint64_t time;	 /* CLOCK_MONOTONIC; 0: not told */
	char stream[8];
	char *text;
	size_t size;
};

struct container_log {
	char path[4096];
	enum container_log_format format;
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
	off_t offset;
	struct buf rest;	/* of a line that is not complete yet */
	struct log_line *lines; /* LOG_LINES at most */
	size_t count, bytes;
	uint64_t next;	/* number of the next line */
	uint64_t since; /* the first look that found no file */
	bool skips;	/* what is skipped from now on was not there at the first look */
	bool is_open;	/* the last line goes on in the next entry of its stream */
	bool is_cut;	/* what is left of a line that is too long is skipped */
};

void container_log_init(struct container_log *log);
void container_log_release(struct container_log *log);

/*
 * Takes in what was written since.  @files says where; what there is to say of a log that is not
 * there becomes a line.
 */
void container_log_read(
	struct container_log *log, const struct container_files *files, const char *id);

#endif
