/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/event_names.h"

#include <stdio.h>

#define HARDWARE(config) PERF_TYPE_HARDWARE, PERF_COUNT_HW_##config
#define SOFTWARE(config) PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##config

const struct event_name event_generic[] = {
	{"cycles", "cpu-cycles", HARDWARE(CPU_CYCLES), false},
	{"instructions", "", HARDWARE(INSTRUCTIONS), false},
	{"cache-references", "", HARDWARE(CACHE_REFERENCES), false},
	{"cache-misses", "", HARDWARE(CACHE_MISSES), false},
	{"branches", "branch-instructions", HARDWARE(BRANCH_INSTRUCTIONS), false},
	{"branch-misses", "", HARDWARE(BRANCH_MISSES), false},
	{"bus-cycles", "", HARDWARE(BUS_CYCLES), false},
	{"stalled-cycles-frontend", "idle-cycles-frontend", HARDWARE(STALLED_CYCLES_FRONTEND),
		false},
	{"stalled-cycles-backend", "idle-cycles-backend", HARDWARE(STALLED_CYCLES_BACKEND), false},
	{"ref-cycles", "", HARDWARE(REF_CPU_CYCLES), false},
	{"cpu-clock", "", SOFTWARE(CPU_CLOCK), true},
	{"task-clock", "", SOFTWARE(TASK_CLOCK), true},
	{"page-faults", "faults", SOFTWARE(PAGE_FAULTS), false},
	{"context-switches", "cs", SOFTWARE(CONTEXT_SWITCHES), false},
	{"cpu-migrations", "migrations", SOFTWARE(CPU_MIGRATIONS), false},
	{"minor-faults", "", SOFTWARE(PAGE_FAULTS_MIN), false},
	{"major-faults", "", SOFTWARE(PAGE_FAULTS_MAJ), false},
	{"alignment-faults", "", SOFTWARE(ALIGNMENT_FAULTS), false},
	{"emulation-faults", "", SOFTWARE(EMULATION_FAULTS), false},
	{"dummy", "", SOFTWARE(DUMMY), false},
	{"bpf-output", "", SOFTWARE(BPF_OUTPUT), false},
	{"cgroup-switches", "", PERF_TYPE_SOFTWARE, 11 /* PERF_COUNT_SW_CGROUP_SWITCHES, 5.13 */,
		false},
};
const size_t event_generic_count = sizeof(event_generic) / sizeof(*event_generic);

void event_cache_name(char *out, size_t size, size_t cache, size_t op)
{
	static const char *const caches[PERF_COUNT_HW_CACHE_MAX] = {
		[PERF_COUNT_HW_CACHE_L1D] = "L1-dcache",
		[PERF_COUNT_HW_CACHE_L1I] = "L1-icache",
		[PERF_COUNT_HW_CACHE_LL] = "LLC",
		[PERF_COUNT_HW_CACHE_DTLB] = "dTLB",
		[PERF_COUNT_HW_CACHE_ITLB] = "iTLB",
		[PERF_COUNT_HW_CACHE_BPU] = "branch",
		[PERF_COUNT_HW_CACHE_NODE] = "node",
	};
	static const char *const ops[EVENT_CACHE_OPS] = {
		"loads", "load-misses", "stores", "store-misses", "prefetches", "prefetch-misses"};

	snprintf(out, size, "%s-%s", caches[cache], ops[op]);
}

/* perf_event_open(2): cache | operation << 8 | result << 16. */
uint64_t event_cache_config(size_t cache, size_t op)
{
	return cache | (op / 2) << 8 | (op % 2) << 16;
}
