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
	[RECORD_TASK] = {"task", RECORD_STATE, TASK_NUMS, TASK_TEXTS},
	[RECORD_CGROUP] = {"cgroup", RECORD_STATE, CGROUP_NUMS, 0},
	[RECORD_DSO] = {"dso", RECORD_FACT, DSO_NUMS, DSO_TEXTS},
	[RECORD_SYMBOL] = {"symbol", RECORD_FACT, SYMBOL_NUMS, SYMBOL_TEXTS},
	[RECORD_LOST] = {"lost", RECORD_DATA, LOST_NUMS, 0},
	[RECORD_USER] = {"user", RECORD_STATE, USER_NUMS, 0},
	[RECORD_CONTAINER] = {"container", RECORD_STATE, CONTAINER_NUMS, CONTAINER_TEXTS},
	[RECORD_TASK_USAGE] = {"task usage", RECORD_DATA, TASK_USAGE_NUMS, 0},
	[RECORD_CGROUP_USAGE] = {"cgroup usage", RECORD_DATA, CGROUP_USAGE_NUMS, 0},
	[RECORD_HOST_USAGE] = {"host usage", RECORD_DATA, HOST_USAGE_NUMS, 0},
	[RECORD_CPU_USAGE] = {"cpu usage", RECORD_DATA, CPU_USAGE_NUMS, 0},
	[RECORD_DEVICE_USAGE] = {"device usage", RECORD_DATA, DEVICE_USAGE_NUMS, 0},
	[RECORD_DETAIL] = {"detail", RECORD_DATA, DETAIL_NUMS, DETAIL_TEXTS},
	[RECORD_CONTAINER_USAGE] = {"container usage", RECORD_DATA, CONTAINER_USAGE_NUMS, 0},
};
_Static_assert(CONTAINER_NUMS + CONTAINER_TEXTS <= RECORD_SLOTS, "slots of a container");
_Static_assert(CGROUP_USAGE_NUMS <= RECORD_SLOTS, "slots of a cgroup's usage");

const struct record_schema *record_schema(enum record_type type)
{
	return &schemas[type < RECORD_TYPES ? type : RECORD_NONE];
}
