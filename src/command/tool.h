/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another program called for what it does, bounded in time; never by a shell. */
#ifndef COMMAND_TOOL_H
#define COMMAND_TOOL_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Runs it and waits for its end, on a worker; what it says stands in @error.  Returns 0, its status
 * if that is another, or a negative errno (-ETIMEDOUT: it was killed; -ENOENT: there is none).
 */
int tool_run(const char *const *argv, int timeout_ms, struct error *error);

/* Whether there is such a program where execvp(3) looks. */
bool tool_is_there(const char *name);

#endif
