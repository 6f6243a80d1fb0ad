/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_facts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resolve/container_paths.h"
#include "resolve/container_podman.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WORDS 128
#define FOLDERS 16
#define SCAN_NS (3 * NS_PER_S)	      /* daemons seldom come */
#define SCAN_SOON_NS (50 * NS_PER_MS) /* a conmon is younger than its container's cgroup */
#define SCAN_SHARE 500		      /* see may_scan() */
#define SCAN_SOON_SHARE 10
#define SOCKET_SULK_NS (30 * NS_PER_S)
#define PROCESSES_MAX 65536
#define MOUNTS_NS (30 * NS_PER_S)
#define BELOW_DEPTH 4 /* cgroups below a container's that its first process is looked for in */

struct known_mount {
	char controller[64]; /* of a hierarchy of version 1; "": version 2 */
	char path[512];	     /* "": it is not mounted */
	uint64_t until;	     /* it is looked for again; 0: the entry is free */
};

struct fact_sources {
	struct containers_roots roots;
	char host[FS_ROOT_MAX]; /* before paths of the machine's own: fs_host_root() */
	uint64_t scanned, scan_took;
	char *docker[FOLDERS]; /* data roots of daemons that run */
	size_t docker_count;
	char *sockets[FOLDERS];
	size_t socket_count;
	struct podman_services services;
	struct podman_lists lists;
	struct known_mount mounts[16];
	uint64_t silent_until[FOLDERS + 2]; /* sockets that did not answer are left alone */
};

struct look {
	struct fact_sources *sources;
	const struct container_wish *wish;
	struct container_facts *facts;
	struct buf text, cmdline;
	const char *words[WORDS];
	size_t word_count;
	struct fact_process init, parent;
};

/* --- texts --- */

void fact_text_set(struct fact_text *text, const char *data, size_t size, size_t limit)
{
	text->size = size < limit ? size : limit;
	memcpy(text->data, data, text->size);
}

static void set_text(struct fact_text *text, const char *from)
{
	fact_text_set(text, from, strlen(from), CONTAINER_NAME_MAX);
}

void fact_label(struct container_facts *facts, struct str name, struct str value)
{
	size_t between = facts->labels_size ? 1 : 0;
	size_t size = between + name.size + 1 + value.size;
	char *at = facts->labels + facts->labels_size;

	/* One that does not fit is left out whole, and so is one that would look like two. */
	if (size > FACT_LABELS_MAX - facts->labels_size || memchr(name.data, '\0', name.size) ||
		(value.size && memchr(value.data, '\0', value.size)))
		return;
	if (between)
		*at++ = '\0';
	memcpy(at, name.data, name.size);
	at[name.size] = '=';
	memcpy(at + name.size + 1, value.data, value.size);
	facts->labels_size += size;
}

/* --- processes of a cgroup --- */

/* A controller of that hierarchy of version 1. */
static bool controller_of(struct look *look, uint32_t hierarchy, char *name, size_t size)
{
	char *rest, *line;

	if (!fact_file_at(&look->text, "%s/cgroups", look->sources->roots.proc))
		return false;
	for (rest = look->text.data; (line = strsep(&rest, "\n"));) {
		char *tab = strchr(line, '\t');

		if (!tab || strtoul(tab + 1, NULL, 10) != hierarchy)
			continue;
		*tab = '\0';
		snprintf(name, size, "%s", line);
		return true;
	}
	return false;
}

/* Mounts stay where they are, and the table of them is long where there are many containers. */
static bool mount_with(struct look *look, const char *controller, char *out, size_t size)
{
	struct fact_sources *sources = look->sources;
	const char *name = controller ? controller : "";
	uint64_t now = clock_now();
	struct known_mount *mount = sources->mounts, *end = mount + COUNT(sources->mounts);

	if (sources->roots.cgroup)
		return snprintf(out, size, "%s", sources->roots.cgroup) > 0;
	while (mount < end && mount->until && strcmp(mount->controller, name))
		mount++;
	if (mount == end) /* there are not so many of them */
		return fact_cgroup_mount(
			sources->roots.proc, sources->host[0], controller, out, size);
	if (mount->until < now) {
		snprintf(mount->controller, sizeof(mount->controller), "%s", name);
		if (!fact_cgroup_mount(sources->roots.proc, sources->host[0], controller,
			    mount->path, sizeof(mount->path)))
			mount->path[0] = '\0';
		mount->until = now + MOUNTS_NS;
	}
	return mount->path[0] && snprintf(out, size, "%s", mount->path) > 0;
}

/* Where the hierarchy is mounted. */
static bool mount_of(struct look *look, uint32_t hierarchy, char *out, size_t size)
{
	char controller[64];

	if (!hierarchy || look->sources->roots.cgroup)
		return mount_with(look, NULL, out, size);
	return controller_of(look, hierarchy, controller, sizeof(controller)) &&
	       mount_with(look, controller, out, size);
}

/* Reads the processes of a folder of cgroupfs; how many there are by now. */
static size_t list_pids(struct look *look, const char *folder, uint32_t *pids, size_t count)
{
	char *rest, *line;

	if (!fact_file_at(&look->text, "%s/cgroup.procs", folder))
		return count;
	for (rest = look->text.data; count < FACT_PIDS && (line = strsep(&rest, "\n")) && *line;)
		pids[count++] = (uint32_t)strtoul(line, NULL, 10);
	return count;
}

/* Those of what is below: systemd, and crun with the systemd driver, leave the upper one empty. */
static size_t list_below(
	struct look *look, const char *folder, uint32_t *pids, size_t count, unsigned depth)
{
	DIR *entries = opendir(folder);
	char path[PATH_MAX];
	struct dirent *entry;

	while (entries && count < FACT_PIDS && (entry = readdir(entries))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
			!strcmp(entry->d_name, "..") ||
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
				(int)sizeof(path))
			continue;
		count = list_pids(look, path, pids, count);
		if (depth)
			count = list_below(look, path, pids, count, depth - 1);
	}
	if (entries)
		closedir(entries);
	return count;
}

/* The outermost that is 1 in a pid namespace: within a container there may be others; else any. */
static void choose_init(struct look *look, const uint32_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fact_process process;

		if (!fact_process_read(look->sources->roots.proc, pids[i], &process))
			continue;
		if (!look->init.pid || (process.is_init && !look->init.is_init) ||
			(process.is_init && process.level < look->init.level))
			look->init = process;
		if (process.is_init && process.level == 1)
			break;
	}
}

/* The first process of it, or of what is below. */
static void find_init(struct look *look)
{
	const struct container_wish *wish = look->wish;
	char mount[PATH_MAX], folder[PATH_MAX];
	uint32_t pids[FACT_PIDS];
	size_t count;

	if (!wish->path || !mount_of(look, wish->hierarchy, mount, sizeof(mount)) ||
		snprintf(folder, sizeof(folder), "%s%s", mount, wish->path) >=
			(int)sizeof(folder)) {
		choose_init(look, wish->pids, wish->pid_count);
		return;
	}
	count = list_pids(look, folder, pids, 0);
	choose_init(look, pids, count);
	if (!look->init.is_init && !wish->is_free)
		choose_init(look, pids, list_below(look, folder, pids, 0, BELOW_DEPTH));
}

/* Of a paused one, the kernel knows: by version 2, in hybrid setups too, or by version 1. */
static bool is_frozen(struct look *look)
{
	const char *path = look->wish->path;
	char mount[PATH_MAX];

	if (!path)
		return false;
	if (mount_with(look, NULL, mount, sizeof(mount)) &&
		fact_file_at(&look->text, "%s%s/cgroup.events", mount, path) &&
		strstr(look->text.data, "frozen 1"))
		return true;
	return mount_with(look, "freezer", mount, sizeof(mount)) &&
	       fact_file_at(&look->text, "%s%s/freezer.state", mount, path) &&
	       !strncmp(look->text.data, "FROZEN", 6);
}

static void find_parent(struct look *look)
{
	const char *proc = look->sources->roots.proc;

	look->word_count = 0;
	if (!look->init.parent || !fact_process_read(proc, look->init.parent, &look->parent))
		return;
	look->word_count = fact_cmdline(
		proc, look->init.parent, &look->cmdline, look->words, WORDS);
}

/* --- daemons --- */

static void add_folder(char **folders, size_t *count, const char *path)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(folders[i], path))
			return;
	if (*count < FOLDERS && strlen(path) < PATH_MAX / 2)
		folders[(*count)++] = mem_strdup(path);
}

/* A path as that process names it: a daemon may live in a container, or we may. */
static void add_folder_of(
	struct look *look, uint32_t pid, char **folders, size_t *count, const char *path)
{
	struct fact_sources *sources = look->sources;
	struct fact_process process;
	char root[FS_ROOT_MAX] = "", whole[PATH_MAX];
	uint64_t pidns, mntns;

	if (!strcmp(sources->roots.proc, "/proc"))
		fs_root_of(pid, root);
	fact_host_namespaces(sources->roots.proc, &pidns, &mntns);
	if (root[0] && fact_process_read(sources->roots.proc, pid, &process) &&
		process.mntns == mntns) /* there when the daemon is no more */
		memcpy(root, sources->host, sizeof(root));
	if (snprintf(whole, sizeof(whole), "%s%s", root, path) < (int)sizeof(whole))
		add_folder(folders, count, whole);
}

static void take_dockerd(struct look *look, uint32_t pid, const char *const *words, size_t count)
{
	struct fact_sources *sources = look->sources;
	const char *data = fact_option(words, count, "--data-root");
	const char *host = fact_option(words, count, "-H");

	if (!data)
		data = fact_option(words, count, "-g");
	if (!host)
		host = fact_option(words, count, "--host");
	/* Where it is not told, it is the usual one: of its own files, which may not be ours. */
	add_folder_of(look, pid, sources->docker, &sources->docker_count,
		data ? data : "/var/lib/docker");
	if (host && !strncmp(host, "unix://", 7))
		add_folder_of(look, pid, sources->sockets, &sources->socket_count, host + 7);
}

static bool is_conmon_of(const struct look *look, const char *const *words, size_t count)
{
	const char *id = fact_option(words, count, "-c");

	return id && look->wish->id && !strcmp(id, look->wish->id);
}

/* Looks through all processes for daemons, and for the conmon of this container. */
static void scan(struct look *look)
{
	struct fact_sources *sources = look->sources;
	DIR *folder = opendir(sources->roots.proc);
	struct dirent *entry;
	unsigned left = PROCESSES_MAX;

	sources->scanned = clock_now();
	while (folder && left-- && (entry = readdir(folder))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);
		const char *words[WORDS];
		size_t count;
		bool is_docker, is_podman;

		if (!pid || !fact_file_at(&look->text, "%s/%u/comm", sources->roots.proc, pid))
			continue;
		is_docker = !strncmp(look->text.data, "dockerd", 7);
		is_podman = !strcmp(look->text.data, "podman\n");
		if (!is_docker && !is_podman && strncmp(look->text.data, "conmon", 6))
			continue;
		count = fact_cmdline(sources->roots.proc, pid, &look->text, words, WORDS);
		if (is_docker)
			take_dockerd(look, pid, words, count);
		else if (is_podman)
			podman_services_take(&sources->services, words, count);
		else if (!look->word_count && is_conmon_of(look, words, count)) {
			fact_process_read(sources->roots.proc, pid, &look->parent);
			look->word_count = fact_cmdline(
				sources->roots.proc, pid, &look->cmdline, look->words, WORDS);
		}
	}
	if (folder)
		closedir(folder);
	sources->scan_took = clock_now() - sources->scanned;
}

/* Of many processes seldom: it takes at most one part of @share of a CPU. */
static bool may_scan(const struct fact_sources *sources, uint64_t pause, unsigned share)
{
	uint64_t least = sources->scan_took * share;

	return !sources->scanned ||
	       clock_now() - sources->scanned > (least > pause ? least : pause);
}

/* --- one runtime after the other --- */

static bool set_runtime(struct look *look, const char *runtime)
{
	set_text(&look->facts->runtime, runtime);
	return true;
}

static bool docker_in(struct look *look, const char *root)
{
	const char *id = look->wish->id;

	if (!fact_file_at(&look->text, "%s/containers/%s/config.v2.json", root, id) ||
		!fact_docker(look->facts, buf_str(&look->text)))
		return false;
	if (fact_file_at(&look->text, "%s/containers/%s/hostconfig.json", root, id))
		fact_docker_host(look->facts, buf_str(&look->text));
	return set_runtime(look, "docker");
}

/* Where no daemon runs that would say where its files are: the container has some of them. */
static bool docker_of_shim(struct look *look)
{
	struct fact_sources *sources = look->sources;
	char root[PATH_MAX];

	if (strncmp(look->parent.comm, "containerd-shim", 15) ||
		!fact_file_at(&look->text, "%s/%u/cwd/config.json", sources->roots.proc,
			look->parent.pid))
		return false;
	if (!fact_bundle_docker(buf_str(&look->text), look->wish->id, root, sizeof(root)))
		return false;
	add_folder_of(look, look->parent.pid, sources->docker, &sources->docker_count, root);
	return sources->docker_count && docker_in(look, sources->docker[sources->docker_count - 1]);
}

static bool try_docker(struct look *look)
{
	char root[PATH_MAX];

	for (size_t i = 0; i < look->sources->docker_count; i++)
		if (docker_in(look, look->sources->docker[i]))
			return true;
	snprintf(root, sizeof(root), "%s/docker", look->sources->roots.var_lib);
	return docker_in(look, root) || docker_of_shim(look);
}

static bool podman_in(struct look *look, const char *list)
{
	return podman_lists_find(&look->sources->lists, list, look->wish->id, look->facts) &&
	       set_runtime(look, "podman");
}

/*
 * conmon's "-b GRAPHROOT/overlay-containers/ID/userdata" says where the list is, "-n" the name, and
 * that one is older than a rename.
 */
static bool try_conmon(struct look *look)
{
	const char *name = fact_option(look->words, look->word_count, "-n");
	const char *bundle = fact_option(look->words, look->word_count, "-b");
	const char *id = fact_option(look->words, look->word_count, "-c");
	char list[PATH_MAX], *at;

	if (strcmp(look->parent.comm, "conmon") || !id)
		return false;
	set_text(&look->facts->id, id);
	look->facts->found = true;
	set_runtime(look, "podman");
	if (bundle && strlen(bundle) < sizeof(list) - 32 - FS_ROOT_MAX) {
		char root[FS_ROOT_MAX] = "";

		if (!strcmp(look->sources->roots.proc, "/proc"))
			fs_root_of(look->parent.pid, root);
		snprintf(list, sizeof(list), "%s%s", root, bundle);
		at = strstr(list, "-containers/");
		if (at) {
			strcpy(at, "-containers/containers.json");
			podman_lists_find(&look->sources->lists, list, id, look->facts);
			*strrchr(list, '/') = '\0';
			podman_pod(&look->sources->lists, look->facts, list, id, look->wish->path);
		}
	}
	if (!look->facts->name.size && name)
		set_text(&look->facts->name, name);
	return look->facts->name.size > 0;
}

static bool try_podman(struct look *look)
{
	static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};
	char list[PATH_MAX];

	for (size_t i = 0; i < COUNT(drivers); i++) {
		snprintf(list, sizeof(list), "%s/containers/storage/%s-containers/containers.json",
			look->sources->roots.var_lib, drivers[i]);
		if (!podman_in(look, list))
			continue;
		*strrchr(list, '/') = '\0';
		podman_pod(
			&look->sources->lists, look->facts, list, look->wish->id, look->wish->path);
		return true;
	}
	return false;
}

static const char *const containerd_states[] = {
	"containerd", "k3s/containerd", "docker/containerd/daemon", "containerd/daemon"};

/* config.json of a bundle; the namespace "moby" is Docker's, which keeps names elsewhere. */
static bool take_bundle(struct look *look, const char *space)
{
	if (!fact_bundle(look->facts, buf_str(&look->text)))
		return false;
	if (strcmp(space, "moby"))
		set_runtime(look, look->facts->name.size && !look->facts->pod.size ? "nerdctl"
										   : "containerd");
	/* Who runs them by hand gives the id as a name. */
	if (!look->facts->name.size && look->wish->is_free)
		set_text(&look->facts->name, look->wish->id);
	return true;
}

static bool try_tasks(struct look *look, const char *state)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool is = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%s/io.containerd.runtime.v2.task",
		look->sources->roots.run, state);
	folder = opendir(path);
	while (folder && !is && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && fact_file_at(&look->text, "%s/%s/%s/config.json",
						       path, entry->d_name, look->wish->id))
			is = take_bundle(look, entry->d_name);
	if (folder)
		closedir(folder);
	return is;
}

/* A shim stands in the bundle of what it runs, wherever containerd keeps its state. */
static bool try_shim(struct look *look)
{
	const char *id = fact_option(look->words, look->word_count, "-id");
	const char *space = fact_option(look->words, look->word_count, "-namespace");

	if (strncmp(look->parent.comm, "containerd-shim", 15) || !id || !space)
		return false;
	/* A pod has one shim: the bundle of this container stands beside that of its sandbox. */
	return fact_file_at(&look->text, "%s/%u/cwd/../%s/config.json", look->sources->roots.proc,
		       look->parent.pid, look->wish->id) &&
	       take_bundle(look, space);
}

static bool try_containerd(struct look *look)
{
	if (try_shim(look))
		return true;
	for (size_t i = 0; i < COUNT(containerd_states); i++)
		if (try_tasks(look, containerd_states[i]))
			return true;
	return false;
}

static bool try_crio(struct look *look)
{
	return fact_file_at(&look->text,
		       "%s/containers/storage/overlay-containers/%s/userdata/config.json",
		       look->sources->roots.run, look->wish->id) &&
	       fact_bundle(look->facts, buf_str(&look->text));
}

static bool try_runc(struct look *look)
{
	if ((fact_file_at(&look->text, "%s/runc/%s/state.json", look->sources->roots.run,
		     look->wish->id) &&
		    fact_runc(look->facts, buf_str(&look->text))) ||
		fact_file_at(&look->text, "%s/crun/%s/status", look->sources->roots.run,
			look->wish->id)) {
		look->facts->found = true;
		if (!look->facts->name.size)
			set_text(&look->facts->name, look->wish->id);
		return set_runtime(look, "runc");
	}
	return false;
}

/* "systemd-nspawn -M NAME" beside a cgroup that says nothing. */
static bool try_nspawn(struct look *look)
{
	const char *name = fact_option(look->words, look->word_count, "-M");

	if (!name)
		name = fact_option(look->words, look->word_count, "--machine");
	if (strcmp(look->parent.comm, "systemd-nspawn") || !name)
		return false;
	look->facts->found = true;
	set_text(&look->facts->name, name);
	set_text(&look->facts->id, name);
	return set_runtime(look, "nspawn");
}

/* --- sockets --- */

/* A container that lived a tenth of a second may have no files any more: the daemon remembers. */
static bool ask_events(struct look *look, const char *path)
{
	struct timespec now;
	char request[512];

	clock_gettime(CLOCK_REALTIME, &now);
	if (snprintf(request, sizeof(request),
		    "/events?since=1&until=%lld.%09ld&filters=%%7B%%22container%%22%%3A%%5B%%22%s"
		    "%%22%%5D%%7D",
		    (long long)now.tv_sec, now.tv_nsec, look->wish->id) >= (int)sizeof(request))
		return false;
	buf_clear(&look->text);
	return !fact_socket_get(path, request, &look->text) &&
	       fact_docker_event(look->facts, buf_str(&look->text));
}

static bool ask_socket(struct look *look, size_t number, const char *path)
{
	uint64_t *silent = &look->sources->silent_until[number], now = clock_now();
	char request[256];
	int code;

	if (now < *silent || snprintf(request, sizeof(request), "/containers/%s/json",
				     look->wish->id) >= (int)sizeof(request))
		return false;
	buf_clear(&look->text);
	code = fact_socket_get(path, request, &look->text);
	if (code == -ETIMEDOUT || code == -EFBIG || code == -EAGAIN)
		*silent = now + SOCKET_SULK_NS;
	if (!code)
		return fact_docker(look->facts, buf_str(&look->text));
	return code == -EPROTO && ask_events(look, path);
}

static bool try_sockets(struct look *look)
{
	bool is_podman = !strcmp(look->wish->runtime, "podman");
	char path[PATH_MAX];

	if (look->wish->files_only)
		return false;
	for (const char *c = look->wish->id; *c; c++)
		if (!isxdigit((unsigned char)*c)) /* it goes into a request */
			return false;
	snprintf(path, sizeof(path), "%s/%s", look->sources->roots.run,
		is_podman ? "podman/podman.sock" : "docker.sock");
	if (ask_socket(look, is_podman, path))
		return set_runtime(look, is_podman ? "podman" : "docker");
	for (size_t i = 0; i < look->sources->socket_count && !is_podman; i++)
		if (ask_socket(look, 2 + i, look->sources->sockets[i]))
			return set_runtime(look, "docker");
	return false;
}

/* --- all of it --- */

static bool try_files(struct look *look)
{
	const char *runtime = look->wish->runtime;

	return (fact_list_has("docker,oci,k8s", runtime) && try_docker(look)) ||
	       (fact_list_has("podman,oci", runtime) && (try_conmon(look) || try_podman(look))) ||
	       (fact_list_has("containerd,nerdctl,k8s,oci,ecs", runtime) && try_containerd(look)) ||
	       (fact_list_has("cri-o", runtime) && try_crio(look)) ||
	       (fact_list_has("runc,oci", runtime) && try_runc(look));
}

/* An id that may be any text: taken where a state or who started it says so. */
static void look_at_free(struct look *look)
{
	const char *id = look->wish->id;
	const char *shim = fact_option(look->words, look->word_count, "-id");

	if (try_nspawn(look) || try_containerd(look) || try_runc(look))
		return;
	if (!strncmp(look->parent.comm, "containerd-shim", 15) && shim && !strcmp(shim, id)) {
		look->facts->found = true;
		set_text(&look->facts->name, id);
		set_runtime(look, "containerd");
	}
}

/* A name that is no plain component of a path leads to no file. */
static bool is_plain(const char *id)
{
	return *id && !strchr(id, '/') && strcmp(id, ".") && strcmp(id, "..");
}

/* Where cgroups are not mounted for us, their paths are in /proc all the same. */
static bool try_path_of_init(struct look *look)
{
	const struct container_wish *wish = look->wish;
	struct container_wish told = *wish;
	struct container_path path;
	char *rest, *line, *text;

	if (!fact_file_at(&look->text, "%s/%u/cgroup", look->sources->roots.proc, look->init.pid))
		return false;
	text = mem_strdup(look->text.data);
	path.role = ROLE_NONE;
	for (rest = text; path.role != ROLE_CONTAINER && (line = strsep(&rest, "\n"));) {
		char *at = strchr(line, ':');

		at = at ? strchr(at + 1, ':') : NULL;
		if (at)
			container_path_match(str_from(at + 1), &path);
	}
	if (path.role == ROLE_CONTAINER) {
		told.runtime = path.runtime;
		told.id = mem_printf("%.*s", (int)path.id.size, path.id.data);
		look->wish = &told;
		look->facts->found = true;
		fact_text_set(&look->facts->id, path.id.data, path.id.size, CONTAINER_NAME_MAX);
		set_runtime(look, path.runtime);
		if (is_plain(told.id) && !try_files(look))
			try_sockets(look);
		look->wish = wish;
		free(told.id);
	}
	free(text);
	return path.role == ROLE_CONTAINER;
}

/* No cgroup tells: a container is what has a pid and a mount namespace and a root of its own. */
static void look_at_namespace(struct look *look)
{
	char path[PATH_MAX], root[FS_ROOT_MAX + 1];
	struct stat host, own;
	uint64_t pidns, mntns;

	snprintf(root, sizeof(root), "%s/", look->sources->host);
	if (!look->init.is_init)
		return;
	if (try_conmon(look) || look->facts->found || try_path_of_init(look))
		return;
	snprintf(path, sizeof(path), "%s/%u/root/", look->sources->roots.proc, look->init.pid);
	fact_host_namespaces(look->sources->roots.proc, &pidns, &mntns);
	if (mntns == look->init.mntns || stat(root, &host) || stat(path, &own) ||
		(host.st_dev == own.st_dev && host.st_ino == own.st_ino))
		return;
	if (try_nspawn(look))
		return;
	look->facts->found = true;
	snprintf(path, sizeof(path), "ns:%llu", (unsigned long long)look->init.pidns);
	set_text(&look->facts->name, path); /* whole: an id is shown cut */
	set_text(&look->facts->id, path);
}

static void take_processes(struct look *look)
{
	struct container_facts *facts = look->facts;

	facts->pid1 = look->init.pid;
	facts->start = look->init.start;
	/* Of what only begins, the namespaces are still the machine's. */
	if (look->init.pid) {
		uint64_t pidns, mntns;

		fact_host_namespaces(look->sources->roots.proc, &pidns, &mntns);
		facts->pidns = pidns == look->init.pidns ? 0 : look->init.pidns;
		facts->mntns = mntns == look->init.mntns ? 0 : look->init.mntns;
		if (facts->state == CONTAINER_UNKNOWN || facts->state == CONTAINER_CREATED)
			facts->state = CONTAINER_RUNNING;
	}
	if (facts->state != CONTAINER_PAUSED && is_frozen(look))
		facts->state = CONTAINER_PAUSED;
}

void container_facts_read(struct fact_sources *sources, const struct container_wish *wish,
	struct container_facts *facts)
{
	struct look look = {.sources = sources, .wish = wish, .facts = facts};

	*facts = (struct container_facts){.state = CONTAINER_UNKNOWN};
	find_init(&look);
	find_parent(&look);
	if (may_scan(sources, SCAN_NS, SCAN_SHARE))
		scan(&look);
	if (!wish->path) {
		look_at_namespace(&look);
	} else if (!is_plain(wish->id)) {
		facts->found = !wish->is_free;
	} else if (wish->is_free) {
		look_at_free(&look);
	} else {
		facts->found = true;
		if (!strcmp(wish->runtime, "lxc") || !strcmp(wish->runtime, "nspawn"))
			set_text(&facts->name, wish->id);
		else if (!try_files(&look) && may_scan(sources, SCAN_SOON_NS, SCAN_SOON_SHARE)) {
			scan(&look);
			try_files(&look);
		}
		if (!facts->name.size && fact_list_has("docker,podman,oci,k8s", wish->runtime))
			try_sockets(&look);
	}
	if (!wish->files_only &&
		str_equal((struct str){facts->runtime.data, facts->runtime.size}, STR("podman")))
		podman_services_ask(&sources->services, sources->roots.run, wish->id, facts);
	if (facts->pod_namespace.size && !(facts->flags & CONTAINER_SANDBOX))
		fact_pod_logs(facts, sources->host);
	take_processes(&look);
	buf_release(&look.text);
	buf_release(&look.cmdline);
}

struct fact_sources *fact_sources_new(const struct containers_roots *roots)
{
	struct fact_sources *sources = mem_zalloc(sizeof(*sources));

	sources->roots = *roots;
	if (!strcmp(roots->proc, "/proc"))
		fs_host_root(sources->host);
	return sources;
}

void fact_sources_free(struct fact_sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; i < sources->docker_count; i++)
		free(sources->docker[i]);
	for (size_t i = 0; i < sources->socket_count; i++)
		free(sources->sockets[i]);
	podman_services_release(&sources->services);
	podman_lists_release(&sources->lists);
	free(sources);
}

void fact_sources_scan(struct fact_sources *sources)
{
	struct container_wish nobody = {.runtime = ""};
	struct container_facts *facts = mem_zalloc(sizeof(*facts));
	struct look look = {.sources = sources, .wish = &nobody, .facts = facts};

	scan(&look);
	buf_release(&look.text);
	buf_release(&look.cmdline);
	free(facts);
}

const struct containers_roots *fact_sources_roots(const struct fact_sources *sources)
{
	return &sources->roots;
}

const char *fact_sources_docker(const struct fact_sources *sources, size_t number)
{
	return number < sources->docker_count ? sources->docker[number] : NULL;
}

const char *fact_sources_socket(const struct fact_sources *sources, size_t number)
{
	return number < sources->socket_count ? sources->sockets[number] : NULL;
}
