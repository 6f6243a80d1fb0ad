/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether build ids of mappings may be asked of perf without harm to others. */
#ifndef SOURCE_BUILD_IDS_H
#define SOURCE_BUILD_IDS_H

#include <stdbool.h>

/*
 * perf_event_mmap_output() in the kernel's kernel/events/core.c marks a record that carries a
 * build id in a header that it uses for the next event as well, and does not take the mark back.
 * So an event that did not ask for build ids gets records that are marked as if they had one, and
 * perf report of older releases dies of what it then takes for its length.  Tried once, with
 * events of our own.  True where it is so, and where it could not be tried.
 */
bool build_ids_leak(void);

#endif
