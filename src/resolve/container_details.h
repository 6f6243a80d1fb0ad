/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DETAIL records of containers, when someone looks at one: what inspect tells, and its log.
 *
 * Reading is a worker's.  Asked again and again while it is looked at: inspect is read every few
 * seconds; of a log what is new is told at once, and what was told is told again now and then, with
 * the numbers that its lines had, so that it stands in the last minute of the recording.
 */
#ifndef RESOLVE_CONTAINER_DETAILS_H
#define RESOLVE_CONTAINER_DETAILS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "record/types.h"

struct container_details;
struct containers_roots;
struct loop;
struct model;
struct recording;

/*
 * @roots: NULL for the machine's own.  @redact takes secrets out of arguments (NUL behind each).
 */
struct container_details *container_details_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct containers_roots *roots,
	void (*redact)(struct buf *out, struct str arguments));
void container_details_free(struct container_details *details);

/* Called when records were written that were not there before. */
void container_details_on_rows(
	struct container_details *details, void (*hook)(void *arg), void *arg);

/* The kind that a view file calls so; 0: none of a container. */
enum detail container_details_kind(const char *name);

/*
 * Reads about the container with that number; the records follow.  One that has ended is told of
 * as far as its runtime still keeps files of it.  Returns 0 or a negative errno.
 */
int container_details_ask(
	struct container_details *details, enum detail kind, uint32_t number, struct error *error);

#endif
