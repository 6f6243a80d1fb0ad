/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up rights, and keeping secrets. */
#ifndef COMMAND_PRIVILEGE_H
#define COMMAND_PRIVILEGE_H

/* No core dumps: memory holds what the machine's programs did. */
void privilege_no_dumps(void);

/*
 * All but what looking at the machine takes, for good: what changes it is refused by the kernel
 * too. To be called before there are threads.  0 or a negative errno.
 */
int privilege_keep_looking(void);

/* All capabilities, for good: a capture needs none to be read.  0 or a negative errno. */
int privilege_drop_all(void);

#endif
