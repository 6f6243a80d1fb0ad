/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: what names of functions and files are made from. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "source/probe_local.h"
#include "source/proc.h"

#define NOTE_BUILD_ID 3
#define MODULES_MAX (1u << 20)
#define OTHERS_MAX 50 /* processes of others that are looked at */

/* include/uapi/linux/fs.h since Linux 6.11; the headers here may be older. */
struct map_query {
	uint64_t size, flags, address;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

#define MAP_QUERY _IOWR('f', 17, struct map_query)

/* The mapping of this very code. */
static bool own_map(struct proc_map *map)
{
	uint64_t address = (uint64_t)(uintptr_t)own_map;
	struct proc_info info = {0};
	bool found = false;

	if (!proc_read((uint32_t)getpid(), (uint32_t)gettid(), 1, &info))
		for (size_t i = 0; i < info.map_count && !found; i++) {
			*map = info.maps[i];
			found = address >= map->start && address < map->end;
		}
	proc_info_release(&info);
	return found;
}

static void run_map_files(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct proc_map map;
	char path[96];
	int fd;

	(void)probe;
	if (!own_map(&map)) {
		probe_refused(host, result, -ENOENT, NEED_NOTHING, "/proc/self/maps is not there",
			"mount -t proc proc /proc");
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIx64 "-%" PRIx64, map.start,
		map.end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	else
		probe_refused(host, result, -errno, NEED_MAP_FILES, "this kernel lacks map_files",
			"Linux 4.3 or newer; files are found by their paths instead, unless they "
			"were deleted");
}

/* Reads the maps of a process if it is another user's; 1: it is not, or has gone. */
static int read_maps_of(const char *pid, uid_t self)
{
	char *path = mem_printf("/proc/%s/maps", pid);
	struct buf text = {0};
	struct stat st;
	int code = 1;

	if (!stat(path, &st) && st.st_uid != self) {
		code = fs_read(path, &text, 64 << 20, NULL);
		if (code == -ENOENT || code == -ESRCH || (!code && !text.size))
			code = 1; /* it has gone, or is a thread of the kernel */
	}
	buf_release(&text);
	free(path);
	return code;
}

static void run_others(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int code = processes ? 1 : -errno, tries = 0;

	(void)probe;
	while (processes && code && tries < OTHERS_MAX && (entry = readdir(processes)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
			int one = read_maps_of(entry->d_name, geteuid());

			tries += one <= 0;
			code = one <= 0 ? one : code;
		}
	if (processes)
		closedir(processes);
	if (code == 1 && probe_has(host, NEED_PTRACE)) {
		probe_detail(result, "no other user runs anything here");
	} else if (code) {
		code = code == 1 ? -EACCES : code;
		probe_refused(host, result, code, NEED_PTRACE, "/proc cannot be read",
			"mount -t proc proc /proc, without hidepid");
	}
}

static void run_map_query(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct map_query query = {
		.size = sizeof(query), .address = (uint64_t)(uintptr_t)run_map_query};
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), code = 0;

	(void)probe;
	if (fd < 0 || ioctl(fd, MAP_QUERY, &query))
		code = -errno;
	if (fd >= 0)
		close(fd);
	if (!code)
		probe_detail(result, "own code at offset %" PRIx64, query.vma_offset);
	else
		probe_refused(host, result, code, NEED_PTRACE, "this kernel does not know it",
			"Linux 6.11 or newer; maps are read as text instead");
}

/* The build id among the kernel's notes: sizes of name and content, type, name, content. */
static bool find_build_id(const struct buf *notes, struct probe_result *result)
{
	uint32_t head[3];
	uint64_t name, content;

	for (uint64_t at = 0; at + sizeof(head) <= notes->size;
		at = content + ((uint64_t)head[1] + 3) / 4 * 4) {
		memcpy(head, notes->data + at, sizeof(head));
		name = at + sizeof(head);
		content = name + ((uint64_t)head[0] + 3) / 4 * 4;
		if (head[2] != NOTE_BUILD_ID || head[0] != 4 || head[1] < 8 ||
			content + head[1] > notes->size || memcmp(notes->data + name, "GNU", 4))
			continue;
		probe_detail(result, "build id ");
		for (uint32_t i = 0; i < 4; i++)
			probe_detail(result, "%02x", (unsigned char)notes->data[content + i]);
		return true;
	}
	return false;
}

static void run_notes(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct buf text = {0};
	int code = fs_read("/sys/kernel/notes", &text, 65536, NULL);

	(void)probe;
	if (code || !find_build_id(&text, result))
		probe_refused(host, result, code ? code : -ENODATA, NEED_NOTHING,
			code ? "the kernel's notes cannot be read" : "the kernel has no build id",
			"mount -t sysfs sysfs /sys; else the kernel is told by its version");
	buf_release(&text);
}

static void run_modules(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct buf text = {0};
	int code = fs_read("/proc/modules", &text, MODULES_MAX, NULL);
	size_t count = 0;

	(void)probe;
	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	if (code == -ENOENT) {
		probe_detail(result, "the kernel has none: all is built in");
	} else if (code) {
		probe_refused(host, result, code, NEED_SYSLOG, "/proc/modules cannot be read",
			"mount -t proc proc /proc");
	} else if (count && strstr(text.data, " 0x0000000000000000")) {
		result->state = PROBE_NO;
		probe_reason(result, "/proc/modules shows no addresses to this user");
		probe_remedy(result, "run it as root, or: setcap cap_syslog+ep tracetop; and: "
				     "sysctl kernel.kptr_restrict=1");
	} else {
		probe_detail(result, "%zu loaded", count);
	}
	buf_release(&text);
}

static void run_root(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), code = 0;
	long fd = syscall(SYS_openat2, root, "proc/self/status", &how, sizeof(how));

	(void)probe;
	if (fd < 0)
		code = -errno;
	else
		close((int)fd);
	if (root >= 0)
		close(root);
	if (code)
		probe_refused(host, result, code, NEED_ADMIN,
			"this kernel does not know openat2(2), or /proc is not mounted",
			"Linux 5.6 or newer; files of other mount namespaces go without names");
}

/* In a child: forbids itself a system call that is harmless, and tries it. */
static int child_filters(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int code = filter ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(E2BIG), SCMP_SYS(getppid), 0)
			  : -ENOMEM;

	if (!code)
		code = seccomp_load(filter);
	if (code)
		return -code;
	errno = 0;
	return syscall(SYS_getppid) == -1 && errno == E2BIG ? 0 : EIO;
}

static void run_seccomp(
	struct probe_host *host, const struct probe *probe, struct probe_result *result)
{
	pid_t child = fork();
	int status = 0, code;

	(void)probe;
	if (!child)
		_exit(child_filters());
	if (child < 0)
		code = -errno;
	else if (waitpid(child, &status, 0) < 0)
		code = -errno;
	else
		code = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	if (code)
		probe_refused(host, result, code, NEED_NOTHING,
			"a child cannot be kept from system calls; so no file is parsed, and no "
			"names come from files",
			"a kernel with CONFIG_SECCOMP_FILTER, or a container that allows "
			"seccomp(2)");
}

static const struct probe rows[] = {
	{"map_files", "the very file that is mapped, also a deleted one", run_map_files, NULL, 0},
	{"maps of others", "mappings of other users' processes", run_others, NULL, 0},
	{"PROCMAP_QUERY", "mappings, asked for one by one", run_map_query, NULL, 0},
	{"openat2 in a root", "files of other mount namespaces", run_root, NULL, 0},
	{"seccomp filter", "the sandbox that files are parsed in", run_seccomp, NULL, 0},
	{"kernel build id", "which kernel a capture is of", run_notes, NULL, 0},
	{"modules", "names of modules' functions", run_modules, NULL, 0},
};

const struct probe_group probe_resolve = PROBE_GROUP("resolving", rows);
