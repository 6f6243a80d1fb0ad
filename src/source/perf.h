/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf events: opening them, and the records they write into their rings.
 *
 * Layouts: perf_event_open(2) and include/uapi/linux/perf_event.h of the kernel.  All events that
 * are opened here share one form of record, so that a record's time, thread and event are found at
 * the same place whatever wrote it:
 *
 *   sample  IDENTIFIER, IP, TID, TIME, CPU, PERIOD, [CALLCHAIN], [CGROUP]
 *   others  … then TID, TIME, CPU, IDENTIFIER (sample_id_all)
 */
#ifndef SOURCE_PERF_H
#define SOURCE_PERF_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define PERF_SAMPLE_BASE                                                                \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | \
		PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD)

/* Newer than the headers of the oldest system this is built on; the kernel refuses what it lacks.
 */
#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST (1U << 4) /* Linux 6.0 */
#endif

/* perf_event_open(2); a descriptor, close on exec, or a negative errno. */
int perf_open(struct perf_event_attr *attr, int pid, int cpu);

/* Fills in what all events here share; the caller adds what is to be counted. */
void perf_attr_init(struct perf_event_attr *attr);

/* A record taken apart; texts and chains point into it. */
struct perf_record {
	uint32_t type; /* PERF_RECORD_* */
	uint16_t misc;
	uint64_t time;
	uint64_t id; /* of the event that wrote it */
	uint32_t pid, tid, cpu;
	union {
		struct {
			uint64_t ip, period;
			const uint64_t *chain; /* NULL: none was asked for */
			uint64_t depth;
			uint64_t cgroup; /* 0: not asked for */
		} sample;
		struct {
			uint64_t start, length, offset;
			uint64_t dev, inode, generation; /* 0 where there is a build id */
			struct str build_id, path;
			uint32_t protection;
		} map; /* MMAP2, of pid */
		struct {
			struct str name;
			bool exec;
		} comm;
		struct {
			uint32_t parent, parent_thread;
		} fork; /* FORK and EXIT */
		struct {
			uint64_t count;
		} lost; /* LOST and LOST_SAMPLES */
		struct {
			uint64_t address;
			uint32_t length;
			uint16_t type; /* PERF_RECORD_KSYMBOL_TYPE_* */
			bool gone;
			struct str name;
		} ksymbol;
		struct {
			uint64_t id;
			struct str path;
		} cgroup;
	};
};

/* Whether samples of the event with this id carry a chain and a cgroup. */
struct perf_form {
	bool (*of_event)(const void *arg, uint64_t id, uint64_t *sample_type);
	const void *arg;
	/*
	 * Whether build ids of mappings were asked for.  The mark of a record that has one may be
	 * somebody else's: see build_ids_leak().
	 */
	bool build_ids;
};

/*
 * Takes a record of @size bytes apart.  Returns 0, or -EINVAL if it is shorter than its parts or
 * of an event that is not known; types that are not used here give 0 with only the head filled.
 */
int perf_parse(const struct perf_event_header *header, size_t size, const struct perf_form *form,
	struct perf_record *record);

/* The time of a record without taking it apart; 0 if it is too short to have one. */
uint64_t perf_time(const struct perf_event_header *header, size_t size);

/* The chain marks that separate kernel from user addresses are at the end of the number space. */
static inline bool perf_is_context(uint64_t address)
{
	return address >= (uint64_t)PERF_CONTEXT_MAX;
}

#endif
