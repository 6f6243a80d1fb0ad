/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs.  Each returns the exit status: 0 done, 1 failed, 2 wrong usage. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/error.h"
#include "command/options.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

int command_live(const struct options *options);
int command_show(const struct options *options);
int command_record(const struct options *options);
int command_list(const struct options *options);
int command_check(const struct options *options);

/* Writes "tracetop: TEXT" to standard error, with nothing in it that drives a terminal. */
void command_complain(const char *text);

/* The same for a filter that is none: with the column it means underlined. */
void command_complain_filter(const char *filter, unsigned column, const char *text);

#endif
