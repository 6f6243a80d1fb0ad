/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up rights, and keeping secrets. */
#ifndef COMMAND_PRIVILEGE_H
#define COMMAND_PRIVILEGE_H

/* No core dumps: memory holds what the machine's programs did. */
void privilege_no_dumps(void);

/* All capabilities, for good: a capture needs none to be read.  0 or a negative errno. */
int privilege_drop_all(void);

#endif
