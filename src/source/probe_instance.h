/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROBE_INSTANCE_H
#define SOURCE_PROBE_INSTANCE_H

#include "source/probe_local.h"

/*
 * The folder of our own instance, which is made when it is first asked for, with tracing off; or a
 * negative errno.
 */
int probe_instance(struct probe_host *host);

#endif
