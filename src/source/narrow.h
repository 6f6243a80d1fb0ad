/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Narrowing of samples in the kernel, by BPF: to processes and their children, to places that
 * containers live in, or to both.
 */
#ifndef SOURCE_NARROW_H
#define SOURCE_NARROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/chosen.h"

struct narrow;

/*
 * To processes that are added, to places that are decided.  NULL with @error filled where BPF or
 * BTF is missing, or rights.
 */
struct narrow *narrow_new(bool to_processes, bool to_places, struct error *error);
void narrow_free(struct narrow *narrow);

/* Adds a process; 0 or a negative errno. */
int narrow_add(struct narrow *narrow, uint32_t tgid);

/* Whether who lives there is sampled; of what is open, everybody is. */
void narrow_decide(
	struct narrow *narrow, const struct chosen_place *place, enum chosen_answer answer);

/* Lets an event (not a tracepoint) take samples of the set only; 0 or a negative errno. */
int narrow_attach(struct narrow *narrow, int perf_fd);

/* Samples that the kernel did not write. */
uint64_t narrow_left_out(const struct narrow *narrow);

#endif
