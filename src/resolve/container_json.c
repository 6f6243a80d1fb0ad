/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of runtimes: JSON that others wrote, of which a few texts and numbers are taken. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/container_facts.h"
#include "resolve/container_paths.h"
#include "resolve/json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define LOGS_MAX 256 /* files of a container, old and compressed ones too */

/* What a later file does not tell stays as an earlier one told it. */
static void set(struct fact_text *to, struct str text, size_t limit)
{
	if (text.size)
		fact_text_set(to, text.data, text.size, limit);
}

static void set_name(struct container_facts *facts, struct str name)
{
	if (name.size && name.data[0] == '/')
		name = (struct str){name.data + 1, name.size - 1};
	set(&facts->name, name, CONTAINER_NAME_MAX);
}

/* --- what Kubernetes and others write as labels and annotations --- */

enum where {
	TO_NAME,
	TO_IMAGE,
	TO_POD,
	TO_POD_NAMESPACE,
	TO_POD_UID,
	TO_SANDBOX,
	TO_RESTARTS,
	TO_ATTEMPT,
};

static const struct {
	const char *key;
	enum where to;
} known[] = {
	{"io.kubernetes.cri.container-name", TO_NAME},
	{"io.kubernetes.cri.image-name", TO_IMAGE},
	{"io.kubernetes.cri.sandbox-name", TO_POD},
	{"io.kubernetes.cri.sandbox-namespace", TO_POD_NAMESPACE},
	{"io.kubernetes.cri.sandbox-uid", TO_POD_UID},
	{"io.kubernetes.cri.container-type", TO_SANDBOX},
	{"io.kubernetes.container.name", TO_NAME},
	{"io.kubernetes.pod.name", TO_POD},
	{"io.kubernetes.pod.namespace", TO_POD_NAMESPACE},
	{"io.kubernetes.pod.uid", TO_POD_UID},
	{"io.kubernetes.cri-o.ImageName", TO_IMAGE},
	{"io.kubernetes.cri-o.ContainerType", TO_SANDBOX},
	{"io.kubernetes.docker.type", TO_SANDBOX},
	{"io.kubernetes.container.restartCount", TO_RESTARTS},
	{"annotation.io.kubernetes.container.restartCount", TO_RESTARTS},
	{"io.kubernetes.cri-o.Metadata", TO_ATTEMPT},
	{"nerdctl/name", TO_NAME},
};

static void set_restarts(struct container_facts *facts, int64_t restarts)
{
	if (restarts > 0 && (uint64_t)restarts > facts->restarts)
		facts->restarts = (uint64_t)restarts;
}

/* {"name": …, "attempt": N}: the first one is attempt 0. */
static int64_t attempt_of(struct str json)
{
	struct json_object *object = json_pick(json);
	int64_t attempt = json_object_get_int64(json_pick_member(object, "attempt"));

	json_object_put(object);
	return attempt;
}

static void take_known(struct container_facts *facts, enum where to, struct str value)
{
	switch (to) {
	case TO_NAME:
		set_name(facts, value);
		break;
	case TO_IMAGE:
		set(&facts->image, value, FACT_IMAGE_MAX);
		break;
	case TO_POD:
		set(&facts->pod, value, CONTAINER_NAME_MAX);
		break;
	case TO_POD_NAMESPACE:
		set(&facts->pod_namespace, value, CONTAINER_NAME_MAX);
		break;
	case TO_POD_UID:
		set(&facts->pod_uid, value, 64);
		break;
	case TO_SANDBOX:
		if (str_equal(value, STR("sandbox")) || str_equal(value, STR("podsandbox")))
			facts->flags |= CONTAINER_SANDBOX;
		break;
	case TO_RESTARTS: /* ends with a NUL, as texts of json-c do */
		set_restarts(facts, strtoll(value.data, NULL, 10));
		break;
	case TO_ATTEMPT:
		set_restarts(facts, attempt_of(value));
		break;
	}
}

/* Labels are taken anew: those of a look before are not added to. */
static void take_labels(struct container_facts *facts, struct json_object *labels)
{
	if (!json_object_is_type(labels, json_type_object))
		return;
	facts->labels_size = 0;
	json_object_object_foreach(labels, key, value)
	{
		struct str text = json_pick_text(value);

		for (size_t i = 0; i < COUNT(known); i++)
			if (!strcmp(key, known[i].key))
				take_known(facts, known[i].to, text);
		fact_label(facts, str_from(key), text);
	}
}

/* --- Docker --- */

static enum container_state docker_state(struct json_object *state)
{
	struct json_object *running = json_pick_member(state, "Running"),
			   *paused = json_pick_member(state, "Paused");

	if (!running)
		return CONTAINER_UNKNOWN;
	if (json_object_get_boolean(paused))
		return CONTAINER_PAUSED;
	return json_object_get_boolean(running) ? CONTAINER_RUNNING : CONTAINER_CREATED;
}

bool fact_docker(struct container_facts *facts, struct str json)
{
	struct json_object *object = json_pick(json), *config = json_pick_member(object, "Config"),
			   *host = json_pick_member(object, "HostConfig"),
			   *restarts = json_pick_member(object, "RestartCount");
	struct str name = json_pick_text(json_pick_member(object, "Name"));

	if (name.size) {
		facts->found = true;
		set_name(facts, name);
		set(&facts->image, json_pick_text(json_pick_member(config, "Image")),
			FACT_IMAGE_MAX);
		facts->state = docker_state(json_pick_member(object, "State"));
		if (json_object_is_type(restarts, json_type_int) &&
			json_object_get_int64(restarts) > 0)
			facts->restarts = (uint64_t)json_object_get_int64(restarts);
		if (json_object_get_boolean(json_pick_member(host, "Privileged")))
			facts->flags |= CONTAINER_PRIVILEGED;
		take_labels(facts, json_pick_member(config, "Labels"));
	}
	json_object_put(object);
	return name.size > 0;
}

bool fact_docker_host(struct container_facts *facts, struct str json)
{
	struct json_object *object = json_pick(json);
	bool is = object != NULL;

	if (json_object_get_boolean(json_pick_member(object, "Privileged")))
		facts->flags |= CONTAINER_PRIVILEGED;
	json_object_put(object);
	return is;
}

/* Of what is gone, events are kept for a while; the first of several. */
bool fact_docker_event(struct container_facts *facts, struct str json)
{
	struct json_object *object = json_pick(json),
			   *told = json_pick_member(
				   json_pick_member(object, "Actor"), "Attributes");
	struct str name = json_pick_text(json_pick_member(told, "name"));

	if (name.size) {
		facts->found = true;
		set_name(facts, name);
		set(&facts->image, json_pick_text(json_pick_member(told, "image")), FACT_IMAGE_MAX);
	}
	json_object_put(object);
	return name.size > 0;
}

/* --- Podman: one list of all --- */

static void take_podman(struct container_facts *facts, struct json_object *entry)
{
	struct json_object *names = json_pick_member(entry, "names"),
			   *metadata = json_pick(
				   json_pick_text(json_pick_member(entry, "metadata")));

	facts->found = true;
	if (json_object_is_type(names, json_type_array) && json_object_array_length(names))
		set_name(facts, json_pick_text(json_object_array_get_idx(names, 0)));
	set(&facts->image, json_pick_text(json_pick_member(metadata, "image-name")),
		FACT_IMAGE_MAX);
	if (!facts->name.size)
		set_name(facts, json_pick_text(json_pick_member(metadata, "name")));
	json_object_put(metadata);
}

void fact_podman_each(struct str json,
	void (*take)(void *arg, struct str id, const struct container_facts *facts), void *arg)
{
	struct json_object *list = json_pick(json);
	struct container_facts facts;

	for (size_t i = 0;
		json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
		i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		facts = (struct container_facts){.state = CONTAINER_UNKNOWN};
		take_podman(&facts, entry);
		take(arg, json_pick_text(json_pick_member(entry, "id")), &facts);
	}
	json_object_put(list);
}

bool fact_podman(struct container_facts *facts, struct str json, struct str id)
{
	struct json_object *list = json_pick(json);
	bool is = false;

	if (json_object_is_type(list, json_type_array))
		for (size_t i = 0; i < json_object_array_length(list) && !is; i++) {
			struct json_object *entry = json_object_array_get_idx(list, i);

			is = str_equal(json_pick_text(json_pick_member(entry, "id")), id);
			if (is)
				take_podman(facts, entry);
		}
	json_object_put(list);
	return is;
}

/* --- OCI: config.json of a bundle, state.json of runc --- */

bool fact_bundle(struct container_facts *facts, struct str json)
{
	struct json_object *object = json_pick(json);
	bool is = json_pick_member(object, "ociVersion") || json_pick_member(object, "process");

	if (is) {
		facts->found = true;
		take_labels(facts, json_pick_member(object, "annotations"));
	}
	json_object_put(object);
	return is;
}

/* Docker lays files of its own over some in the container: "ROOT/containers/ID/hostname". */
bool fact_bundle_docker(struct str json, const char *id, char *out, size_t size)
{
	struct json_object *object = json_pick(json), *mounts = json_pick_member(object, "mounts");
	size_t count = json_object_is_type(mounts, json_type_array)
			       ? json_object_array_length(mounts)
			       : 0;
	bool is = false;

	for (size_t i = 0; i < count && !is; i++) {
		struct str source = json_pick_text(
			json_pick_member(json_object_array_get_idx(mounts, i), "source"));
		const char *at = strstr(source.data, "/containers/");

		if (!at || strncmp(at + 12, id, strlen(id)) || at[12 + strlen(id)] != '/')
			continue;
		is = snprintf(out, size, "%.*s", (int)(at - source.data), source.data) < (int)size;
	}
	json_object_put(object);
	return is;
}

bool fact_runc(struct container_facts *facts, struct str json)
{
	struct json_object *object = json_pick(json), *id = json_pick_member(object, "id");
	bool is = json_pick_text(id).size > 0;

	facts->found |= is;
	json_object_put(object);
	return is;
}

/* --- the kubelet's logs --- */

static bool is_plain(const struct fact_text *text)
{
	return text->size && !memchr(text->data, '/', text->size) &&
	       !memchr(text->data, '\0', text->size) && text->data[0] != '.';
}

void fact_pod_logs(struct container_facts *facts, const char *host)
{
	const struct fact_text *space = &facts->pod_namespace, *pod = &facts->pod,
			       *uid = &facts->pod_uid, *name = &facts->name;
	unsigned left = LOGS_MAX;
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *folder;

	if (!is_plain(space) || !is_plain(pod) || !is_plain(uid) || !is_plain(name))
		return;
	snprintf(path, sizeof(path), "%s/var/log/pods/%.*s_%.*s_%.*s/%.*s", host, (int)space->size,
		space->data, (int)pod->size, pod->data, (int)uid->size, uid->data, (int)name->size,
		name->data);
	folder = opendir(path);
	while (folder && left-- && (entry = readdir(folder))) {
		char *end;
		long long number = strtoll(entry->d_name, &end, 10);

		if (end != entry->d_name && !strcmp(end, ".log") && number < INT32_MAX)
			set_restarts(facts, number);
	}
	if (folder)
		closedir(folder);
}
