/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel file systems: where they are mounted, and a look at them where they are not. */
#ifndef SOURCE_MOUNTS_H
#define SOURCE_MOUNTS_H

/*
 * Where a file system of the type is mounted: @usual if it is there, else the first in
 * /proc/self/mounts.  NULL: nowhere.  The caller frees it.
 */
char *mount_find(const char *type, const char *usual, long magic);

/*
 * A mount that stands in no folder and that nobody else sees; it goes with the descriptor.  Returns
 * that, or a negative errno.
 */
int mount_detached(const char *type);

/*
 * The folder of tracefs, for whoever reads it by name: where it is mounted, else a detached mount
 * that lasts as long as the process.  NULL: it is not to be had, by these rights or this kernel.
 */
const char *mount_tracefs(void);

#endif
