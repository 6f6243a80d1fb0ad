/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The field tables there are; field.c lists them. */
#ifndef VIEW_FIELDS_H
#define VIEW_FIELDS_H

#include "view/field.h"

extern const struct field_class fields_evt, fields_sample, fields_symbol, fields_dso, fields_stack,
	fields_proc, fields_thread, fields_cgroup, fields_host;

#endif
