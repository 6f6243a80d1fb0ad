/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DETAIL records: what /proc tells of one process, when someone looks at it. */
#ifndef SOURCE_DETAIL_H
#define SOURCE_DETAIL_H

#include <stdint.h>

#include "base/error.h"
#include "record/types.h"

struct loop;
struct model;
struct recording;
struct details;

struct details *details_new(struct loop *loop, struct recording *recording, struct model *model);
void details_free(struct details *details);

/* The kind that a view file calls so; 0: none. */
enum detail details_kind(const char *name);

/*
 * Reads about the process that has the number now, on a worker; the records follow.  Asked again
 * while the last answer is not there yet, it waits for that one.  Returns 0 or a negative errno.
 */
int details_ask(struct details *details, enum detail kind, uint32_t tgid, struct error *error);

#endif
