/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes, as /proc shows them to whoever names their container. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "resolve/container_facts.h"

bool fact_file(const char *path, struct buf *out)
{
	/* A pipe that stands there is not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	struct stat status;
	bool is;

	buf_clear(out);
	if (fd < 0)
		return false;
	is = !fstat(fd, &status) && S_ISREG(status.st_mode) &&
	     !fs_read_fd(fd, out, FACT_FILE_MAX) && out->size;
	close(fd);
	return is;
}

bool fact_file_at(struct buf *out, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	return size > 0 && (size_t)size < sizeof(path) && fact_file(path, out);
}

bool fact_list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; size && (at = strstr(at, word)); at += size)
		if ((at == list || at[-1] == ',') && (!at[size] || at[size] == ','))
			return true;
	return false;
}

bool fact_cgroup_mount(
	const char *proc, bool is_inside, const char *controller, char *out, size_t size)
{
	char *rest, *line, before[FS_ROOT_MAX] = "";
	struct buf text = {0};
	int best = -1;
	bool is;

	if (is_inside)
		fs_root_of(1, before);
	is = fact_file_at(&text, "%s/%s/mountinfo", proc, *before ? "1" : "self");
	for (rest = is ? text.data : NULL; rest && (line = strsep(&rest, "\n"));) {
		char *behind = strstr(line, " - "), root[PATH_MAX], where[PATH_MAX], kind[16];
		char options[256] = "";

		if (!behind || sscanf(line, "%*s %*s %*s %4095s %4095s", root, where) != 2 ||
			sscanf(behind, " - %15s %*s %255s", kind, options) != 2)
			continue;
		if (fs_cgroups_above(root) <= best ||
			strcmp(kind, controller ? "cgroup" : "cgroup2") ||
			(controller && !fact_list_has(options, controller)))
			continue;
		best = fs_cgroups_above(root);
		snprintf(out, size, "%s%s", before, where);
	}
	buf_release(&text);
	return best >= 0;
}

/* "PID (COMM) STATE PPID …": the name may hold anything, so what follows is behind its last ')'. */
static bool take_stat(char *text, struct fact_process *out)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long ticks;
	unsigned parent;

	if (!open || !close || close < open ||
		sscanf(close + 1,
			" %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			"%*d %llu",
			&parent, &ticks) != 2)
		return false;
	*close = '\0';
	snprintf(out->comm, sizeof(out->comm), "%.15s", open + 1);
	out->parent = parent;
	out->start = clock_of_ticks(ticks);
	return true;
}

/* "pid:[4026532180]" */
uint64_t fact_namespace(const char *proc, const char *pid, const char *kind)
{
	char path[4096], text[64];
	ssize_t size;
	const char *at;

	snprintf(path, sizeof(path), "%s/%s/ns/%s", proc, pid, kind);
	size = readlink(path, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	at = strchr(text, '[');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* "NSpid:\t31492\t1": its numbers from the machine's namespace down to its own. */
static void take_numbers(const char *status, struct fact_process *out)
{
	const char *at = strstr(status, "\nNSpid:");
	unsigned count = 0;
	unsigned long last = 0;
	char *end;

	if (!at)
		return;
	for (at += 7; *at && *at != '\n'; at = end) {
		unsigned long value = strtoul(at, &end, 10);

		if (end == at)
			break;
		last = value;
		count++;
	}
	out->is_init = count > 1 && last == 1;
	out->level = count ? count - 1 : 0;
}

bool fact_process_read(const char *proc, uint32_t pid, struct fact_process *out)
{
	char path[4096], name[16];
	struct buf text = {0};
	bool is;

	snprintf(name, sizeof(name), "%u", pid);
	*out = (struct fact_process){.pid = pid};
	snprintf(path, sizeof(path), "%s/%u/stat", proc, pid);
	is = fact_file(path, &text) && take_stat(text.data, out);
	if (is) {
		snprintf(path, sizeof(path), "%s/%u/status", proc, pid);
		if (fact_file(path, &text))
			take_numbers(text.data, out);
		out->pidns = fact_namespace(proc, name, "pid");
		out->mntns = fact_namespace(proc, name, "mnt");
	}
	buf_release(&text);
	return is;
}

struct containers_roots fact_roots_host(void)
{
	static char run[FS_ROOT_MAX + 8], var_lib[FS_ROOT_MAX + 8]; /* the same each time */
	char root[FS_ROOT_MAX];

	fs_host_root(root);
	snprintf(run, sizeof(run), "%s/run", root);
	snprintf(var_lib, sizeof(var_lib), "%s/var/lib", root);
	return (struct containers_roots){.proc = "/proc", .run = run, .var_lib = var_lib};
}

bool fact_process_lacks(const char *proc, uint32_t pid, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	char name[4096];
	int root, fd;

	snprintf(name, sizeof(name), "%s/%u/root", proc, pid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return false;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

void fact_host_namespaces(const char *proc, uint64_t *pidns, uint64_t *mntns)
{
	*pidns = fact_namespace(proc, "1", "pid");
	*mntns = fact_namespace(proc, "1", "mnt");
	/* Who has rights that we lack is not looked into. */
	if (!*pidns)
		*pidns = fact_namespace(proc, "self", "pid");
	if (!*mntns)
		*mntns = fact_namespace(proc, "self", "mnt");
}

size_t fact_cmdline(
	const char *proc, uint32_t pid, struct buf *text, const char **words, size_t limit)
{
	char path[4096];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/%u/cmdline", proc, pid);
	if (!fact_file(path, text))
		return 0;
	for (size_t at = 0; at < text->size && count < limit; at += strlen(text->data + at) + 1)
		words[count++] = text->data + at;
	return count;
}

const char *fact_option(const char *const *words, size_t count, const char *option)
{
	size_t size = strlen(option);

	for (size_t i = 1; i < count; i++) {
		if (!strcmp(words[i], option))
			return i + 1 < count ? words[i + 1] : NULL;
		if (!strncmp(words[i], option, size) && words[i][size] == '=')
			return words[i] + size + 1;
	}
	return NULL;
}
