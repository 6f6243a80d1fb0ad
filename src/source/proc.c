/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#define MAPS_TEXT_MAX (64u << 20)
#define MAPS_MAX 65536

/*
 * PROCMAP_QUERY, Linux 6.11: one mapping and its build id by ioctl, without text
 * (include/uapi/linux/fs.h of the kernel; not in the headers of the oldest system this is built
 * on).
 */
struct procmap_query_abi {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor;
	uint32_t vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY_ABI _IOWR('f', 17, struct procmap_query_abi)
#define PROCMAP_VMA_EXECUTABLE 0x04
#define PROCMAP_COVERING_OR_NEXT 0x10

void proc_info_release(struct proc_info *info)
{
	free(info->maps);
	buf_release(&info->paths);
	*info = (struct proc_info){0};
}

static struct proc_map *proc_add_map(struct proc_info *info, const char *path, size_t size)
{
	struct proc_map *map;

	info->maps = mem_grow(
		info->maps, &info->map_capacity, info->map_count + 1, sizeof(*info->maps));
	map = &info->maps[info->map_count++];
	*map = (struct proc_map){.path = (uint32_t)info->paths.size, .path_size = (uint32_t)size};
	buf_add(&info->paths, path, size);
	return map;
}

/* By ioctl; -ENOTTY where the kernel has none. */
static int proc_query_maps(int fd, struct proc_info *info)
{
	char path[4096];
	uint8_t build_id[20];
	uint64_t next = 0;

	while (info->map_count < MAPS_MAX) {
		struct procmap_query_abi query = {.size = sizeof(query),
			.query_flags = PROCMAP_VMA_EXECUTABLE | PROCMAP_COVERING_OR_NEXT,
			.query_addr = next,
			.vma_name_size = sizeof(path),
			.vma_name_addr = (uintptr_t)path,
			.build_id_size = sizeof(build_id),
			.build_id_addr = (uintptr_t)build_id};
		struct proc_map *map;

		if (ioctl(fd, PROCMAP_QUERY_ABI, &query))
			return errno == ENOENT ? 0 : -errno;
		map = proc_add_map(info, path, query.vma_name_size ? query.vma_name_size - 1 : 0);
		map->start = query.vma_start;
		map->end = query.vma_end;
		map->offset = query.vma_offset;
		if (query.build_id_size) {
			memcpy(map->build_id, build_id, query.build_id_size);
			map->build_id_size = (uint8_t)query.build_id_size;
		} else {
			map->dev = (uint64_t)query.dev_major << 32 | query.dev_minor;
			map->inode = query.inode;
		}
		next = query.vma_end;
	}
	return 0;
}

/* The kernel writes a newline in a path as \012, and nothing else (proc(5)). */
static size_t unescape_newlines(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		if (!strncmp(from, "\\012", 4)) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - path);
}

static void proc_parse_map(char *line, struct proc_info *info)
{
	uint64_t start, end, offset, inode;
	unsigned major, minor;
	char permissions[5];
	int path = 0;
	struct proc_map *map;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &start,
		    &end, permissions, &offset, &major, &minor, &inode, &path) < 7 ||
		!path || permissions[2] != 'x')
		return;
	map = proc_add_map(info, line + path, unescape_newlines(line + path));
	map->start = start;
	map->end = end;
	map->offset = offset;
	map->dev = (uint64_t)major << 32 | minor;
	map->inode = inode;
}

static int proc_parse_maps(int fd, struct proc_info *info)
{
	struct buf text = {0};
	int code = fs_read_fd(fd, &text, MAPS_TEXT_MAX);
	char *line = text.data, *end;

	while (!code && line && *line && info->map_count < MAPS_MAX) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		proc_parse_map(line, info);
		line = end ? end + 1 : NULL;
	}
	buf_release(&text);
	return code;
}

/* By the thread: a process whose first thread has ended keeps its maps with the others. */
static int proc_read_maps(uint32_t tgid, uint32_t tid, struct proc_info *info)
{
	char path[64];
	int fd, code;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/maps", tgid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	code = proc_query_maps(fd, info);
	if (code == -ENOTTY || code == -EINVAL) {
		info->map_count = 0;
		buf_clear(&info->paths);
		code = proc_parse_maps(fd, info);
	}
	close(fd);
	return code;
}

static void proc_read_comm(uint32_t tgid, uint32_t tid, char comm[16])
{
	struct buf text = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", tgid, tid);
	memset(comm, 0, 16);
	if (!fs_read(path, &text, 64, NULL) && text.size) {
		size_t size = text.size - (text.data[text.size - 1] == '\n');

		memcpy(comm, text.data, size < 15 ? size : 15);
	}
	buf_release(&text);
}

/*
 * /proc/PID/stat (proc(5)): the name in parentheses may hold anything, the fields after the last
 * one do not.  Field 4 is the parent, field 22 the start in ticks of CLOCK_BOOTTIME.
 */
static int proc_read_stat(uint32_t tgid, struct proc_info *info)
{
	struct buf text = {0};
	char path[64];
	int code;
	char *at;

	snprintf(path, sizeof(path), "/proc/%u/stat", tgid);
	code = fs_read(path, &text, 8192, NULL);
	at = code || !text.data ? NULL : strrchr(text.data, ')');
	if (at) {
		uint64_t ticks = 0;

		sscanf(at + 1,
			" %*c %" SCNu32 " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			"%*s %*s %*s %" SCNu64,
			&info->parent, &ticks);
		info->start = clock_of_ticks(ticks);
	}
	buf_release(&text);
	return code;
}

int proc_read(uint32_t tgid, uint32_t tid, int maps, struct proc_info *info)
{
	int code;

	*info = (struct proc_info){.time = clock_now()};
	code = proc_read_stat(tgid, info);
	if (code)
		return code;
	proc_read_comm(tgid, tgid, info->process);
	proc_read_comm(tgid, tid, info->comm);
	if (maps)
		info->maps_error = proc_read_maps(tgid, tid, info);
	return 0;
}

int proc_threads(uint32_t tgid, uint32_t **tids)
{
	char path[64];
	size_t capacity = 0;
	int count = 0;
	struct dirent *entry;
	DIR *folder;

	*tids = NULL;
	snprintf(path, sizeof(path), "/proc/%u/task", tgid);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);

		if (!tid)
			continue;
		*tids = mem_grow(*tids, &capacity, (size_t)count + 1, sizeof(**tids));
		(*tids)[count++] = (uint32_t)tid;
	}
	closedir(folder);
	return count;
}
