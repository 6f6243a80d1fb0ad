/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#define MAPS_MAX (64u << 20) /* bytes of /proc/PID/maps */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* The path below a root that a process sees: nothing in it leads out, whatever it links to. */
static int open_in_root(const char *root, const char *path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), code;
	long fd;

	if (folder < 0)
		return -errno;
	fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
	code = fd < 0 ? -errno : (int)fd;
	close(folder);
	return code;
}

/*
 * By the name of the mapping, a link that leads to the very file, also a deleted one.  Needs
 * CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
 */
static int open_mapping(const struct sighting *sighting)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, sighting->tgid,
		sighting->start, sighting->end);
	fd = open(path, OPEN_FLAGS);
	return fd < 0 ? -errno : fd;
}

/* The kernel adds " (deleted)" to the path of a file that was taken away or replaced. */
static int open_path(const struct open_wish *wish, unsigned way)
{
	static const char deleted[] = " (deleted)";
	struct str path = str_from(wish->path);
	char root[64] = "/", *plain;
	int fd;

	if (wish->path[0] != '/' || (way == 1 && !wish->has_sighting))
		return -ENOENT;
	if (str_ends(path, str_from(deleted)))
		path.size -= strlen(deleted);
	plain = mem_printf("%.*s", (int)path.size, path.data);
	if (way == 1)
		snprintf(root, sizeof(root), "/proc/%u/root", wish->sighting.tgid);
	fd = open_in_root(root, plain);
	free(plain);
	return fd;
}

/* Devices are compared as the kernel writes them; stat() packs them in another way. */
static bool same_inode(const struct open_wish *wish, const struct stat *st)
{
	return wish->inode == st->st_ino &&
	       wish->dev == ((uint64_t)major(st->st_dev) << 32 | minor(st->st_dev));
}

/*
 * Whether the mapping is of the wanted inode as the kernel itself tells it (proc_pid_maps(5)):
 * file systems that stand for others tell stat() another one.
 */
static bool mapping_is_wanted(const struct open_wish *wish)
{
	char path[32], start[40];
	struct buf text = {0};
	const char *line;
	unsigned major = 0, minor = 0;
	unsigned long long inode = 0;

	snprintf(path, sizeof(path), "/proc/%u/maps", wish->sighting.tgid);
	/* As in the file: eight digits at least, and lines one by one. */
	snprintf(start, sizeof(start), "\n%08" PRIx64 "-%08" PRIx64 " ", wish->sighting.start,
		wish->sighting.end);
	buf_add_char(&text, '\n');
	if (!fs_read(path, &text, MAPS_MAX, NULL) && (line = strstr(text.data, start)))
		sscanf(line + strlen(start), "%*s %*x %x:%x %llu", &major, &minor, &inode);
	buf_release(&text);
	return inode && inode == wish->inode && wish->dev == ((uint64_t)major << 32 | minor);
}

static uint64_t change_time(const struct stat *st)
{
	return (uint64_t)st->st_ctim.tv_sec * NS_PER_S + (uint64_t)st->st_ctim.tv_nsec;
}

struct open_result open_dso(const struct open_wish *wish, unsigned way)
{
	struct open_result result = {.fd = -ENOENT};
	struct stat st;

	if (way == 0)
		result.fd = wish->has_sighting ? open_mapping(&wish->sighting) : -ENOENT;
	else
		result.fd = open_path(wish, way);
	if (result.fd < 0)
		return result;
	if (fstat(result.fd, &st) || !S_ISREG(st.st_mode)) {
		close(result.fd);
		result.fd = -EINVAL;
		return result;
	}
	if (wish->has_build_id)
		return result; /* that proves it, or not */
	if (way == 0)
		result.proven = wish->inode == st.st_ino || mapping_is_wanted(wish);
	else /* the same inode, and nobody changed it or took its number since it was mapped */
		result.proven = same_inode(wish, &st) && change_time(&st) <= wish->seen;
	result.disproven = wish->inode && wish->inode != st.st_ino && !result.proven;
	return result;
}

/* The bytes of the vDSO end where its mapping does. */
static size_t vdso_size(uint64_t start)
{
	struct buf text = {0};
	size_t size = 0;
	char *line, *rest;

	if (!fs_read("/proc/self/maps", &text, 1 << 20, NULL)) {
		rest = text.data;
		while (rest && (line = strsep(&rest, "\n"))) {
			uint64_t from, to;

			if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from == start)
				size = to - from;
		}
	}
	buf_release(&text);
	return size;
}

int open_vdso(void)
{
	uint64_t start = getauxval(AT_SYSINFO_EHDR);
	size_t size = start ? vdso_size(start) : 0;
	int fd = size ? memfd_create("tracetop-vdso", MFD_CLOEXEC) : -1, code;

	if (fd < 0)
		return size ? -errno : -ENOENT;
	code = fs_write_full(fd, (const void *)(uintptr_t)start, size);
	if (code) {
		close(fd);
		return code;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}
