/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_stopped.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "record/types.h"
#include "resolve/container_paths.h"
#include "resolve/json.h"

struct listing {
	struct fact_sources *sources;
	void (*take)(void *arg, const struct stopped_container *container);
	void *arg;
	struct stopped_container found; /* the one that is read */
	struct buf text;
	size_t count;
};

static void hand_over(struct listing *listing)
{
	if (listing->count++ < STOPPED_MAX)
		listing->take(listing->arg, &listing->found);
}

static struct stopped_container *begin(struct listing *listing, const char *runtime)
{
	listing->found = (struct stopped_container){.exit_code = -1};
	fact_text_set(&listing->found.facts.runtime, runtime, strlen(runtime), CONTAINER_NAME_MAX);
	return &listing->found;
}

static void set_word(char *out, size_t size, struct str text)
{
	snprintf(out, size, "%.*s", (int)text.size, text.size ? text.data : "");
}

/* A time; one in the year 1 is none. */
static void set_time(char *out, size_t size, struct str text)
{
	if (!str_starts(text, STR("0001-")))
		set_word(out, size, text);
}

/* Calls @each for the name of each entry of a folder that is no file of the file system's own. */
static void each_entry(struct listing *listing, const char *folder,
	void (*each)(struct listing *listing, const char *folder, const char *name))
{
	DIR *entries = opendir(folder);
	struct dirent *entry;

	while (entries && listing->count < STOPPED_MAX && (entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			each(listing, folder, entry->d_name);
	if (entries)
		closedir(entries);
}

/* --- Docker --- */

static void take_docker(struct listing *listing, const char *folder, const char *name)
{
	struct stopped_container *found = begin(listing, "docker");
	struct json_object *object, *running, *code;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/config.v2.json", folder, name) >=
			(int)sizeof(path) ||
		!fact_file(path, &listing->text))
		return;
	object = json_pick(buf_str(&listing->text));
	running = json_pick_member(object, "State.Running");
	code = json_pick_member(object, "State.ExitCode");
	fact_docker(&found->facts, buf_str(&listing->text));
	fact_text_set(&found->facts.id, name, strlen(name), CONTAINER_NAME_MAX);
	set_time(found->created, sizeof(found->created), json_pick_string(object, "Created"));
	set_time(found->started, sizeof(found->started),
		json_pick_string(object, "State.StartedAt"));
	set_time(found->finished, sizeof(found->finished),
		json_pick_string(object, "State.FinishedAt"));
	if (json_object_is_type(code, json_type_int) && *found->finished)
		found->exit_code = json_object_get_int64(code);
	set_word(found->state, sizeof(found->state),
		*found->started ? STR("exited") : STR("created"));
	if (found->facts.name.size && !json_object_get_boolean(running))
		hand_over(listing);
	json_object_put(object);
}

static void list_docker(struct listing *listing)
{
	char folder[PATH_MAX];
	const char *root;

	for (size_t i = 0; (root = fact_sources_docker(listing->sources, i)); i++) {
		snprintf(folder, sizeof(folder), "%s/containers", root);
		each_entry(listing, folder, take_docker);
	}
	snprintf(folder, sizeof(folder), "%s/docker/containers",
		fact_sources_roots(listing->sources)->var_lib);
	each_entry(listing, folder, take_docker);
}

/* --- Podman and CRI-O: a list of all --- */

/* Of a container that was never started there is no specification for its runtime. */
static bool was_started(const char *storage, struct str id)
{
	char path[PATH_MAX];
	struct stat status;

	return snprintf(path, sizeof(path), "%s/%.*s/userdata/config.json", storage, (int)id.size,
		       id.data) < (int)sizeof(path) &&
	       !stat(path, &status);
}

/* What others than Podman and CRI-O store beside theirs has no name of an image. */
static void take_stored(struct listing *listing, const char *storage, struct json_object *entry)
{
	struct json_object *metadata = json_pick(json_pick_string(entry, "metadata")),
			   *names = json_pick_member(entry, "names");
	struct str id = json_pick_string(entry, "id"), pod = json_pick_string(metadata, "pod-name"),
		   image = json_pick_string(metadata, "image-name");
	struct stopped_container *found = begin(listing, pod.size ? "cri-o" : "podman");
	struct str name = json_pick_count(names)
				  ? json_pick_text(json_object_array_get_idx(names, 0))
				  : json_pick_string(metadata, "name");

	fact_text_set(&found->facts.id, id.data, id.size, CONTAINER_NAME_MAX);
	fact_text_set(&found->facts.name, name.data, name.size, CONTAINER_NAME_MAX);
	fact_text_set(&found->facts.image, image.data, image.size, FACT_IMAGE_MAX);
	fact_text_set(&found->facts.pod, pod.data, pod.size, CONTAINER_NAME_MAX);
	set_time(found->created, sizeof(found->created), json_pick_string(entry, "created"));
	set_word(found->state, sizeof(found->state),
		was_started(storage, id) ? STR("exited") : STR("created"));
	if (image.size && id.size && name.size && !memchr(id.data, '/', id.size))
		hand_over(listing);
	json_object_put(metadata);
}

/* @storage: GRAPHROOT/DRIVER-containers. */
static void list_storage(struct listing *listing, const char *storage)
{
	struct json_object *list;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/containers.json", storage) >= (int)sizeof(path) ||
		!fact_file(path, &listing->text))
		return;
	list = json_pick(buf_str(&listing->text));
	for (size_t i = 0; i < json_pick_count(list) && listing->count < STOPPED_MAX; i++)
		take_stored(listing, storage, json_object_array_get_idx(list, i));
	json_object_put(list);
}

static void list_podman(struct listing *listing, char *const *storages)
{
	static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};
	const char *root = fact_sources_roots(listing->sources)->var_lib;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		char path[PATH_MAX];
		bool is_told = false;

		snprintf(path, sizeof(path), "%s/containers/storage/%s-containers", root,
			drivers[i]);
		for (size_t k = 0; storages && storages[k]; k++)
			is_told |= !strcmp(storages[k], path);
		if (!is_told)
			list_storage(listing, path);
	}
	for (size_t i = 0; storages && storages[i]; i++)
		list_storage(listing, storages[i]);
}

/* --- LXC and runc: a folder each --- */

static void take_folder(
	struct listing *listing, const char *runtime, const char *folder, const char *file)
{
	const char *name = strrchr(folder, '/') + 1;
	struct stopped_container *found = begin(listing, runtime);
	char path[PATH_MAX];
	struct stat status;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path) ||
		stat(path, &status) || !S_ISREG(status.st_mode))
		return;
	fact_text_set(&found->facts.id, name, strlen(name), CONTAINER_NAME_MAX);
	fact_text_set(&found->facts.name, name, strlen(name), CONTAINER_NAME_MAX);
	set_word(found->state, sizeof(found->state), STR("stopped"));
	hand_over(listing);
}

static void take_lxc(struct listing *listing, const char *folder, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/%s", folder, name);
	take_folder(listing, "lxc", path, "config");
}

static void take_runc(struct listing *listing, const char *folder, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/%s", folder, name);
	take_folder(listing, "runc", path, "state.json");
}

void containers_stopped(struct fact_sources *sources, char *const *storages,
	void (*take)(void *arg, const struct stopped_container *container), void *arg)
{
	const struct containers_roots *roots = fact_sources_roots(sources);
	struct listing *listing = mem_zalloc(sizeof(*listing));
	char path[PATH_MAX];

	listing->sources = sources;
	listing->take = take;
	listing->arg = arg;
	fact_sources_scan(sources);
	list_docker(listing);
	list_podman(listing, storages);
	snprintf(path, sizeof(path), "%s/lxc", roots->var_lib);
	each_entry(listing, path, take_lxc);
	snprintf(path, sizeof(path), "%s/runc", roots->run);
	each_entry(listing, path, take_runc);
	buf_release(&listing->text);
	free(listing);
}
