/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the first process of a container and its cgroups tell, whatever runs it. */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "resolve/container_inspect.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NO_LIMIT (UINT64_C(1) << 62) /* version 1 writes a number near that */

/* --- cgroups --- */

/* Where a controller of version 1 is mounted, or for NULL version 2. */
static bool find_mount(
	const struct containers_roots *roots, const char *controller, char *out, size_t size)
{
	char host[FS_ROOT_MAX];

	if (roots->cgroup)
		return snprintf(out, size, "%s", roots->cgroup) > 0;
	fs_host_root(host);
	return fact_cgroup_mount(roots->proc, host[0], controller, out, size);
}

/* The path of a process's cgroup in a controller's hierarchy; for NULL, version 2. */
static bool find_path(const char *table, const char *controller, char *out, size_t size)
{
	for (const char *line = table; *line;) {
		size_t length = strcspn(line, "\n");
		const char *names = memchr(line, ':', length), *path, *at;
		size_t name_size = controller ? strlen(controller) : 0;

		path = names ? memchr(names + 1, ':', length - (size_t)(names + 1 - line)) : NULL;
		if (path) {
			bool is = !controller && path == names + 1;

			for (at = names + 1; !is && controller && at < path;) {
				size_t word = strcspn(at, ",:");

				is = word == name_size && !memcmp(at, controller, word);
				at += word + 1;
			}
			if (is) {
				snprintf(out, size, "%.*s", (int)(line + length - path - 1),
					path + 1);
				return true;
			}
		}
		line += length + (line[length] == '\n');
	}
	return false;
}

/* The two numbers of a file: "50000 100000", "max 100000", "64". */
static bool read_numbers(const char *folder, const char *file, uint64_t *first, uint64_t *second)
{
	struct buf text = {0};
	char *end;
	bool is = fact_file_at(&text, "%s/%s", folder, file);

	if (is) {
		*first = strtoull(text.data, &end, 10);
		if (end == text.data) {
			*first = NO_LIMIT; /* "max" */
			end = text.data + strcspn(text.data, " ");
		}
		*second = strtoull(end, NULL, 10);
		is = text.data[0] != '-';
	}
	buf_release(&text);
	return is;
}

struct limit {
	const char *name, *controller, *v2, *v1, *v1_period;
};

/* The smallest of a cgroup and those above; SIZE: of a share of a period, in millionths. */
static uint64_t smallest(const char *mount, char *path, const struct limit *limit, bool is_v2)
{
	uint64_t least = NO_LIMIT;

	for (;;) {
		char folder[2 * PATH_MAX];
		uint64_t value = NO_LIMIT, period = 0, unused;
		char *slash;

		snprintf(folder, sizeof(folder), "%s%s", mount, path);
		if (read_numbers(folder, is_v2 ? limit->v2 : limit->v1, &value, &period)) {
			if (!is_v2 && limit->v1_period)
				read_numbers(folder, limit->v1_period, &period, &unused);
			if (limit->v1_period && period && value < NO_LIMIT / 1000000)
				value = value * 1000000 / period;
			if (value < least)
				least = value;
		}
		slash = strrchr(path, '/');
		if (!slash)
			return least;
		*slash = '\0';
	}
}

static void add_limit(struct inspect *inspect, const struct limit *limit, uint64_t value)
{
	if (value >= NO_LIMIT / 2)
		inspect_print(inspect, INSPECT_LIMITS, limit->name, "none");
	else if (limit->v1_period)
		inspect_print(inspect, INSPECT_LIMITS, limit->name, "%g", (double)value / 1e6);
	else if (!strcmp(limit->controller, "memory"))
		inspect_print(inspect, INSPECT_LIMITS, limit->name, "%" PRIu64 " (%.4g MiB)", value,
			(double)value / (1 << 20));
	else
		inspect_print(inspect, INSPECT_LIMITS, limit->name, "%" PRIu64, value);
}

void inspect_limits(struct inspect *inspect, const struct containers_roots *roots, uint32_t pid)
{
	static const struct limit limits[] = {
		{"memory in force", "memory", "memory.max", "memory.limit_in_bytes", NULL},
		{"cpus in force", "cpu", "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"},
		{"pids in force", "pids", "pids.max", "pids.max", NULL}};
	struct buf table = {0};

	if (!fact_file_at(&table, "%s/%u/cgroup", roots->proc, pid)) {
		buf_release(&table);
		return;
	}
	for (size_t i = 0; i < COUNT(limits); i++) {
		char mount[PATH_MAX], path[PATH_MAX];
		uint64_t value = NO_LIMIT;

		/* A controller is in one of the two. */
		if (find_path(table.data, limits[i].controller, path, sizeof(path)) &&
			find_mount(roots, limits[i].controller, mount, sizeof(mount)))
			value = smallest(mount, path, &limits[i], false);
		if (value == NO_LIMIT && find_path(table.data, NULL, path, sizeof(path)) &&
			find_mount(roots, NULL, mount, sizeof(mount)))
			value = smallest(mount, path, &limits[i], true);
		add_limit(inspect, &limits[i], value);
	}
	buf_release(&table);
}

/* "4:memory:/docker/ID" */
static void add_cgroups(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0};
	char *rest, *line;

	if (fact_file_at(&text, "%s/%u/cgroup", proc, pid))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *names = strchr(line, ':');
			char *path = names ? strchr(names + 1, ':') : NULL;

			if (!path)
				continue;
			*path++ = '\0';
			inspect_add(inspect, INSPECT_CGROUP,
				str_from(names[1] ? names + 1 : "version 2"), str_from(path));
		}
	buf_release(&text);
}

/* --- namespaces --- */

static ssize_t read_namespace(
	const char *proc, const char *pid, const char *kind, char *out, size_t size)
{
	char path[PATH_MAX];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s/ns/%s", proc, pid, kind);
	got = readlink(path, out, size - 1);
	out[got > 0 ? got : 0] = '\0';
	return got;
}

static bool has_own(const char *proc, uint32_t pid, const char *kind)
{
	char name[16], text[64], host[64];

	snprintf(name, sizeof(name), "%u", pid);
	/* Who has rights that we lack is not looked into: our own stands for the machine's then. */
	if (read_namespace(proc, "1", kind, host, sizeof(host)) <= 0)
		read_namespace(proc, "self", kind, host, sizeof(host));
	return read_namespace(proc, name, kind, text, sizeof(text)) > 0 && strcmp(text, host) != 0;
}

static void add_namespaces(struct inspect *inspect, const char *proc, uint32_t pid)
{
	static const char *const kinds[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		char name[16], text[64];

		snprintf(name, sizeof(name), "%u", pid);
		if (read_namespace(proc, name, kinds[i], text, sizeof(text)) > 0)
			inspect_print(inspect, INSPECT_NAMESPACES, kinds[i], "%s%s", text,
				has_own(proc, pid, kinds[i]) ? "" : ", the machine's");
	}
}

/* --- network --- */

/* Names of devices are before a colon. */
static void add_devices(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0}, names = {0};
	char *rest, *line;

	if (fact_file_at(&text, "%s/%u/net/dev", proc, pid))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *colon = strchr(line, ':');

			line += strspn(line, " ");
			if (!colon || colon < line)
				continue;
			buf_printf(&names, "%s%.*s", names.size ? ", " : "", (int)(colon - line),
				line);
		}
	inspect_text(inspect, INSPECT_NETWORK, "devices", buf_str(&names));
	buf_release(&names);
	buf_release(&text);
}

/* An address of our own stands above a line "/32 host LOCAL". */
static void add_addresses_4(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0}, out = {0};
	char *rest, *line, last[64] = "";

	if (fact_file_at(&text, "%s/%u/net/fib_trie", proc, pid))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *leaf = strstr(line, "|-- ");
			size_t size = strlen(last);

			if (leaf) {
				snprintf(last, sizeof(last), "%s", leaf + 4);
			} else if (size && strstr(line, "/32 host LOCAL")) {
				/* Each stands in two tables. */
				if (strncmp(last, "127.", 4) &&
					!(out.data && strstr(out.data, last)))
					buf_printf(&out, "%s%s", out.size ? ", " : "", last);
				*last = '\0';
			}
		}
	inspect_text(inspect, INSPECT_NETWORK, "IPv4", buf_str(&out));
	buf_release(&out);
	buf_release(&text);
}

/* "fe800000000000000000000000000001 02 40 20 80 eth0" */
static void add_addresses_6(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0}, out = {0};
	char *rest, *line;

	if (fact_file_at(&text, "%s/%u/net/if_inet6", proc, pid))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char digits[33], device[32];
			unsigned prefix;

			if (sscanf(line, "%32s %*x %x %*x %*x %31s", digits, &prefix, device) !=
					3 ||
				strlen(digits) != 32 || !strcmp(device, "lo"))
				continue;
			buf_add_text(&out, out.size ? ", " : "");
			for (size_t i = 0; i < 32; i += 4)
				buf_printf(&out, "%s%.4s", i ? ":" : "", digits + i);
			buf_printf(&out, "/%u %s", prefix, device);
		}
	inspect_text(inspect, INSPECT_NETWORK, "IPv6", buf_str(&out));
	buf_release(&out);
	buf_release(&text);
}

static void add_network(struct inspect *inspect, const char *proc, uint32_t pid)
{
	if (!has_own(proc, pid, "net")) {
		inspect_print(inspect, INSPECT_NETWORK, "devices", "the machine's");
		return;
	}
	add_devices(inspect, proc, pid);
	add_addresses_4(inspect, proc, pid);
	add_addresses_6(inspect, proc, pid);
}

/* --- mounts, arguments, environment --- */

/* proc_pid_mountinfo(5): "ID PARENT DEV ROOT WHERE OPTIONS … - TYPE SOURCE OPTIONS" */
static void add_mounts(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0}, value = {0};
	char *rest, *line;

	if (fact_file_at(&text, "%s/%u/mountinfo", proc, pid))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *words[6] = {0}, *behind = strstr(line, " - "), *type, *source;

			if (!behind)
				continue;
			*behind = '\0';
			behind += 3;
			for (size_t i = 0; i < COUNT(words); i++)
				words[i] = strsep(&line, " ");
			type = strsep(&behind, " ");
			source = strsep(&behind, " ");
			if (!words[5] || !source)
				continue;
			buf_clear(&value);
			buf_printf(&value, "%s%s%s, %s, %s", source,
				strcmp(words[3], "/") ? " " : "",
				strcmp(words[3], "/") ? words[3] : "", type, words[5]);
			inspect_add(inspect, INSPECT_MOUNTS, str_from(words[4]), buf_str(&value));
		}
	buf_release(&value);
	buf_release(&text);
}

/* A process may write something else over its environment: what is no name is left out. */
static bool is_name(const char *text)
{
	size_t size = strspn(
		text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return size && text[size] == '=';
}

static void add_environment(struct inspect *inspect, const char *proc, uint32_t pid)
{
	struct buf text = {0};

	if (fact_file_at(&text, "%s/%u/environ", proc, pid))
		for (size_t at = 0; at < text.size;) {
			size_t size = strnlen(text.data + at, text.size - at);

			if (is_name(text.data + at))
				inspect_variable(inspect, (struct str){text.data + at, size});
			at += size + 1;
		}
	buf_release(&text);
}

void inspect_process(struct inspect *inspect, const struct containers_roots *roots, uint32_t pid)
{
	const char *proc = roots->proc;
	struct buf text = {0};
	char path[PATH_MAX], root[PATH_MAX];
	ssize_t size;

	if (fact_file_at(&text, "%s/%u/cmdline", proc, pid))
		inspect_arguments(inspect, INSPECT_PROCESS, "command", buf_str(&text));
	buf_release(&text);
	snprintf(path, sizeof(path), "%s/%u/exe", proc, pid);
	size = readlink(path, root, sizeof(root));
	if (size > 0)
		inspect_add(
			inspect, INSPECT_PROCESS, STR("program"), (struct str){root, (size_t)size});
	/* What the runtime was told, where it is known, is what one asks for. */
	if (!inspect_has(inspect, INSPECT_MOUNTS) && !inspect_has(inspect, INSPECT_FILES))
		add_mounts(inspect, proc, pid);
	if (!inspect_has(inspect, INSPECT_ENVIRONMENT))
		add_environment(inspect, proc, pid);
	add_network(inspect, proc, pid);
	add_cgroups(inspect, proc, pid);
	add_namespaces(inspect, proc, pid);
}
