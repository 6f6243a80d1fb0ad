/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/detail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/recording.h"

#define TEXT_MAX (16u << 20)
#define ENTRIES_MAX 65536
#define THREADS 4 /* a process whose memory map is locked holds up one */

struct details {
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	enum detail kind; /* that is being read, and of whom; 0: none */
	uint32_t tgid;
};

struct asking {
	struct job job;
	struct details *details;
	enum detail kind;
	uint32_t tgid;
	uint64_t time;
	int code;
	struct buf texts; /* names and values, one behind the other */
	struct entry {
		uint64_t number;
		uint32_t name, value, end; /* in texts */
	} * entries;
	size_t count, capacity;
};

static void add(struct asking *asking, uint64_t number, struct str name, struct str value)
{
	struct entry *entry;

	if (asking->count == ENTRIES_MAX)
		return;
	asking->entries = mem_grow(
		asking->entries, &asking->capacity, asking->count + 1, sizeof(*asking->entries));
	entry = &asking->entries[asking->count++];
	entry->number = number;
	entry->name = (uint32_t)asking->texts.size;
	buf_add_str(&asking->texts, name);
	entry->value = (uint32_t)asking->texts.size;
	buf_add_str(&asking->texts, value);
	entry->end = (uint32_t)asking->texts.size;
}

/* --- kinds --- */

/* proc_pid_fdinfo(5): the access mode and what matters of the flags. */
static size_t describe_flags(int folder, const char *fd, char *out, size_t size)
{
	static const char *const modes[] = {"r", "w", "rw", "?"};
	char text[512], *at;
	ssize_t got;
	int file = openat(folder, fd, O_RDONLY | O_CLOEXEC);
	unsigned long flags;

	if (file < 0)
		return 0;
	got = read(file, text, sizeof(text) - 1);
	close(file);
	text[got > 0 ? got : 0] = '\0';
	at = strstr(text, "flags:");
	if (!at)
		return 0;
	flags = strtoul(at + 6, NULL, 8);
	return (size_t)snprintf(out, size, "%s%s%s%s%s", modes[flags & O_ACCMODE],
		flags & O_APPEND ? " append" : "", flags & O_NONBLOCK ? " nonblock" : "",
		flags & O_DIRECT ? " direct" : "", flags & O_CLOEXEC ? " cloexec" : "");
}

static int read_links(struct asking *asking, const char *path, const char *info)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = folder >= 0 ? fdopendir(folder) : NULL;
	int infos = info && entries ? open(info, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct dirent *entry;
	uint64_t place = 0;

	if (!entries) {
		int code = -errno;

		if (folder >= 0)
			close(folder);
		return code;
	}
	while ((entry = readdir(entries))) {
		char target[4096], flags[80];
		ssize_t size;

		if (entry->d_name[0] == '.')
			continue;
		size = readlinkat(folder, entry->d_name, target, sizeof(target));
		if (size < 0)
			continue;
		if (info) {
			size_t used = infos >= 0 ? describe_flags(infos, entry->d_name, flags,
							   sizeof(flags))
						 : 0;

			add(asking, strtoull(entry->d_name, NULL, 10),
				(struct str){target, (size_t)size}, (struct str){flags, used});
		} else {
			add(asking, place++, str_from(entry->d_name),
				(struct str){target, (size_t)size});
		}
	}
	if (infos >= 0)
		close(infos);
	closedir(entries);
	return 0;
}

static int read_files(struct asking *asking)
{
	char path[32], info[32];

	snprintf(path, sizeof(path), "/proc/%u/fd", asking->tgid);
	snprintf(info, sizeof(info), "/proc/%u/fdinfo", asking->tgid);
	return read_links(asking, path, info);
}

static int read_namespaces(struct asking *asking)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/ns", asking->tgid);
	return read_links(asking, path, NULL);
}

/* Calls @take for each part of a file of /proc/PID that ends with @separator. */
static int read_parts(struct asking *asking, const char *name, char separator,
	void (*take)(struct asking *asking, uint64_t place, struct str part))
{
	struct buf text = {0};
	char path[64];
	int code;
	uint64_t place = 0;

	snprintf(path, sizeof(path), "/proc/%u/%s", asking->tgid, name);
	code = fs_read(path, &text, TEXT_MAX, NULL);
	for (size_t at = 0; !code && at < text.size;) {
		const char *end = memchr(text.data + at, separator, text.size - at);
		size_t size = end ? (size_t)(end - text.data) - at : text.size - at;

		if (size)
			take(asking, place++, (struct str){text.data + at, size});
		at += size + 1;
	}
	buf_release(&text);
	return code;
}

/* "55d-55f r-xp 00000000 08:01 1234   /usr/bin/x" */
static void take_map(struct asking *asking, uint64_t place, struct str line)
{
	size_t at = 0, words = 0, rights = 0;

	(void)place;
	while (at < line.size && words < 5) {
		while (at < line.size && line.data[at] != ' ')
			at++;
		if (!words++)
			rights = at;
		while (at < line.size && line.data[at] == ' ')
			at++;
	}
	if (rights + 5 < line.size)
		rights += 5;
	add(asking, strtoull(line.data, NULL, 16), (struct str){line.data + at, line.size - at},
		(struct str){line.data, rights});
}

static int read_maps(struct asking *asking)
{
	return read_parts(asking, "maps", '\n', take_map);
}

/* proc_pid_limits(5): the name takes 26 characters, the first line is a title. */
static void take_limit(struct asking *asking, uint64_t place, struct str line)
{
	size_t name = line.size < 26 ? line.size : 26, value = name;

	while (name && line.data[name - 1] == ' ')
		name--;
	while (line.size && line.data[line.size - 1] == ' ')
		line.size--;
	if (place && value < line.size)
		add(asking, place, (struct str){line.data, name},
			(struct str){line.data + value, line.size - value});
}

static int read_limits(struct asking *asking)
{
	return read_parts(asking, "limits", '\n', take_limit);
}

static void take_pair(struct asking *asking, uint64_t place, struct str pair, char between)
{
	const char *at = memchr(pair.data, between, pair.size);
	size_t name = at ? (size_t)(at - pair.data) : pair.size;

	add(asking, place, (struct str){pair.data, name},
		(struct str){pair.data + name + (at != NULL), pair.size - name - (at != NULL)});
}

static void take_variable(struct asking *asking, uint64_t place, struct str pair)
{
	take_pair(asking, place, pair, '=');
}

static int read_environment(struct asking *asking)
{
	return read_parts(asking, "environ", '\0', take_variable);
}

/* "4:memory:/path": named by the controllers, version 2 has none. */
static void take_cgroup(struct asking *asking, uint64_t place, struct str line)
{
	const char *at = memchr(line.data, ':', line.size);
	size_t skip = at ? (size_t)(at - line.data) + 1 : 0;

	take_pair(asking, place, (struct str){line.data + skip, line.size - skip}, ':');
}

static int read_cgroups(struct asking *asking)
{
	return read_parts(asking, "cgroup", '\n', take_cgroup);
}

static const struct {
	const char *name;
	int (*read)(struct asking *asking);
} kinds[DETAIL_KINDS] = {
	[DETAIL_FILES] = {"files", read_files},
	[DETAIL_MAPS] = {"maps", read_maps},
	[DETAIL_LIMITS] = {"limits", read_limits},
	[DETAIL_ENVIRONMENT] = {"environment", read_environment},
	[DETAIL_NAMESPACES] = {"namespaces", read_namespaces},
	[DETAIL_CGROUPS] = {"cgroups", read_cgroups},
};

enum detail details_kind(const char *name)
{
	for (int i = 1; i < DETAIL_KINDS; i++)
		if (kinds[i].name && !strcmp(name, kinds[i].name))
			return (enum detail)i;
	return 0;
}

/* --- asking --- */

static void asking_run(struct job *job)
{
	struct asking *asking = (struct asking *)job;

	asking->time = clock_now();
	asking->code = kinds[asking->kind].read(asking);
	if (asking->code)
		add(asking, 0, STR("(cannot be read)"), str_from(strerror(-asking->code)));
}

static void asking_append(struct asking *asking)
{
	struct details *details = asking->details;
	const struct task *task = tasks_alive(&details->model->tasks, asking->tgid);
	struct thread stranger = {.tid = asking->tgid, .tgid = asking->tgid};

	for (size_t i = 0; i < asking->count; i++) {
		const struct entry *entry = &asking->entries[i];
		struct str name = {asking->texts.data + entry->name, entry->value - entry->name};
		struct str value = {asking->texts.data + entry->value, entry->end - entry->value};

		recording_append(
			details->recording, &(struct record){.type = RECORD_DETAIL,
						    .sub = asking->kind,
						    .time = asking->time,
						    .thread = task ? &task->thread : &stranger,
						    .name = name,
						    .nums = (uint64_t[DETAIL_NUMS]){entry->number},
						    .texts = (struct str[DETAIL_TEXTS]){value}});
	}
}

static void asking_done(struct job *job)
{
	struct asking *asking = (struct asking *)job;

	if (asking->details->tgid == asking->tgid && asking->details->kind == asking->kind)
		asking->details->kind = 0;
	asking_append(asking);
	buf_release(&asking->texts);
	free(asking->entries);
	free(asking);
}

struct details *details_new(struct loop *loop, struct recording *recording, struct model *model)
{
	struct details *details = mem_zalloc(sizeof(*details));

	details->recording = recording;
	details->model = model;
	details->worker = worker_new(loop, "tracetop-detail", THREADS, false);
	return details;
}

void details_free(struct details *details)
{
	if (!details)
		return;
	worker_free(details->worker, true);
	free(details);
}

int details_ask(struct details *details, enum detail kind, uint32_t tgid, struct error *error)
{
	struct asking *asking;

	if (!tasks_alive(&details->model->tasks, tgid))
		return error_set(error, -ESRCH, "process %u has ended", tgid);
	if (details->kind == kind && details->tgid == tgid)
		return 0;
	asking = mem_zalloc(sizeof(*asking));
	asking->job.run = asking_run;
	asking->job.done = asking_done;
	asking->details = details;
	asking->kind = details->kind = kind;
	asking->tgid = details->tgid = tgid;
	worker_post(details->worker, &asking->job);
	return 0;
}
