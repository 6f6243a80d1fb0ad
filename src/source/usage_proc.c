/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks by /proc: processes, not threads. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/usage_local.h"

struct walk {
	struct look *look;
	struct buf text;
	uint64_t tick; /* ns of a clock tick */
	uint64_t page;
};

static bool read_file(struct walk *walk, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return false;
	walk->text.size = 0;
	code = fs_read_fd(fd, &walk->text, 65536);
	close(fd);
	return !code && walk->text.size;
}

/*
 * proc_pid_stat(5).  The name in parentheses may hold anything: what follows begins behind the
 * last one.
 */
static bool take_stat(struct walk *walk, struct look_row *row)
{
	char *name = strchr(walk->text.data, '('), *end = strrchr(walk->text.data, ')');
	unsigned long long user, system, start, threads, virtual, faults;
	long long rss;
	size_t size;
	int nice;

	if (!name || !end || end < name)
		return false;
	size = (size_t)(end - name - 1);
	memcpy(row->comm, name + 1, size < 15 ? size : 15);
	/* From state (3) to rss (24). */
	if (sscanf(end + 1,
		    " %c %u %*d %*d %*d %*d %*u %*u %*u %llu %*u %llu %llu %*d %*d %*d %d %llu %*d "
		    "%llu %llu %lld",
		    &row->state, &row->parent, &faults, &user, &system, &nice, &threads, &start,
		    &virtual, &rss) != 10)
		return false;
	row->faults = faults;
	row->user = user * walk->tick;
	row->system = system * walk->tick;
	row->nice = nice;
	row->threads = (uint32_t)threads;
	row->start = clock_of_ticks(start);
	row->virtual = virtual;
	row->rss = rss > 0 ? (uint64_t)rss * walk->page : 0;
	return true;
}

static uint64_t number_behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void walk_process(struct walk *walk, int folder, uint32_t pid)
{
	struct look_row row = {.tid = pid, .tgid = pid, .whole = true};
	struct stat st;

	if (fstat(folder, &st) || !read_file(walk, folder, "stat") || !take_stat(walk, &row))
		return;
	row.uid = st.st_uid;
	if (read_file(walk, folder, "statm")) {
		char *resident = strchr(walk->text.data, ' ');
		char *shared = resident ? strchr(resident + 1, ' ') : NULL;

		row.rss = resident ? strtoull(resident, NULL, 10) * walk->page : row.rss;
		row.shared = shared ? strtoull(shared, NULL, 10) * walk->page : 0;
	}
	if (read_file(walk, folder, "io")) {
		row.read = number_behind(walk->text.data, "\nread_bytes: ");
		row.written = number_behind(walk->text.data, "\nwrite_bytes: ");
	}
	*look_add(walk->look) = row;
}

static void walk_begin(struct walk *walk, struct look *look)
{
	*walk = (struct walk){.look = look,
		.tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK),
		.page = (uint64_t)sysconf(_SC_PAGESIZE)};
}

size_t usage_proc_list(uint32_t **pids)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0, capacity = 0;

	*pids = NULL;
	while (processes && (entry = readdir(processes))) {
		char *end;
		unsigned long pid = strtoul(entry->d_name, &end, 10);

		if (*end || !pid)
			continue;
		*pids = mem_grow(*pids, &capacity, count + 1, sizeof(**pids));
		(*pids)[count++] = (uint32_t)pid;
	}
	if (processes)
		closedir(processes);
	return count;
}

void usage_proc_add(struct look *look, const uint32_t *pids, size_t count)
{
	struct walk walk;

	walk_begin(&walk, look);
	for (size_t i = 0; i < count; i++) {
		char path[32];
		int folder;

		snprintf(path, sizeof(path), "/proc/%u", pids[i]);
		folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			continue;
		walk_process(&walk, folder, pids[i]);
		close(folder);
	}
	buf_release(&walk.text);
}

void usage_proc_look(struct look *look)
{
	uint32_t *pids;
	size_t count = usage_proc_list(&pids);

	look->time = clock_now();
	usage_proc_add(look, pids, count);
	free(pids);
}
