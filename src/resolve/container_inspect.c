/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_inspect.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/model.h"
#include "resolve/container_paths.h"
#include "resolve/json.h"

#define ROWS_MAX 4096
#define TEXTS_MAX (1u << 20)
#define NAME_MAX_SIZE 512
#define VALUE_MAX_SIZE 4096

const char *const inspect_section_names[INSPECT_SECTIONS] = {"state", "image", "process", "limits",
	"mounts", "ports", "network", "environment", "security", "log", "cgroup", "namespaces",
	"labels", "files"};

/* --- rows --- */

struct str inspect_name(const struct inspect *inspect, size_t row)
{
	const struct inspect_row *at = &inspect->rows[row];

	return (struct str){inspect->texts.data + at->name, at->value - at->name};
}

struct str inspect_value(const struct inspect *inspect, size_t row)
{
	const struct inspect_row *at = &inspect->rows[row];

	return (struct str){inspect->texts.data + at->value, at->end - at->value};
}

static struct str cut(struct str text, size_t most)
{
	return (struct str){text.size ? text.data : "", text.size < most ? text.size : most};
}

static bool is_there(const struct inspect *inspect, enum inspect_section section, struct str name)
{
	for (size_t i = 0; i < inspect->count; i++)
		if (inspect->rows[i].section == section &&
			str_equal(inspect_name(inspect, i), name))
			return true;
	return false;
}

void inspect_add(
	struct inspect *inspect, enum inspect_section section, struct str name, struct str value)
{
	struct inspect_row *row;

	name = cut(name, NAME_MAX_SIZE);
	value = cut(value, VALUE_MAX_SIZE);
	if (inspect->count == ROWS_MAX ||
		inspect->texts.size + name.size + value.size > TEXTS_MAX ||
		is_there(inspect, section, name))
		return;
	inspect->rows = mem_grow(
		inspect->rows, &inspect->capacity, inspect->count + 1, sizeof(*inspect->rows));
	row = &inspect->rows[inspect->count++];
	row->section = section;
	row->name = (uint32_t)inspect->texts.size;
	buf_add_str(&inspect->texts, name);
	row->value = (uint32_t)inspect->texts.size;
	buf_add_str(&inspect->texts, value);
	row->end = (uint32_t)inspect->texts.size;
}

void inspect_text(
	struct inspect *inspect, enum inspect_section section, const char *name, struct str value)
{
	if (value.size)
		inspect_add(inspect, section, str_from(name), value);
}

void inspect_print(struct inspect *inspect, enum inspect_section section, const char *name,
	const char *format, ...)
{
	char text[VALUE_MAX_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	inspect_add(inspect, section, str_from(name), str_from(text));
}

bool inspect_has(const struct inspect *inspect, enum inspect_section section)
{
	for (size_t i = 0; i < inspect->count; i++)
		if (inspect->rows[i].section == section)
			return true;
	return false;
}

void inspect_variable(struct inspect *inspect, struct str variable)
{
	const char *end = variable.size ? memchr(variable.data, '=', variable.size) : NULL;

	/* What has no "=" may be anything: not even a part of it is taken. */
	if (end && end > variable.data)
		inspect_add(inspect, INSPECT_ENVIRONMENT,
			(struct str){variable.data, (size_t)(end - variable.data)}, STR(""));
}

void inspect_arguments(struct inspect *inspect, enum inspect_section section, const char *name,
	struct str arguments)
{
	struct buf text = {0};

	if (!arguments.size)
		return;
	if (inspect->redact)
		inspect->redact(&text, arguments);
	else
		buf_add_str(&text, arguments);
	while (text.size && !text.data[text.size - 1])
		text.size--;
	for (size_t i = 0; i < text.size; i++)
		if (!text.data[i])
			text.data[i] = ' ';
	inspect_text(inspect, section, name, buf_str(&text));
	buf_release(&text);
}

static int compare_rows(const void *a, const void *b)
{
	const struct inspect_row *first = a, *second = b;

	if (first->section != second->section)
		return first->section < second->section ? -1 : 1;
	return (first->name > second->name) - (first->name < second->name); /* as they came */
}

void inspect_release(struct inspect *inspect)
{
	buf_release(&inspect->texts);
	free(inspect->rows);
	inspect->rows = NULL;
	inspect->count = inspect->capacity = 0;
}

/* --- files and sockets --- */

static struct json_object *read_json(const char *folder, const char *name)
{
	struct buf text = {0};
	struct json_object *object = NULL;
	char path[4200];

	snprintf(path, sizeof(path), "%s%s%s", folder, *name ? "/" : "", name);
	if (fact_file(path, &text))
		object = json_pick(buf_str(&text));
	buf_release(&text);
	return object;
}

static bool take_docker(struct inspect *inspect, const char *folder)
{
	struct json_object *config = read_json(folder, "config.v2.json"),
			   *host = read_json(folder, "hostconfig.json");
	bool is = config != NULL;

	inspect_docker(inspect, config, host);
	json_object_put(config);
	json_object_put(host);
	return is;
}

static void take_bundle(struct inspect *inspect, const char *path)
{
	struct json_object *config = read_json(path, "");

	inspect_bundle(inspect, config);
	json_object_put(config);
}

static bool take_socket(struct inspect *inspect, const char *socket, const char *id)
{
	struct buf body = {0};
	char request[256];
	struct json_object *config = NULL;
	bool is;

	if (strspn(id, "0123456789abcdef") != strlen(id)) /* it goes into a request */
		return false;
	snprintf(request, sizeof(request), "/containers/%.64s/json", id);
	if (!fact_socket_get(socket, request, &body))
		config = json_pick(buf_str(&body));
	is = json_pick_string(config, "Id").size > 0;
	if (is)
		inspect_docker(inspect, config, json_pick_member(config, "HostConfig"));
	json_object_put(config);
	buf_release(&body);
	return is;
}

/* The daemon is asked for what no file told: all there is of Docker, ports and labels of Podman. */
static void take_sockets(struct inspect *inspect, struct fact_sources *sources,
	const struct container_wish *wish, const char *runtime)
{
	bool is_podman = !strcmp(runtime, "podman");
	const char *socket;
	char path[4096];

	if (!is_podman && strcmp(runtime, "docker") && strcmp(wish->runtime, "docker") &&
		strcmp(wish->runtime, "oci"))
		return;
	snprintf(path, sizeof(path), "%s/%s", fact_sources_roots(sources)->run,
		is_podman ? "podman/podman.sock" : "docker.sock");
	if (take_socket(inspect, path, wish->id))
		return;
	for (size_t i = 0; !is_podman && (socket = fact_sources_socket(sources, i)); i++)
		if (take_socket(inspect, socket, wish->id))
			return;
}

/* --- LXC and nspawn --- */

static struct str trim(char *text)
{
	size_t size;

	text += strspn(text, " \t");
	size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	return (struct str){text, size};
}

static bool is_limit(struct str key)
{
	return str_starts(key, STR("lxc.cgroup")) || str_starts(key, STR("lxc.prlimit"));
}

/* "SOURCE DESTINATION TYPE OPTIONS", as in fstab(5). */
static void take_lxc_mount(struct inspect *inspect, struct str value)
{
	const char *end = memchr(value.data, ' ', value.size);
	struct str source = {value.data, end ? (size_t)(end - value.data) : value.size}, rest;
	struct buf text = {0};

	rest = end ? (struct str){end + 1, value.size - source.size - 1} : STR("");
	end = rest.size ? memchr(rest.data, ' ', rest.size) : NULL;
	buf_add_str(&text, source);
	if (end) {
		buf_add_text(&text, ", ");
		buf_add_str(
			&text, (struct str){end + 1, (size_t)(rest.data + rest.size - end - 1)});
		rest.size = (size_t)(end - rest.data);
	}
	inspect_add(inspect, INSPECT_MOUNTS, rest, buf_str(&text));
	buf_release(&text);
}

/* A line of lxc.container.conf(5). */
static void take_lxc_line(struct inspect *inspect, struct str key, struct str value)
{
	enum inspect_section section = INSPECT_FILES;

	if (!str_starts(key, STR("lxc.")))
		return;
	if (str_equal(key, STR("lxc.mount.entry"))) {
		take_lxc_mount(inspect, value);
		return;
	}
	if (str_equal(key, STR("lxc.environment"))) {
		inspect_variable(inspect, value);
		return;
	}
	if (is_limit(key))
		section = INSPECT_LIMITS;
	else if (str_starts(key, STR("lxc.net")) || str_starts(key, STR("lxc.uts")))
		section = INSPECT_NETWORK;
	else if (str_starts(key, STR("lxc.rootfs")))
		section = INSPECT_IMAGE;
	else if (str_starts(key, STR("lxc.init")) || str_starts(key, STR("lxc.execute")))
		section = INSPECT_PROCESS;
	else if (str_starts(key, STR("lxc.cap")) || str_starts(key, STR("lxc.apparmor")) ||
		 str_starts(key, STR("lxc.seccomp")) || str_starts(key, STR("lxc.idmap")))
		section = INSPECT_SECURITY;
	else if (str_starts(key, STR("lxc.console")) || str_starts(key, STR("lxc.log")))
		section = INSPECT_LOG;
	inspect_add(inspect, section, key, value);
}

static void take_lxc(struct inspect *inspect, const char *path)
{
	struct buf text = {0};
	char *rest, *line;
	bool is = fact_file(path, &text);

	for (rest = is ? text.data : NULL; (line = strsep(&rest, "\n"));) {
		char *value = strchr(line, '=');

		if (!value || line[strspn(line, " \t")] == '#')
			continue;
		*value = '\0';
		take_lxc_line(inspect, trim(line), trim(value + 1));
	}
	buf_release(&text);
}

/* What systemd-machined tells: KEY=value. */
static void take_machine(struct inspect *inspect, const char *path)
{
	struct buf text = {0};
	char *rest, *line;

	if (fact_file(path, &text))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *value = strchr(line, '=');

			if (!value || *line == '#')
				continue;
			*value = '\0';
			inspect_add(inspect, INSPECT_STATE, trim(line), trim(value + 1));
		}
	buf_release(&text);
}

/* "--setenv=NAME=VALUE" and "-E NAME=VALUE" among nspawn's own arguments; the names only. */
static void take_nspawn(struct inspect *inspect, struct str arguments)
{
	struct buf text = {0};
	bool is_variable = false;

	for (size_t at = 0; at < arguments.size;) {
		const char *word = arguments.data + at;
		size_t size = strnlen(word, arguments.size - at), shown = size;

		if (is_variable || !strncmp(word, "--setenv=", 9) || !strncmp(word, "-E", 2)) {
			size_t skip = is_variable ? 0 : word[1] == '-' ? 9 : 2;
			const char *end = memchr(word + skip, '=', size - skip);

			inspect_variable(inspect, (struct str){word + skip, size - skip});
			shown = end ? (size_t)(end - word) : skip;
		}
		is_variable = (size == 2 && !strncmp(word, "-E", 2)) ||
			      (size == 8 && !strncmp(word, "--setenv", 8));
		buf_add(&text, word, shown);
		buf_add_char(&text, '\0');
		at += size + 1;
	}
	inspect_arguments(inspect, INSPECT_FILES, "systemd-nspawn", buf_str(&text));
	buf_release(&text);
}

/* --- all of it --- */

static void add_start(struct inspect *inspect, uint64_t start)
{
	uint64_t now = clock_ns(CLOCK_REALTIME) - clock_now() + start;
	time_t seconds = (time_t)(now / NS_PER_S);
	struct tm tm;
	char text[40];

	if (start && gmtime_r(&seconds, &tm) &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		inspect_print(inspect, INSPECT_STATE, "started", "%s", text);
}

static struct str fact_str(const struct fact_text *text)
{
	return (struct str){text->data, text->size};
}

static void add_facts(struct inspect *inspect, const struct container_facts *facts)
{
	static const char *const states[] = {"", "created", "running", "paused", "ended"};

	inspect_text(inspect, INSPECT_STATE, "name", fact_str(&facts->name));
	inspect_text(inspect, INSPECT_STATE, "id", fact_str(&facts->id));
	inspect_text(inspect, INSPECT_STATE, "state", str_from(states[facts->state]));
	inspect_text(inspect, INSPECT_STATE, "pod", fact_str(&facts->pod));
	inspect_text(inspect, INSPECT_STATE, "namespace", fact_str(&facts->pod_namespace));
	inspect_text(inspect, INSPECT_STATE, "pod uid", fact_str(&facts->pod_uid));
	if (facts->pid1)
		inspect_print(inspect, INSPECT_STATE, "pid", "%u", facts->pid1);
	add_start(inspect, facts->start);
	inspect_text(inspect, INSPECT_IMAGE, "name", fact_str(&facts->image));
	for (size_t at = 0; at < facts->labels_size;) {
		struct str label = {
			facts->labels + at, strnlen(facts->labels + at, facts->labels_size - at)};
		const char *end = memchr(label.data, '=', label.size);

		if (end)
			inspect_add(inspect, INSPECT_LABELS,
				(struct str){label.data, (size_t)(end - label.data)},
				(struct str){end + 1, (size_t)(label.data + label.size - end - 1)});
		at += label.size + 1;
	}
}

static void add_files(struct inspect *inspect, const struct container_files *files)
{
	char *bundle = realpath(files->bundle, NULL); /* it may be by way of /proc */

	inspect_text(inspect, INSPECT_FILES, "Docker", str_from(files->docker));
	inspect_text(inspect, INSPECT_FILES, "bundle", str_from(bundle ? bundle : ""));
	free(bundle);
	inspect_text(inspect, INSPECT_FILES, "LXC", str_from(files->lxc));
	inspect_text(inspect, INSPECT_LOG, "driver", str_from(files->log_driver));
	inspect_text(inspect, INSPECT_LOG, "path", str_from(files->log));
}

void container_wish_for(
	const struct model *model, const struct container *container, struct container_wish *wish)
{
	const struct cgroup *cgroup = container->cgroup
					      ? cgroups_find(&model->cgroups, container->hierarchy,
							container->cgroup)
					      : NULL;
	struct container_path path = {0};
	bool is = cgroup && container_path_match(cgroup->path, &path);

	*wish = (struct container_wish){.runtime = is ? path.runtime : "",
		.id = mem_printf("%.*s", (int)container->id.size, container->id.data),
		.path = cgroup ? mem_printf("%.*s", (int)cgroup->path.size, cgroup->path.data)
			       : NULL,
		.hierarchy = container->hierarchy,
		.is_free = cgroup && !is};
	if (!cgroup && container->pid1) {
		wish->pids[0] = container->pid1;
		wish->pid_count = 1;
	}
}

void container_wish_release(struct container_wish *wish)
{
	free(wish->id);
	free(wish->path);
}

void container_look(struct fact_sources *sources, const struct container_wish *wish, uint32_t pid1,
	struct container_facts *facts, struct container_files *files)
{
	struct container_wish known = *wish;
	char runtime[32], *id = NULL;

	container_facts_read(sources, wish, facts);
	if (!facts->pid1)
		facts->pid1 = pid1;
	/* Whose cgroup tells nothing is known by its processes. */
	if (facts->runtime.size && facts->runtime.size < sizeof(runtime)) {
		snprintf(runtime, sizeof(runtime), "%.*s", (int)facts->runtime.size,
			facts->runtime.data);
		known.runtime = runtime;
	}
	if (facts->id.size)
		known.id = id = mem_printf("%.*s", (int)facts->id.size, facts->id.data);
	container_files_find(sources, &known, facts->pid1, files);
	free(id);
}

/* What the files and the daemon of its runtime tell. */
static void add_runtime(struct inspect *inspect, struct fact_sources *sources,
	const struct container_wish *wish, const struct container_files *files)
{
	bool is = *files->docker && take_docker(inspect, files->docker);

	if (!is)
		take_sockets(inspect, sources, wish, files->runtime);
	if (*files->bundle)
		take_bundle(inspect, files->bundle);
	if (*files->lxc)
		take_lxc(inspect, files->lxc);
	if (*files->nspawn)
		take_machine(inspect, files->nspawn);
	if (!strcmp(files->parent.comm, "systemd-nspawn"))
		take_nspawn(inspect, buf_str(&files->helper));
}

void container_inspect(struct fact_sources *sources, const struct container_wish *wish,
	uint32_t pid1, struct inspect *inspect)
{
	struct container_facts *facts = mem_zalloc(sizeof(*facts));
	struct container_files *files = mem_zalloc(sizeof(*files));

	container_look(sources, wish, pid1, facts, files);
	inspect_text(inspect, INSPECT_STATE, "name", fact_str(&facts->name));
	inspect_text(inspect, INSPECT_STATE, "id",
		facts->id.size ? fact_str(&facts->id) : str_from(wish->id));
	/* Of what is stopped the kernel knows best, of all else the runtime's own files. */
	if (facts->state == CONTAINER_PAUSED)
		inspect_text(inspect, INSPECT_STATE, "state", STR("paused"));
	add_runtime(inspect, sources, wish, files);
	inspect_text(inspect, INSPECT_STATE, "runtime",
		facts->runtime.size ? fact_str(&facts->runtime) : str_from(files->runtime));
	add_facts(inspect, facts);
	add_files(inspect, files);
	if (facts->pid1) {
		inspect_limits(inspect, fact_sources_roots(sources), facts->pid1);
		inspect_process(inspect, fact_sources_roots(sources), facts->pid1);
	}
	if (inspect->count)
		qsort(inspect->rows, inspect->count, sizeof(*inspect->rows), compare_rows);
	container_files_release(files);
	free(files);
	free(facts);
}
