/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM, SIGHUP and others, read in the loop. */
#ifndef COMMAND_SIGNALS_H
#define COMMAND_SIGNALS_H

#include <stdbool.h>

struct loop;
struct signals;

/*
 * Blocks the signals that end a verb, with @terminal those too that a full screen changes by
 * (SIGWINCH, SIGTSTP, SIGCONT); ignores SIGPIPE; and calls @handle for each that comes.  Signals
 * that were ignored when the program began (nohup) stay so.
 */
struct signals *signals_watch(
	struct loop *loop, bool terminal, void (*handle)(void *arg, int number), void *arg);
void signals_free(struct signals *signals);

#endif
