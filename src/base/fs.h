/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: read with a bound, trusted by owner and mode, created as secrets. */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Reads a whole file of at most @limit bytes, also of procfs and sysfs where the size is not known
 * before.  Returns 0, or a negative errno with @error filled (-EFBIG: longer than @limit).  A NUL
 * stands behind what was read.
 */
int fs_read(const char *path, struct buf *out, size_t limit, struct error *error);
int fs_read_fd(int fd, struct buf *out, size_t limit);

/* The number that is all a file of procfs or sysfs holds. */
int fs_read_i64(const char *path, int64_t *value);

/* read(2) and write(2) until all is done; 0 or a negative errno (-EPIPE: ended early). */
int fs_read_full(int fd, void *data, size_t size, uint64_t offset);
int fs_write_full(int fd, const void *data, size_t size);

/*
 * What to put before a path as a process names it: "" where it sees our mounts, or where that is
 * not to be known, "/proc/PID/root" where it has its own.
 */
#define FS_ROOT_MAX 128
void fs_root_of(uint32_t pid, char root[static FS_ROOT_MAX]);

/*
 * What to put before paths of the machine's own.  "" outside of containers; within one that sees
 * process 1, the root of that, or where it may not be looked into, what the machine's root is
 * mounted at together with its cgroups ("/host", say).  "" too where there is neither.
 */
void fs_host_root(char root[static FS_ROOT_MAX]);

/* How far up a mount of cgroups begins, by its root in mountinfo; -1: it shows a part. */
int fs_cgroups_above(const char *root);

/*
 * Opens a file that will be obeyed (a view, a configuration): regular, no symbolic link, owned by
 * root or by the user this runs as (by root alone when it runs as root), and it and its folder
 * writable by nobody else.  Returns a descriptor or a negative errno; the error names owner and
 * mode of what was refused.
 */
int fs_open_trusted(const char *path, struct error *error);

/*
 * Creates a file that holds secrets: mode 0600, must not exist yet, no symbolic link followed.
 * Returns a descriptor or a negative errno.
 */
int fs_create_secret(const char *path, struct error *error);

#endif
