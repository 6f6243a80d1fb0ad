/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resolver child: started by resolve/symbols.c as `tracetop` with RESOLVE_CHILD_VERB. */
#ifndef RESOLVE_CHILD_H
#define RESOLVE_CHILD_H

#define RESOLVE_CHILD_VERB "resolver-child"

/* Serves requests (protocol.h) on descriptor RESOLVE_FD until it is closed; the exit status. */
int resolve_child_main(void);

#endif
