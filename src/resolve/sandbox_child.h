/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the resolver child gives up before it reads a byte of anyone's. */
#ifndef RESOLVE_SANDBOX_CHILD_H
#define RESOLVE_SANDBOX_CHILD_H

/*
 * No capabilities, no user of its own, no new files, no network, no other system calls than those
 * for reading what it was handed, bounded memory.  Returns 0 or a negative errno.
 */
int sandbox_child_enter(void);

#endif
