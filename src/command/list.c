/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/command.h"
int command_list(const struct options *options)
{
	(void)options;
	return 0;
}
int command_check(const struct options *options)
{
	(void)options;
	return 0;
}
