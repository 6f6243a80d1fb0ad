/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols of the running kernel, from /proc/kallsyms.  Used in the resolver child only. */
#ifndef RESOLVE_KALLSYMS_H
#define RESOLVE_KALLSYMS_H

#include "resolve/names.h"

/*
 * Reads lines "ADDRESS TYPE NAME [MODULE]".  Returns whether there were addresses: with
 * kernel.kptr_restrict they are all 0.
 */
bool kallsyms_read(struct name_table *table, int fd);

#endif
