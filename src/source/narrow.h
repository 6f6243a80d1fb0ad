/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Narrowing of samples to processes and their children, in the kernel, by BPF.
 */
#ifndef SOURCE_NARROW_H
#define SOURCE_NARROW_H

#include <stdint.h>

#include "base/error.h"

struct narrow;

/* NULL with @error filled where BPF or BTF is missing, or rights. */
struct narrow *narrow_new(struct error *error);
void narrow_free(struct narrow *narrow);

/* Adds a process; 0 or a negative errno. */
int narrow_add(struct narrow *narrow, uint32_t tgid);

/* Lets an event (not a tracepoint) take samples of the set only; 0 or a negative errno. */
int narrow_attach(struct narrow *narrow, int perf_fd);

#endif
