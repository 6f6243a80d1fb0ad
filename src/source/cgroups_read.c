/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a cgroup, of version 2 and version 1, and what they say. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/cgroups_local.h"

#define TEXT_MAX 16384 /* of a file; memory.stat has 3000 bytes */
#define SELDOM 8       /* looks between two at what changes seldom */
#define RARE 32	       /* and between two for files that were not there */

/* Limits at or above are none: version 1 writes the largest number of pages there is. */
#define NO_LIMIT (UINT64_C(1) << 62)

/* --- what they say --- */

/* The number behind "NAME " at the start of a line. */
static bool number_of(const char *text, const char *name, uint64_t *value)
{
	size_t size = strlen(name);

	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, name, size) || at[size] != ' ')
			continue;
		*value = strtoull(at + size + 1, NULL, 10);
		return true;
	}
	return false;
}

static void set(struct cgroup_raw *raw, enum cgroup_usage_num num, uint64_t value)
{
	raw->nums[num] = value;
	raw->have |= 1u << num;
}

static void set_from(struct cgroup_raw *raw, enum cgroup_usage_num num, const char *text,
	const char *name, uint64_t unit)
{
	uint64_t value;

	if (number_of(text, name, &value))
		set(raw, num, value * unit);
}

static void set_limit(struct cgroup_raw *raw, enum cgroup_usage_num num, const char *text)
{
	uint64_t value = strtoull(text, NULL, 10);

	set(raw, num, *text >= '0' && *text <= '9' && value < NO_LIMIT ? value : 0);
}

static void set_cpu_limit(struct cgroup_raw *raw)
{
	set(raw, CGROUP_USAGE_CPU_LIMIT, raw->period ? raw->quota * 1000 / raw->period : 0);
}

/* "$MAJ:$MIN rbytes=N wbytes=N rios=N …" a device. */
static void parse_io_stat(const char *text, struct cgroup_raw *raw)
{
	uint64_t in = 0, out = 0;

	for (const char *at = text; (at = strstr(at, " rbytes=")); at++)
		in += strtoull(at + 8, NULL, 10);
	for (const char *at = text; (at = strstr(at, " wbytes=")); at++)
		out += strtoull(at + 8, NULL, 10);
	set(raw, CGROUP_USAGE_READ, in);
	set(raw, CGROUP_USAGE_WRITTEN, out);
}

/*
 * "$MAJ:$MIN Read N", "… Write N", and others that are parts of these.  Version 1 does not know who
 * wrote what the kernel writes back: that is the root's.
 */
static void parse_blkio(const char *text, struct cgroup_raw *raw)
{
	uint64_t in = 0, out = 0;

	for (const char *at = text; (at = strstr(at, " Read ")); at++)
		in += strtoull(at + 6, NULL, 10);
	for (const char *at = text; (at = strstr(at, " Write ")); at++)
		out += strtoull(at + 7, NULL, 10);
	set(raw, CGROUP_USAGE_READ, in);
	set(raw, CGROUP_USAGE_WRITTEN, out);
	set(raw, CGROUP_USAGE_IO_PARTLY, 1);
}

/* "some … total=MICROSECONDS": Documentation/accounting/psi.rst of the kernel. */
static void parse_pressure(const char *text, enum cgroup_usage_num num, struct cgroup_raw *raw)
{
	const char *at = !strncmp(text, "some ", 5) ? strstr(text, "total=") : NULL;

	if (at)
		set(raw, num, 1000 * strtoull(at + 6, NULL, 10));
}

static void parse_cpu_stat(const char *text, struct cgroup_raw *raw)
{
	set_from(raw, CGROUP_USAGE_CPU, text, "usage_usec", 1000);
	set_from(raw, CGROUP_USAGE_USER, text, "user_usec", 1000);
	set_from(raw, CGROUP_USAGE_SYSTEM, text, "system_usec", 1000);
	set_from(raw, CGROUP_USAGE_PERIODS, text, "nr_periods", 1);
	set_from(raw, CGROUP_USAGE_THROTTLED, text, "nr_throttled", 1);
	set_from(raw, CGROUP_USAGE_THROTTLED_TIME, text, "throttled_usec", 1000);
}

/* "QUOTA PERIOD" in microseconds, or "max PERIOD". */
static void parse_cpu_max(const char *text, struct cgroup_raw *raw)
{
	char *rest;

	raw->quota = strtoull(text, &rest, 10);
	raw->period = rest != text ? strtoull(rest, NULL, 10) : 0;
	set_cpu_limit(raw);
}

static void parse_memory_stat(const char *text, struct cgroup_raw *raw)
{
	uint64_t anon = 0, file = 0, kernel = 0;

	raw->inactive = 0;
	number_of(text, "inactive_file", &raw->inactive);
	number_of(text, "anon", &anon);
	number_of(text, "file", &file);
	number_of(text, "kernel", &kernel);
	raw->resident = anon + file + kernel;
}

/* The hierarchical limit is the smallest of the ancestors'. */
static void parse_v1_memory_stat(const char *text, struct cgroup_raw *raw)
{
	uint64_t limit = 0;

	raw->inactive = 0;
	number_of(text, "total_inactive_file", &raw->inactive);
	if (number_of(text, "hierarchical_memory_limit", &limit))
		set(raw, CGROUP_USAGE_MEMORY_LIMIT, limit < NO_LIMIT ? limit : 0);
}

static void parse_v1_cpu_stat(const char *text, struct cgroup_raw *raw)
{
	set_from(raw, CGROUP_USAGE_PERIODS, text, "nr_periods", 1);
	set_from(raw, CGROUP_USAGE_THROTTLED, text, "nr_throttled", 1);
	set_from(raw, CGROUP_USAGE_THROTTLED_TIME, text, "throttled_time", 1);
}

static void parse_quota(enum cgroup_file file, const char *text, struct cgroup_raw *raw)
{
	uint64_t value = *text == '-' ? 0 : strtoull(text, NULL, 10);

	if (file == FILE_V1_QUOTA)
		raw->quota = value;
	else
		raw->period = value;
	set_cpu_limit(raw);
}

void cgroup_file_parse(enum cgroup_file file, const char *text, struct cgroup_raw *raw)
{
	switch (file) {
	case FILE_CPU_STAT:
		parse_cpu_stat(text, raw);
		break;
	case FILE_CPU_MAX:
		parse_cpu_max(text, raw);
		break;
	case FILE_MEMORY_CURRENT:
	case FILE_V1_MEMORY:
		set(raw, CGROUP_USAGE_MEMORY, strtoull(text, NULL, 10));
		break;
	case FILE_MEMORY_STAT:
		parse_memory_stat(text, raw);
		break;
	case FILE_V1_MEMORY_STAT:
		parse_v1_memory_stat(text, raw);
		break;
	case FILE_MEMORY_MAX:
		set_limit(raw, CGROUP_USAGE_MEMORY_LIMIT, text);
		break;
	case FILE_MEMORY_EVENTS:
	case FILE_V1_OOM:
		set_from(raw, CGROUP_USAGE_OOM_KILLS, text, "oom_kill", 1);
		break;
	case FILE_IO_STAT:
		parse_io_stat(text, raw);
		break;
	case FILE_V1_BLKIO:
		parse_blkio(text, raw);
		break;
	case FILE_PIDS_CURRENT:
	case FILE_V1_PIDS:
		set(raw, CGROUP_USAGE_PIDS, strtoull(text, NULL, 10));
		break;
	case FILE_PIDS_MAX:
	case FILE_V1_PIDS_MAX:
		set_limit(raw, CGROUP_USAGE_PIDS_LIMIT, text);
		break;
	case FILE_PSI_CPU:
		parse_pressure(text, CGROUP_USAGE_PSI_CPU, raw);
		break;
	case FILE_PSI_MEMORY:
		parse_pressure(text, CGROUP_USAGE_PSI_MEMORY, raw);
		break;
	case FILE_PSI_IO:
		parse_pressure(text, CGROUP_USAGE_PSI_IO, raw);
		break;
	case FILE_CPUACCT_USAGE:
		set(raw, CGROUP_USAGE_CPU, strtoull(text, NULL, 10));
		break;
	case FILE_CPUACCT_USER:
		set(raw, CGROUP_USAGE_USER, strtoull(text, NULL, 10));
		break;
	case FILE_CPUACCT_SYSTEM:
		set(raw, CGROUP_USAGE_SYSTEM, strtoull(text, NULL, 10));
		break;
	case FILE_V1_CPU_STAT:
		parse_v1_cpu_stat(text, raw);
		break;
	case FILE_V1_QUOTA:
	case FILE_V1_PERIOD:
		parse_quota(file, text, raw);
		break;
	case CGROUP_FILES:
		break;
	}
}

/* --- where they are --- */

/* Who gains memory, loses some, or is killed for it, changes what is in use. */
enum how_often { EVERY_LOOK, WHEN_IT_RAN, WHEN_MEMORY_CHANGED, WHEN_LIMITED, NOW_AND_THEN };

static const struct {
	enum cgroup_tree tree;
	const char *name;
	enum how_often often;
} files_table[CGROUP_FILES] = {
	[FILE_CPU_STAT] = {TREE_V2, "cpu.stat", EVERY_LOOK},
	[FILE_CPU_MAX] = {TREE_V2, "cpu.max", NOW_AND_THEN},
	[FILE_MEMORY_CURRENT] = {TREE_V2, "memory.current", WHEN_IT_RAN},
	[FILE_MEMORY_STAT] = {TREE_V2, "memory.stat", WHEN_MEMORY_CHANGED},
	[FILE_MEMORY_MAX] = {TREE_V2, "memory.max", NOW_AND_THEN},
	[FILE_MEMORY_EVENTS] = {TREE_V2, "memory.events", WHEN_MEMORY_CHANGED},
	[FILE_IO_STAT] = {TREE_V2, "io.stat", WHEN_IT_RAN},
	[FILE_PIDS_CURRENT] = {TREE_V2, "pids.current", WHEN_IT_RAN},
	[FILE_PIDS_MAX] = {TREE_V2, "pids.max", NOW_AND_THEN},
	[FILE_PSI_CPU] = {TREE_V2, "cpu.pressure", WHEN_IT_RAN},
	[FILE_PSI_MEMORY] = {TREE_V2, "memory.pressure", WHEN_IT_RAN},
	[FILE_PSI_IO] = {TREE_V2, "io.pressure", WHEN_IT_RAN},
	[FILE_CPUACCT_USAGE] = {TREE_CPUACCT, "cpuacct.usage", EVERY_LOOK},
	[FILE_CPUACCT_USER] = {TREE_CPUACCT, "cpuacct.usage_user", WHEN_IT_RAN},
	[FILE_CPUACCT_SYSTEM] = {TREE_CPUACCT, "cpuacct.usage_sys", WHEN_IT_RAN},
	[FILE_V1_CPU_STAT] = {TREE_CPU, "cpu.stat", WHEN_LIMITED},
	[FILE_V1_QUOTA] = {TREE_CPU, "cpu.cfs_quota_us", NOW_AND_THEN},
	[FILE_V1_PERIOD] = {TREE_CPU, "cpu.cfs_period_us", NOW_AND_THEN},
	[FILE_V1_MEMORY] = {TREE_MEMORY, "memory.usage_in_bytes", WHEN_IT_RAN},
	[FILE_V1_MEMORY_STAT] = {TREE_MEMORY, "memory.stat", WHEN_MEMORY_CHANGED},
	[FILE_V1_OOM] = {TREE_MEMORY, "memory.oom_control", WHEN_MEMORY_CHANGED},
	[FILE_V1_BLKIO] = {TREE_BLKIO, "blkio.throttle.io_service_bytes_recursive", WHEN_IT_RAN},
	[FILE_V1_PIDS] = {TREE_PIDS, "pids.current", WHEN_IT_RAN},
	[FILE_V1_PIDS_MAX] = {TREE_PIDS, "pids.max", NOW_AND_THEN},
};

void cgroup_files_init(struct cgroup_files *files, uint64_t id)
{
	*files = (struct cgroup_files){.phase = (uint32_t)(id % SELDOM)};
	for (size_t i = 0; i < CGROUP_FILES; i++)
		files->fds[i] = -1;
}

static void close_file(struct cgroup_reader *reader, struct cgroup_files *files, enum cgroup_file i)
{
	if (files->fds[i] < 0)
		return;
	close(files->fds[i]);
	files->fds[i] = -1;
	reader->open--;
}

void cgroup_files_close(struct cgroup_reader *reader, struct cgroup_files *files)
{
	for (enum cgroup_file i = 0; i < CGROUP_FILES; i++)
		close_file(reader, files, i);
}

/* A descriptor of the file, kept if there is room for it; or -1. */
static int open_file(struct cgroup_reader *reader, struct cgroup_files *files, enum cgroup_file i,
	const char *cgroup)
{
	const char *root = reader->mounts->path[files_table[i].tree];
	char path[2 * 4096 + 64];
	int fd;

	if (files->fds[i] >= 0)
		return files->fds[i];
	if (!root || snprintf(path, sizeof(path), "%s%s/%s", root, cgroup, files_table[i].name) >=
			     (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Limits are read so seldom that they are opened each time. */
	if (fd >= 0 && files_table[i].often != NOW_AND_THEN && files->raw.nums[CGROUP_USAGE_CPU] &&
		reader->open < reader->open_max) {
		files->fds[i] = fd;
		reader->open++;
	}
	return fd;
}

/* Whether the file was there and was read. */
static bool read_file(struct cgroup_reader *reader, struct cgroup_files *files, enum cgroup_file i,
	const char *cgroup)
{
	static _Thread_local char text[TEXT_MAX];
	int fd = open_file(reader, files, i, cgroup);
	ssize_t size;

	if (fd < 0)
		return false;
	size = pread(fd, text, sizeof(text) - 1, 0);
	if (files->fds[i] != fd)
		close(fd);
	else if (size < 0)
		close_file(reader, files, i);
	if (size < 0)
		return false;
	text[size] = '\0';
	cgroup_file_parse(i, text, &files->raw);
	return true;
}

/* The CPU time that version 1 accounts is asked for where version 2 does not tell it. */
static bool is_told(const struct cgroup_files *files, enum cgroup_file i)
{
	return i >= FILE_CPUACCT_USAGE && i <= FILE_CPUACCT_SYSTEM &&
	       !(files->missing & 1u << FILE_CPU_STAT);
}

/* Reads what is looked at so often; whether any of it was there. */
static bool look_at(struct cgroup_reader *reader, struct cgroup_files *files, enum how_often often,
	const char *path)
{
	bool any = false;

	for (enum cgroup_file i = 0; i < CGROUP_FILES; i++) {
		if (files_table[i].often != often || files->missing & 1u << i || is_told(files, i))
			continue;
		if (read_file(reader, files, i, path))
			any = true;
		else
			files->missing |= 1u << i;
	}
	return any;
}

/* Of a new one twice: limits are set a moment after it is made.  Then one here, one there. */
static bool is_turn_of(const struct cgroup_files *files, uint32_t looks)
{
	return files->looks < 2 || (files->looks + files->phase) % looks == 0;
}

static bool is_turn(const struct cgroup_files *files)
{
	return is_turn_of(files, SELDOM);
}

bool cgroup_files_skip(struct cgroup_files *files)
{
	if (is_turn(files))
		return false;
	files->looks++;
	return true;
}

bool cgroup_files_look(struct cgroup_reader *reader, struct cgroup_files *files, const char *path)
{
	struct cgroup_raw *raw = &files->raw;
	uint64_t cpu = raw->nums[CGROUP_USAGE_CPU], memory = raw->nums[CGROUP_USAGE_MEMORY];
	bool all = is_turn(files), any, ran;

	if (is_turn_of(files, RARE))
		files->missing = 0; /* a controller may have been turned on */
	files->looks++;
	if (!path[1])
		path = ""; /* the root */
	any = look_at(reader, files, EVERY_LOOK, path);
	/* Where nothing has ever run, there is nothing to tell. */
	if (raw->have & 1u << CGROUP_USAGE_CPU && !raw->nums[CGROUP_USAGE_CPU])
		return any;
	ran = all || !any || raw->nums[CGROUP_USAGE_CPU] != cpu;
	if (ran)
		any |= look_at(reader, files, WHEN_IT_RAN, path);
	/* The root of version 2 tells what is in use in its memory.stat alone. */
	if (all || (ran && (raw->nums[CGROUP_USAGE_MEMORY] != memory ||
				   !(raw->have & 1u << CGROUP_USAGE_MEMORY))))
		any |= look_at(reader, files, WHEN_MEMORY_CHANGED, path);
	/* Without a quota nothing is throttled; version 1 tells that apart. */
	if (all || raw->quota)
		any |= look_at(reader, files, WHEN_LIMITED, path);
	if (all)
		any |= look_at(reader, files, NOW_AND_THEN, path);
	if (!(raw->have & 1u << CGROUP_USAGE_MEMORY) && raw->resident)
		raw->nums[CGROUP_USAGE_MEMORY] = raw->resident;
	return any;
}
