/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/types.h"

static const struct record_schema schemas[RECORD_TYPES] = {
	[RECORD_NONE] = {"none", RECORD_DATA, 0, 0},
	[RECORD_HOST] = {"host", RECORD_FACT, HOST_NUMS, HOST_TEXTS},
	[RECORD_EVENT] = {"event", RECORD_FACT, EVENT_NUMS, EVENT_TEXTS},
	[RECORD_INTERVAL] = {"interval", RECORD_DATA, 0, 0},
	[RECORD_NOTE] = {"note", RECORD_DATA, 0, 0},
	[RECORD_SAMPLE] = {"sample", RECORD_DATA, SAMPLE_NUMS, 0},
	[RECORD_SYSCALL] = {"syscall", RECORD_DATA, SYSCALL_NUMS, 0},
	[RECORD_TASK] = {"task", RECORD_STATE, TASK_NUMS, 0},
	[RECORD_CGROUP] = {"cgroup", RECORD_STATE, CGROUP_NUMS, 0},
	[RECORD_DSO] = {"dso", RECORD_FACT, DSO_NUMS, DSO_TEXTS},
	[RECORD_SYMBOL] = {"symbol", RECORD_FACT, SYMBOL_NUMS, SYMBOL_TEXTS},
	[RECORD_LOST] = {"lost", RECORD_DATA, LOST_NUMS, 0},
};

const struct record_schema *record_schema(enum record_type type)
{
	return &schemas[type < RECORD_TYPES ? type : RECORD_NONE];
}
