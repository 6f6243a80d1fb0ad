/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/perf.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRAILER 32 /* bytes of TID, TIME, CPU, IDENTIFIER behind all but samples */

int perf_open(struct perf_event_attr *attr, int pid, int cpu)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

void perf_attr_init(struct perf_event_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_BASE;
	attr->sample_id_all = 1;
	attr->disabled = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
	attr->watermark = 1;
}

/* A record's bytes, taken from the front; what is not there reads as 0 and is remembered. */
struct reader {
	const char *at, *end;
	bool short_read;
};

static uint64_t read_u64(struct reader *reader)
{
	uint64_t value;

	if (reader->end - reader->at < (ptrdiff_t)sizeof(value)) {
		reader->short_read = true;
		return 0;
	}
	memcpy(&value, reader->at, sizeof(value));
	reader->at += sizeof(value);
	return value;
}

static uint32_t read_u32(struct reader *reader)
{
	uint32_t value;

	if (reader->end - reader->at < (ptrdiff_t)sizeof(value)) {
		reader->short_read = true;
		return 0;
	}
	memcpy(&value, reader->at, sizeof(value));
	reader->at += sizeof(value);
	return value;
}

/* A text that fills the rest of the record, with NULs behind it. */
static struct str read_text(struct reader *reader)
{
	size_t room = (size_t)(reader->end - reader->at);
	struct str text = {reader->at, strnlen(reader->at, room)};

	reader->at = reader->end;
	return text;
}

static int parse_sample(
	struct reader *reader, const struct perf_form *form, struct perf_record *record)
{
	uint64_t type;

	record->id = read_u64(reader);
	record->sample.ip = read_u64(reader);
	record->pid = read_u32(reader);
	record->tid = read_u32(reader);
	record->time = read_u64(reader);
	record->cpu = read_u32(reader);
	read_u32(reader); /* reserved */
	record->sample.period = read_u64(reader);
	if (reader->short_read || !form->of_event(form->arg, record->id, &type))
		return -EINVAL;
	if (type & PERF_SAMPLE_CALLCHAIN) {
		record->sample.depth = read_u64(reader);
		if (record->sample.depth > (size_t)(reader->end - reader->at) / sizeof(uint64_t))
			return -EINVAL;
		/* Records and their parts are aligned to 8 bytes. */
		record->sample.chain = (const uint64_t *)(const void *)reader->at;
		reader->at += record->sample.depth * sizeof(uint64_t);
	}
	if (type & PERF_SAMPLE_CGROUP)
		record->sample.cgroup = read_u64(reader);
	return reader->short_read ? -EINVAL : 0;
}

static void parse_map(struct reader *reader, bool build_ids, struct perf_record *record)
{
	uint32_t major, minor;

	read_u32(reader); /* pid and tid are those of the trailer */
	read_u32(reader);
	record->map.start = read_u64(reader);
	record->map.length = read_u64(reader);
	record->map.offset = read_u64(reader);
	if (build_ids && (record->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		size_t size = reader->end - reader->at >= 24 ? (unsigned char)reader->at[0] : 0;

		record->map.build_id = (struct str){reader->at + 4, size > 20 ? 20 : size};
		for (int i = 0; i < 3; i++)
			read_u64(reader);
	} else {
		major = read_u32(reader);
		minor = read_u32(reader);
		record->map.dev = (uint64_t)major << 32 | minor;
		record->map.inode = read_u64(reader);
		record->map.generation = read_u64(reader);
	}
	record->map.protection = read_u32(reader);
	read_u32(reader); /* flags */
	record->map.path = read_text(reader);
}

static void parse_ksymbol(struct reader *reader, struct perf_record *record)
{
	uint32_t type_flags;

	record->ksymbol.address = read_u64(reader);
	record->ksymbol.length = read_u32(reader);
	type_flags = read_u32(reader);
	record->ksymbol.type = (uint16_t)type_flags;
	record->ksymbol.gone = type_flags >> 16 & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
	record->ksymbol.name = read_text(reader);
}

static void parse_fork(struct reader *reader, struct perf_record *record)
{
	record->pid = read_u32(reader);
	record->fork.parent = read_u32(reader);
	record->tid = read_u32(reader);
	record->fork.parent_thread = read_u32(reader);
}

static void parse_body(
	struct reader *reader, const struct perf_form *form, struct perf_record *record)
{
	switch (record->type) {
	case PERF_RECORD_MMAP2:
		parse_map(reader, form->build_ids, record);
		break;
	case PERF_RECORD_COMM:
		record->pid = read_u32(reader);
		record->tid = read_u32(reader);
		record->comm.name = read_text(reader);
		record->comm.exec = record->misc & PERF_RECORD_MISC_COMM_EXEC;
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		parse_fork(reader, record);
		break;
	case PERF_RECORD_LOST:
		record->id = read_u64(reader);
		record->lost.count = read_u64(reader);
		break;
	case PERF_RECORD_LOST_SAMPLES:
		record->lost.count = read_u64(reader);
		break;
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
		read_u64(reader); /* time */
		record->id = read_u64(reader);
		break;
	case PERF_RECORD_KSYMBOL:
		parse_ksymbol(reader, record);
		break;
	case PERF_RECORD_CGROUP:
		record->cgroup.id = read_u64(reader);
		record->cgroup.path = read_text(reader);
		break;
	default:
		break;
	}
}

int perf_parse(const struct perf_event_header *header, size_t size, const struct perf_form *form,
	struct perf_record *record)
{
	struct reader reader = {(const char *)(header + 1), (const char *)header + size, false};
	struct reader trailer = {reader.end - TRAILER, reader.end, false};

	memset(record, 0, sizeof(*record));
	record->type = header->type;
	record->misc = header->misc;
	if (record->type == PERF_RECORD_SAMPLE)
		return parse_sample(&reader, form, record);
	if (size < sizeof(*header) + TRAILER)
		return -EINVAL;
	reader.end = trailer.at;
	record->pid = read_u32(&trailer);
	record->tid = read_u32(&trailer);
	record->time = read_u64(&trailer);
	record->cpu = read_u32(&trailer);
	read_u32(&trailer);
	record->id = read_u64(&trailer);
	parse_body(&reader, form, record);
	return reader.short_read ? -EINVAL : 0;
}

uint64_t perf_time(const struct perf_event_header *header, size_t size)
{
	const char *at = (const char *)header;
	uint64_t time;

	if (size < sizeof(*header) + TRAILER)
		return 0;
	/* Behind IDENTIFIER, IP and TID; behind TID in a trailer. */
	at += header->type == PERF_RECORD_SAMPLE ? sizeof(*header) + 24 : size - 24;
	memcpy(&time, at, sizeof(time));
	return time;
}
