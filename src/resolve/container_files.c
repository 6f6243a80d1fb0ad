/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the runtime of a container keeps what it knows of it, and where its log is. */
#include <dirent.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "resolve/container_inspect.h"
#include "resolve/json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WORDS 256
#define PATH_SIZE sizeof(((struct container_files *)0)->log)

struct search {
	struct fact_sources *sources;
	const struct containers_roots *roots;
	const struct container_wish *wish;
	struct container_files *files;
	const char *words[WORDS]; /* of the helper */
	size_t word_count;
};

/* --- paths --- */

/* Puts the path together; whether something stands there. */
__attribute__((format(printf, 2, 3))) static bool find(char *out, const char *format, ...)
{
	struct stat status;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(out, PATH_SIZE, format, arguments);
	va_end(arguments);
	if (size > 0 && (size_t)size < PATH_SIZE && !stat(out, &status))
		return true;
	*out = '\0';
	return false;
}

static bool set_path(char *out, const char *path)
{
	if (!path || strlen(path) >= PATH_SIZE)
		return false;
	strcpy(out, path);
	return true;
}

static bool set_runtime(struct search *search, const char *runtime)
{
	snprintf(search->files->runtime, sizeof(search->files->runtime), "%s", runtime);
	return true;
}

/* --- one runtime after the other --- */

static bool find_docker(struct search *search)
{
	char *out = search->files->docker;
	const char *root, *id = search->wish->id;
	char file[PATH_SIZE];

	for (size_t i = 0; (root = fact_sources_docker(search->sources, i)); i++)
		if (find(file, "%s/containers/%s/config.v2.json", root, id))
			return find(out, "%s/containers/%s", root, id) &&
			       set_runtime(search, "docker");
	return find(file, "%s/docker/containers/%s/config.v2.json", search->roots->var_lib, id) &&
	       find(out, "%s/docker/containers/%s", search->roots->var_lib, id) &&
	       set_runtime(search, "docker");
}

static const char *option(const struct search *search, const char *name)
{
	return fact_option(search->words, search->word_count, name);
}

/* conmon's "-l k8s-file:PATH", "-l journald" or "-l none". */
static void take_conmon_log(struct search *search)
{
	struct container_files *files = search->files;
	const char *log = option(search, "-l"), *path = log ? strchr(log, ':') : NULL;

	if (!log)
		log = option(search, "--log-path");
	if (!log)
		return;
	if (!path && *log == '/')
		path = log;
	else if (path)
		path++;
	snprintf(files->log_driver, sizeof(files->log_driver), "%.*s",
		*log == '/' ? 8 : (int)strcspn(log, ":"), *log == '/' ? "k8s-file" : log);
	if (path && *path == '/' && set_path(files->log, path))
		files->log_format = LOG_CRI;
}

static bool find_conmon(struct search *search)
{
	const char *bundle = option(search, "-b");

	if (strncmp(search->files->parent.comm, "conmon", 6))
		return false;
	if (!bundle)
		bundle = option(search, "--bundle");
	if (bundle)
		find(search->files->bundle, "%s/config.json", bundle);
	take_conmon_log(search);
	return set_runtime(search, !strcmp(search->wish->runtime, "cri-o") ? "cri-o" : "podman");
}

static bool find_podman(struct search *search)
{
	static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};
	struct container_files *files = search->files;

	if (find_conmon(search))
		return true;
	for (size_t i = 0; i < COUNT(drivers); i++) {
		char userdata[PATH_SIZE];

		if (!find(userdata, "%s/containers/storage/%s-containers/%s/userdata",
			    search->roots->var_lib, drivers[i], search->wish->id))
			continue;
		find(files->bundle, "%.4000s/config.json", userdata);
		if (find(files->log, "%.4000s/ctr.log", userdata)) {
			files->log_format = LOG_CRI;
			snprintf(files->log_driver, sizeof(files->log_driver), "k8s-file");
		}
		return set_runtime(search, "podman");
	}
	return false;
}

static const char *const containerd_states[] = {
	"containerd", "k3s/containerd", "docker/containerd/daemon", "containerd/daemon"};

static bool find_task(struct search *search, const char *state)
{
	char path[PATH_SIZE], *out = search->files->bundle;
	struct dirent *entry;
	DIR *folder;
	bool is = false;

	if (!find(path, "%s/%s/io.containerd.runtime.v2.task", search->roots->run, state))
		return false;
	folder = opendir(path);
	while (folder && !is && (entry = readdir(folder)))
		is = entry->d_name[0] != '.' &&
		     find(out, "%.3500s/%s/%s/config.json", path, entry->d_name, search->wish->id);
	if (folder)
		closedir(folder);
	return is;
}

static bool find_containerd(struct search *search)
{
	struct container_files *files = search->files;
	bool is = false;

	if (!strncmp(files->parent.comm, "containerd-shim", 15))
		is = find(files->bundle, "%s/%u/cwd/../%s/config.json", search->roots->proc,
			files->parent.pid, search->wish->id);
	for (size_t i = 0; !is && i < COUNT(containerd_states); i++)
		is = find_task(search, containerd_states[i]);
	return is && set_runtime(search, "containerd");
}

static bool find_crio(struct search *search)
{
	find_conmon(search);
	if (!*search->files->bundle &&
		!find(search->files->bundle,
			"%s/containers/storage/overlay-containers/%s/userdata/config.json",
			search->roots->run, search->wish->id))
		return false;
	return set_runtime(search, "cri-o");
}

/* The bundle is where the state says: "bundle" of crun, a label "bundle=…" of runc. */
static void take_bundle(struct search *search, struct json_object *state)
{
	struct json_object *labels = json_pick_member(state, "config.labels");
	struct str path = json_pick_string(state, "bundle");

	for (size_t i = 0; i < json_pick_count(labels); i++) {
		struct str label = json_pick_text(json_object_array_get_idx(labels, i));

		if (str_starts(label, STR("bundle=")))
			path = (struct str){label.data + 7, label.size - 7};
	}
	if (path.size && path.data[0] == '/')
		find(search->files->bundle, "%.*s/config.json", (int)path.size, path.data);
}

static bool find_runc(struct search *search)
{
	char path[PATH_SIZE];
	struct buf text = {0};
	bool is = find(path, "%s/runc/%s/state.json", search->roots->run, search->wish->id) ||
		  find(path, "%s/crun/%s/status", search->roots->run, search->wish->id);

	if (is && fact_file(path, &text)) {
		struct json_object *state = json_pick(buf_str(&text));

		take_bundle(search, state);
		json_object_put(state);
	}
	buf_release(&text);
	return is && set_runtime(search, "runc");
}

/* The monitor calls itself "[lxc monitor] PATH NAME". */
static bool find_lxc(struct search *search)
{
	static const struct {
		const char *folder, *file;
	} places[] = {{"lxc", "config"}, {"../snap/lxd/common/lxd/logs", "lxc.conf"},
		{"../log/lxd", "lxc.conf"}, {"../log/incus", "lxc.conf"}};
	char *out = search->files->lxc, path[PATH_SIZE];
	const char *title = search->word_count ? search->words[0] : "";
	const char *end = strrchr(title, ' ');

	if (!strncmp(title, "[lxc monitor] /", 15) && end > title + 14 &&
		snprintf(path, sizeof(path), "%.*s", (int)(end - title - 14), title + 14) <
			(int)sizeof(path) &&
		find(out, "%.3800s/%s/config", path, search->wish->id))
		return set_runtime(search, "lxc");
	for (size_t i = 0; i < COUNT(places); i++)
		if (find(out, "%s/%s/%s/%s", search->roots->var_lib, places[i].folder,
			    search->wish->id, places[i].file))
			break;
	return set_runtime(search, "lxc");
}

static bool find_nspawn(struct search *search)
{
	find(search->files->nspawn, "%s/systemd/machines/%s", search->roots->run, search->wish->id);
	return set_runtime(search, "nspawn");
}

/* --- logs --- */

/* Docker's driver and path, as its files say. */
static void find_docker_log(struct search *search)
{
	struct container_files *files = search->files;
	struct buf text = {0};
	char path[PATH_SIZE];
	struct json_object *object;
	struct str driver, log;

	if (find(path, "%.4000s/hostconfig.json", files->docker) && fact_file(path, &text)) {
		object = json_pick(buf_str(&text));
		driver = json_pick_string(object, "LogConfig.Type");
		snprintf(files->log_driver, sizeof(files->log_driver), "%.*s", (int)driver.size,
			driver.data);
		json_object_put(object);
	}
	if (find(path, "%.4000s/config.v2.json", files->docker) && fact_file(path, &text)) {
		object = json_pick(buf_str(&text));
		log = json_pick_string(object, "LogPath");
		if (log.size && log.size < PATH_SIZE && log.data[0] == '/') {
			memcpy(files->log, log.data, log.size);
			files->log_format = LOG_DOCKER;
		}
		json_object_put(object);
	}
	buf_release(&text);
}

/* "N.log" of the newest run. */
static bool newest_log(char *out, const char *folder)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	long newest = -1;

	while (entries && (entry = readdir(entries))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (end != entry->d_name && !strcmp(end, ".log") && number > newest)
			newest = number;
	}
	if (entries)
		closedir(entries);
	return newest >= 0 && find(out, "%s/%ld.log", folder, newest);
}

static bool is_component(struct str name)
{
	return name.size && name.size < 256 && !memchr(name.data, '/', name.size) &&
	       !memchr(name.data, '\0', name.size) && !str_equal(name, STR("..")) &&
	       !str_equal(name, STR("."));
}

static struct str annotation(struct json_object *all, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(all, json_type_object))
		json_object_object_get_ex(all, name, &value);
	return json_pick_text(value);
}

/* The folder that a pod's logs are in, as the bundle of its sandbox says, which is beside. */
static bool find_log_folder(struct search *search, struct str sandbox, char *out)
{
	struct buf text = {0};
	char path[PATH_SIZE + 300], *end;
	struct json_object *config = NULL;
	struct str folder;

	snprintf(path, PATH_SIZE, "%s", search->files->bundle);
	end = strrchr(path, '/'); /* BUNDLE/config.json */
	if (end)
		*end = '\0';
	end = end ? strrchr(path, '/') : NULL;
	if (!end || !is_component(sandbox))
		return false;
	snprintf(end, 300, "/%.*s/config.json", (int)sandbox.size, sandbox.data);
	if (fact_file(path, &text))
		config = json_pick(buf_str(&text));
	folder = annotation(
		json_pick_member(config, "annotations"), "io.kubernetes.cri.sandbox-log-directory");
	if (folder.size && folder.size < PATH_SIZE && folder.data[0] == '/')
		snprintf(out, PATH_SIZE, "%.*s", (int)folder.size, folder.data);
	else
		*out = '\0';
	json_object_put(config);
	buf_release(&text);
	return *out;
}

/* /var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log, by what the bundle says of the pod. */
static void find_pod_log(struct search *search, struct json_object *all)
{
	struct container_files *files = search->files;
	struct str space = annotation(all, "io.kubernetes.cri.sandbox-namespace"),
		   pod = annotation(all, "io.kubernetes.cri.sandbox-name"),
		   uid = annotation(all, "io.kubernetes.cri.sandbox-uid"),
		   name = annotation(all, "io.kubernetes.cri.container-name");
	char folder[PATH_SIZE], logs[PATH_SIZE];

	if (is_component(name) &&
		find_log_folder(search, annotation(all, "io.kubernetes.cri.sandbox-id"), logs) &&
		find(folder, "%.3800s/%.*s", logs, (int)name.size, name.data) &&
		newest_log(files->log, folder)) {
		snprintf(files->log_driver, sizeof(files->log_driver), "cri");
		files->log_format = LOG_CRI;
		return;
	}
	if (!is_component(space) || !is_component(pod) || !is_component(uid) || !is_component(name))
		return;
	snprintf(files->log_driver, sizeof(files->log_driver), "cri");
	if (find(folder, "%s/../log/pods/%.*s_%.*s_%.*s/%.*s", search->roots->var_lib,
		    (int)space.size, space.data, (int)pod.size, pod.data, (int)uid.size, uid.data,
		    (int)name.size, name.data) &&
		newest_log(files->log, folder))
		files->log_format = LOG_CRI;
}

static void find_bundle_log(struct search *search)
{
	struct container_files *files = search->files;
	struct buf text = {0};
	struct json_object *config, *all;
	struct str path;

	if (!*files->bundle || !fact_file(files->bundle, &text)) {
		buf_release(&text);
		return;
	}
	config = json_pick(buf_str(&text));
	all = json_pick_member(config, "annotations");
	path = annotation(all, "io.kubernetes.cri-o.LogPath");
	if (path.size && path.size < PATH_SIZE && path.data[0] == '/') {
		memcpy(files->log, path.data, path.size);
		files->log_format = LOG_CRI;
	} else {
		find_pod_log(search, all);
	}
	json_object_put(config);
	buf_release(&text);
}

/* nerdctl keeps json-file logs as Docker does, in a folder of its daemon's address. */
static void find_nerdctl_log(struct search *search)
{
	struct container_files *files = search->files;
	const char *id = search->wish->id;
	char pattern[PATH_SIZE];
	glob_t found;

	if (strspn(id, "0123456789abcdef") != strlen(id) ||
		snprintf(pattern, sizeof(pattern), "%s/nerdctl/*/containers/*/%s/%s-json.log",
			search->roots->var_lib, id, id) >= (int)sizeof(pattern) ||
		glob(pattern, GLOB_NOSORT, NULL, &found))
		return;
	if (found.gl_pathc && set_path(files->log, found.gl_pathv[0])) {
		files->log_format = LOG_DOCKER;
		snprintf(files->log_driver, sizeof(files->log_driver), "json-file");
	}
	globfree(&found);
}

/* "lxc.console.logfile = PATH" */
static void find_lxc_log(struct search *search)
{
	struct container_files *files = search->files;
	struct buf text = {0};
	char *rest, *line;

	if (!*files->lxc || !fact_file(files->lxc, &text)) {
		buf_release(&text);
		return;
	}
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		char *value = strchr(line, '=');

		if (strncmp(line, "lxc.console.logfile", 19) || !value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, " \t\r")] = '\0';
		if (*value == '/' && set_path(files->log, value))
			files->log_format = LOG_PLAIN;
	}
	buf_release(&text);
}

static void find_log(struct search *search)
{
	struct container_files *files = search->files;

	if (*files->docker)
		find_docker_log(search);
	else if (*files->bundle && files->log_format == LOG_NONE)
		find_bundle_log(search);
	if (files->log_format == LOG_NONE && !strcmp(files->runtime, "containerd"))
		find_nerdctl_log(search);
	if (*files->lxc)
		find_lxc_log(search);
}

/* --- all of it --- */

static void find_helper(struct search *search, uint32_t pid1)
{
	struct container_files *files = search->files;
	const char *proc = search->roots->proc;
	struct fact_process init;

	if (!pid1 || !fact_process_read(proc, pid1, &init) || !init.parent ||
		!fact_process_read(proc, init.parent, &files->parent))
		return;
	search->word_count = fact_cmdline(
		proc, files->parent.pid, &files->helper, search->words, WORDS);
}

static bool is_one_of(const char *runtime, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(runtime, *names))
			return true;
	return false;
}

/* An id that is no plain component of a path leads to no file. */
static bool is_plain(const char *id)
{
	return is_component(str_from(id));
}

void container_files_find(struct fact_sources *sources, const struct container_wish *wish,
	uint32_t pid1, struct container_files *files)
{
	/* As the path of the cgroup tells them; "oci" and "" may be any. */
	static const struct {
		const char *const runtimes[8];
		bool (*find)(struct search *search);
	} ways[] = {{{"docker", "oci", "k8s", NULL}, find_docker},
		{{"podman", "oci", "", NULL}, find_conmon}, {{"podman", "oci", NULL}, find_podman},
		{{"containerd", "nerdctl", "k8s", "oci", "ecs", "", NULL}, find_containerd},
		{{"cri-o", NULL}, find_crio}, {{"runc", "oci", "", NULL}, find_runc},
		{{"lxc", NULL}, find_lxc}, {{"nspawn", NULL}, find_nspawn}};
	struct search search = {
		.sources = sources, .roots = fact_sources_roots(sources), .wish = wish};
	bool is = false;

	memset(files, 0, sizeof(*files));
	search.files = files;
	find_helper(&search, pid1);
	for (size_t i = 0; !is && is_plain(wish->id) && i < COUNT(ways); i++)
		is = is_one_of(wish->runtime, ways[i].runtimes) && ways[i].find(&search);
	find_log(&search);
}

void container_files_release(struct container_files *files)
{
	buf_release(&files->helper);
}
