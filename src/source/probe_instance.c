/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where probes of tracefs happen: an instance of our own, made and removed here, and what earlier
 * ones left behind that were killed before they could.
 *
 * The name says whose it is, tracetop.PIDNS.PID.START, so that it is known when the owner is gone:
 * a pid alone may be somebody else's by now.  Pids of another pid namespace are not ours to judge.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "source/mounts.h"
#include "source/probe_instance.h"

#define USUAL_PLACE "/sys/kernel/tracing"
#define START_FIELD 22 /* of /proc/PID/stat */

/* --- owners --- */

static uint64_t pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

/* When a process started, in ticks since the boot; 0: there is none. */
static uint64_t start_time(int pid)
{
	char path[64], *at;
	struct buf text = {0};
	uint64_t start = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!fs_read(path, &text, 4096, NULL) && text.data && (at = strrchr(text.data, ')'))) {
		for (int field = 2; at && field < START_FIELD; field++)
			at = strchr(at + 1, ' ');
		start = at ? strtoull(at, NULL, 10) : 0;
	}
	buf_release(&text);
	return start;
}

static bool is_gone(int pid, uint64_t start)
{
	uint64_t now = start_time(pid);

	/* /proc may hide who is there. */
	return now ? now != start : kill(pid, 0) && errno == ESRCH;
}

/* Whether something of this name was made by a tracetop of this pid namespace that is gone. */
static bool is_orphan(const char *name, char separator)
{
	uint64_t namespace, start;
	char a, b, c, extra;
	int pid;

	return sscanf(name, "tracetop%c%" SCNu64 "%c%d%c%" SCNu64 "%c", &a, &namespace, &b, &pid,
		       &c, &start, &extra) == 6 &&
	       a == separator && b == separator && c == separator && pid > 0 && namespace &&
	       namespace == pid_namespace() && is_gone(pid, start);
}

static bool set_names(struct probe_host *host)
{
	uint64_t namespace = pid_namespace(), start = start_time(getpid());

	snprintf(host->instance, sizeof(host->instance), "tracetop.%" PRIu64 ".%d.%" PRIu64,
		namespace, getpid(), start);
	snprintf(host->group, sizeof(host->group), "tracetop_%" PRIu64 "_%d_%" PRIu64, namespace,
		getpid(), start);
	return namespace && start;
}

/* --- leftovers --- */

static int remove_instance(int tracefs, const char *name)
{
	char path[320];
	int code = -EBUSY;

	snprintf(path, sizeof(path), "instances/%s", name);
	/* The kernel lets go of a reader's page a moment after the file was closed. */
	for (int i = 0; i < 50 && code == -EBUSY; i++) {
		code = unlinkat(tracefs, path, AT_REMOVEDIR) ? -errno : 0;
		if (code == -EBUSY)
			usleep(1000);
	}
	return code;
}

static void sweep_instances(int tracefs)
{
	int fd = openat(tracefs, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (is_orphan(entry->d_name, '.'))
			remove_instance(tracefs, entry->d_name);
	if (folder)
		closedir(folder);
	else if (fd >= 0)
		close(fd);
}

/* "p:GROUP/NAME WHERE…" of kprobe_events and uprobe_events. */
static void sweep_probe(int tracefs, const char *file, const char *line)
{
	char group[64], name[80], text[192];

	if (sscanf(line, "%*[^:]:%63[^/ ]/%79[^ ]", group, name) != 2 || !is_orphan(group, '_'))
		return;
	snprintf(text, sizeof(text), "-:%s/%s\n", group, name);
	probe_write(tracefs, file, text);
}

/* "NAME\ttype field…" of synthetic_events. */
static void sweep_synthetic(int tracefs, const char *file, const char *line)
{
	char name[64], text[80];

	if (sscanf(line, "%63[^ \t]", name) != 1 || !is_orphan(name, '_'))
		return;
	snprintf(text, sizeof(text), "!%s\n", name);
	probe_write(tracefs, file, text);
}

static void sweep_lines(
	int tracefs, const char *file, void (*sweep)(int tracefs, const char *, const char *))
{
	struct buf text = {0};
	char *line, *rest;

	if (!probe_read(tracefs, file, &text))
		for (rest = text.data; (line = strsep(&rest, "\n"));)
			if (strstr(line, "tracetop_"))
				sweep(tracefs, file, line);
	buf_release(&text);
}

void probe_trace_begin(struct probe_host *host)
{
	host->tracefs_path = mount_find("tracefs", USUAL_PLACE, TRACEFS_MAGIC);
	/* Where it is not mounted, a mount that nobody sees does for trying. */
	host->tracefs = host->tracefs_path
				? open(host->tracefs_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				: mount_detached("tracefs");
	if (host->tracefs < 0) {
		host->tracefs = host->tracefs_path ? -errno : host->tracefs;
		return;
	}
	if (!set_names(host) || host->readonly)
		return; /* without /proc nobody can tell whose it is */
	sweep_instances(host->tracefs);
	sweep_lines(host->tracefs, "kprobe_events", sweep_probe);
	sweep_lines(host->tracefs, "uprobe_events", sweep_probe);
	sweep_lines(host->tracefs, "synthetic_events", sweep_synthetic);
}

void probe_trace_end(struct probe_host *host)
{
	if (host->instance_fd >= 0) {
		close(host->instance_fd);
		remove_instance(host->tracefs, host->instance);
	}
	if (host->tracefs >= 0)
		close(host->tracefs);
	free(host->tracefs_path);
}

/* --- the instance --- */

static int make_instance(struct probe_host *host)
{
	char path[96];
	int fd;

	if (host->tracefs < 0)
		return host->tracefs;
	if (!set_names(host))
		return -ESRCH;
	snprintf(path, sizeof(path), "instances/%s", host->instance);
	if (mkdirat(host->tracefs, path, 0750))
		return -errno;
	fd = openat(host->tracefs, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		remove_instance(host->tracefs, host->instance);
		return code;
	}
	/* A small ring, since it is one for each CPU; and nothing runs in it until it is wanted. */
	probe_write(fd, "tracing_on", "0");
	probe_write(fd, "buffer_size_kb", "8");
	return fd;
}

int probe_instance(struct probe_host *host)
{
	if (host->instance_fd == -ENOENT)
		host->instance_fd = make_instance(host);
	return host->instance_fd;
}
