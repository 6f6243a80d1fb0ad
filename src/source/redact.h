/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments without what looks like a secret: they are recorded, and captures go from hand to hand.
 */
#ifndef SOURCE_REDACT_H
#define SOURCE_REDACT_H

#include "base/buf.h"

/*
 * Appends a command line (a NUL behind each argument) to @out.  "***" stands for the value of
 * NAME=VALUE and --name=VALUE, for the argument behind --name, where the name speaks of a password,
 * secret, token, key or credential; and for the password of scheme://user:password@host.
 */
void redact_arguments(struct buf *out, struct str arguments);

#endif
