/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_podman.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "resolve/container_paths.h"
#include "resolve/json.h"

#define ID_SIZE 64
#define SHORT_ID 12 /* of a pod's, in the name of who holds it together, and as shown */
#define SUFFIX "-infra"
#define ASKED_MAX 1024
#define ASK_AGAIN_NS (60 * NS_PER_S)
#define SULK_NS (30 * NS_PER_S)
#define SOCKET_PATH_MAX 108

static void set(struct fact_text *to, struct str text)
{
	fact_text_set(to, text.data, text.size, CONTAINER_NAME_MAX);
}

static bool is_hexadecimal(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!strchr("0123456789abcdef", text.data[i]))
			return false;
	return text.size > 0;
}

/* --- lists --- */

static void add_entry(void *arg, struct str id, const struct container_facts *facts)
{
	struct podman_list *list = arg;
	struct podman_entry *entry;

	if (id.size != ID_SIZE)
		return;
	list->entries = mem_grow(
		list->entries, &list->capacity, list->count + 1, sizeof(*list->entries));
	entry = &list->entries[list->count++];
	memcpy(entry->id, id.data, ID_SIZE);
	entry->name = (uint32_t)list->texts.size;
	entry->name_size = (uint32_t)facts->name.size;
	buf_add(&list->texts, facts->name.data, facts->name.size);
	entry->image = (uint32_t)list->texts.size;
	entry->image_size = (uint32_t)facts->image.size;
	buf_add(&list->texts, facts->image.data, facts->image.size);
}

static void read_list(struct podman_list *list)
{
	struct buf text = {0};

	list->count = 0;
	buf_clear(&list->texts);
	if (fact_file(list->path, &text))
		fact_podman_each(buf_str(&text), add_entry, list);
	buf_release(&text);
}

static struct podman_list *list_of(struct podman_lists *lists, const char *path)
{
	struct podman_list *list;

	for (size_t i = 0; i < PODMAN_LISTS; i++)
		if (lists->lists[i].path && !strcmp(lists->lists[i].path, path))
			return &lists->lists[i];
	list = &lists->lists[lists->next++ % PODMAN_LISTS];
	free(list->path);
	list->path = mem_strdup(path);
	list->changed = 0;
	return list;
}

bool podman_lists_find(
	struct podman_lists *lists, const char *path, const char *id, struct container_facts *facts)
{
	struct podman_list *list;
	struct stat status;
	uint64_t changed;

	if (strlen(id) != ID_SIZE || lstat(path, &status))
		return false;
	list = list_of(lists, path);
	changed = (uint64_t)status.st_mtim.tv_sec * NS_PER_S + (uint64_t)status.st_mtim.tv_nsec;
	if (list->changed != changed || list->inode != status.st_ino ||
		list->dev != status.st_dev || list->size != (uint64_t)status.st_size) {
		list->changed = changed;
		list->inode = status.st_ino;
		list->dev = status.st_dev;
		list->size = (uint64_t)status.st_size;
		read_list(list);
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct podman_entry *entry = &list->entries[i];

		if (memcmp(entry->id, id, ID_SIZE))
			continue;
		facts->found = true;
		if (entry->name_size)
			fact_text_set(&facts->name, list->texts.data + entry->name,
				entry->name_size, CONTAINER_NAME_MAX);
		if (entry->image_size)
			fact_text_set(&facts->image, list->texts.data + entry->image,
				entry->image_size, FACT_IMAGE_MAX);
		return true;
	}
	return false;
}

void podman_lists_release(struct podman_lists *lists)
{
	for (size_t i = 0; i < PODMAN_LISTS; i++) {
		free(lists->lists[i].path);
		free(lists->lists[i].entries);
		buf_release(&lists->lists[i].texts);
	}
	*lists = (struct podman_lists){0};
}

/* --- files --- */

bool podman_bundle(struct str json, struct fact_text *host, struct fact_text *sandbox)
{
	struct json_object *object = json_pick(json), *sandbox_id = NULL;
	struct str id;

	/* The name of the annotation has dots: it is no path of members. */
	json_object_object_get_ex(json_pick_member(object, "annotations"),
		"io.kubernetes.cri-o.SandboxID", &sandbox_id);
	id = json_pick_text(sandbox_id);
	*host = *sandbox = (struct fact_text){.size = 0};
	set(host, json_pick_string(object, "hostname"));
	if (id.size == ID_SIZE && is_hexadecimal(id)) /* it goes into a path */
		set(sandbox, id);
	json_object_put(object);
	return object != NULL;
}

static bool read_bundle(const char *folder, const char *id, struct buf *text,
	struct fact_text *host, struct fact_text *sandbox)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s/userdata/config.json", folder, id) <
		       (int)sizeof(path) &&
	       fact_file(path, text) && podman_bundle(buf_str(text), host, sandbox);
}

/* ".../POD/libpod-ID", ".../machine-libpod_pod_POD.slice/libpod-ID.scope", and what is below. */
static struct str pod_of_path(const char *path)
{
	const char *end = NULL, *begin, *pod;
	struct str id;

	for (const char *at = path; at && (at = strstr(at, "/libpod-")); at++)
		end = at;
	if (!end)
		return (struct str){"", 0};
	for (begin = end; begin > path && begin[-1] != '/'; begin--)
		;
	pod = memmem(begin, (size_t)(end - begin), "libpod_pod_", 11);
	id = (struct str){pod ? pod + 11 : begin, 0};
	while (id.data + id.size < end && strchr("0123456789abcdef", id.data[id.size]))
		id.size++;
	return id.size == ID_SIZE ? id : (struct str){"", 0};
}

/* The first digits of the pod's id, from the name of who holds it together. */
static struct str pod_of_name(const struct fact_text *name)
{
	struct str digits = {name->data, SHORT_ID};

	if (name->size != SHORT_ID + strlen(SUFFIX) ||
		memcmp(name->data + SHORT_ID, SUFFIX, strlen(SUFFIX)) || !is_hexadecimal(digits))
		return (struct str){"", 0};
	return digits;
}

/*
 * What a bundle calls its sandbox is the container that holds the pod together, or where nothing
 * does (podman pod create --infra=false) the pod itself, of which no file has the name.
 */
void podman_pod(struct podman_lists *lists, struct container_facts *facts, const char *folder,
	const char *id, const char *path)
{
	struct fact_text host, sandbox, unused;
	struct container_facts other = {.state = CONTAINER_UNKNOWN};
	struct str pod = pod_of_path(path), digits = pod_of_name(&facts->name);
	struct buf text = {0};
	char list[PATH_MAX];

	if (strchr(id, '/') || !read_bundle(folder, id, &text, &host, &sandbox))
		goto out;
	if (digits.size && !sandbox.size && (!pod.size || str_starts(pod, digits))) {
		facts->flags |= CONTAINER_SANDBOX;
	} else if (sandbox.size) {
		char infra[ID_SIZE + 1];

		snprintf(infra, sizeof(infra), "%.*s", (int)sandbox.size, sandbox.data);
		if (!read_bundle(folder, infra, &text, &host, &unused))
			host.size = 0;
		if (snprintf(list, sizeof(list), "%s/containers.json", folder) >= (int)sizeof(list))
			goto out;
		if (podman_lists_find(lists, list, infra, &other))
			digits = pod_of_name(&other.name);
		else if (podman_lists_find(lists, list, id, &other)) /* no container has that id */
			digits = (struct str){sandbox.data, sandbox.size};
	} else if (!pod.size) {
		goto out; /* it is in none */
	} else {
		host.size = 0;
	}
	if (!pod.size)
		pod = digits;
	set(&facts->pod_uid, pod);
	if (host.size)
		facts->pod = host;
	else
		set(&facts->pod, (struct str){pod.data, pod.size < SHORT_ID ? pod.size : SHORT_ID});
out:
	buf_release(&text);
}

/* --- the service --- */

bool podman_listed(struct container_facts *facts, struct str json, struct str id)
{
	struct json_object *list = json_pick(json), *entry = NULL;
	struct str pod, name;

	for (size_t i = 0; i < json_pick_count(list) && !entry; i++) {
		entry = json_object_array_get_idx(list, i);
		if (!str_equal(json_pick_string(entry, "Id"), id))
			entry = NULL;
	}
	pod = json_pick_string(entry, "Pod");
	name = json_pick_string(entry, "PodName");
	if (pod.size) {
		set(&facts->pod_uid, pod);
		set(&facts->pod, name.size ? name
					   : (struct str){pod.data,
						     pod.size < SHORT_ID ? pod.size : SHORT_ID});
	}
	if (json_object_get_boolean(json_pick_member(entry, "IsInfra")))
		facts->flags |= CONTAINER_SANDBOX;
	json_object_put(list);
	return entry != NULL;
}

/* 0, -ENOENT: it does not know the container; or what fact_socket_get() returns. */
static int ask(struct container_facts *facts, const char *socket, const char *id)
{
	struct container_facts told = {.state = CONTAINER_UNKNOWN};
	struct buf text = {0};
	char request[256];
	int code;

	/* filters={"id":["ID"]} */
	snprintf(request, sizeof(request),
		"/v4.0.0/libpod/containers/json?all=true&"
		"filters=%%7B%%22id%%22%%3A%%5B%%22%s%%22%%5D%%7D",
		id);
	code = fact_socket_get(socket, request, &text);
	if (!code && !podman_listed(facts, buf_str(&text), str_from(id)))
		code = -ENOENT;
	buf_clear(&text);
	snprintf(request, sizeof(request), "/containers/%s/json", id);
	if (!code && !fact_socket_get(socket, request, &text) &&
		fact_docker(&told, buf_str(&text))) {
		memcpy(facts->labels, told.labels, told.labels_size);
		facts->labels_size = told.labels_size;
		facts->restarts = told.restarts;
		facts->flags |= told.flags;
	}
	buf_release(&text);
	return code;
}

/* What a service said of a container. */
struct podman_asked {
	uint64_t id; /* hash of it */
	uint64_t until;
	char pod[CONTAINER_NAME_MAX];
};

static void add_socket(struct podman_services *services, const char *path)
{
	for (size_t i = 0; i < services->count; i++)
		if (!strcmp(services->sockets[i], path))
			return;
	if (services->count < PODMAN_SERVICES)
		services->sockets[services->count++] = mem_strdup(path);
}

void podman_services_take(struct podman_services *services, const char *const *words, size_t count)
{
	const char *host = count ? words[count - 1] : "";

	for (size_t i = 1; i + 1 < count; i++)
		if (!strcmp(words[i], "system") && !strcmp(words[i + 1], "service") &&
			!strncmp(host, "unix://", 7) && strlen(host) < 7 + SOCKET_PATH_MAX)
			add_socket(services, host + 7);
}

static struct podman_asked *asked_of(struct podman_services *services, const char *id)
{
	uint64_t hash = hash_str(str_from(id));
	struct podman_asked *asked;

	if (!services->asked)
		services->asked = mem_zalloc(ASKED_MAX * sizeof(*services->asked));
	for (size_t i = 0; i < services->asked_count; i++)
		if (services->asked[i].id == hash)
			return &services->asked[i];
	asked = &services->asked[services->asked_at++ % ASKED_MAX];
	if (services->asked_count < ASKED_MAX)
		services->asked_count++;
	*asked = (struct podman_asked){.id = hash};
	return asked;
}

static void ask_all(struct podman_services *services, struct container_facts *facts, const char *id)
{
	for (size_t i = 0; i < services->count; i++) {
		uint64_t now = clock_now();
		int code;

		if (now < services->silent_until[i])
			continue;
		code = ask(facts, services->sockets[i], id);
		if (code == -ETIMEDOUT || code == -EFBIG || code == -EAGAIN)
			services->silent_until[i] = now + SULK_NS;
		if (!code)
			return;
	}
}

void podman_services_ask(struct podman_services *services, const char *run, const char *id,
	struct container_facts *facts)
{
	struct str whole = *id ? str_from(id) : (struct str){facts->id.data, facts->id.size};
	char text[ID_SIZE + 1], path[PATH_MAX];
	struct podman_asked *asked;
	uint64_t now = clock_now();

	if (whole.size != ID_SIZE || !is_hexadecimal(whole)) /* it goes into a request */
		return;
	snprintf(text, sizeof(text), "%.*s", ID_SIZE, whole.data);
	snprintf(path, sizeof(path), "%s/podman/podman.sock", run);
	add_socket(services, path);
	asked = asked_of(services, text);
	if (asked->until <= now) {
		struct fact_text by_files = facts->pod;

		facts->pod.size = 0;
		ask_all(services, facts, text);
		snprintf(asked->pod, sizeof(asked->pod), "%.*s", (int)facts->pod.size,
			facts->pod.data);
		facts->pod = by_files;
		asked->until = now + ASK_AGAIN_NS;
	}
	if (asked->pod[0])
		set(&facts->pod, str_from(asked->pod));
}

void podman_services_release(struct podman_services *services)
{
	for (size_t i = 0; i < services->count; i++)
		free(services->sockets[i]);
	free(services->asked);
	*services = (struct podman_services){.count = 0};
}
