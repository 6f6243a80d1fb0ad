/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only Podman has: pods of its own, and a service that knows labels.
 *
 * Names of pods stand in a database alone.  In the files, a pod is the container that holds it
 * together: named after the first digits of the pod's id, and with the pod's name for a host name
 * unless another was wished for.  Where the service runs, it says how the pod is called.
 */
#ifndef RESOLVE_CONTAINER_PODMAN_H
#define RESOLVE_CONTAINER_PODMAN_H

#include "resolve/container_facts.h"

/*
 * Lists of all containers, as they were read: one file tells of all of them, and is read and taken
 * apart again only when it has changed.  Zeroed: none is known.
 */
#define PODMAN_LISTS 4

struct podman_entry {
	char id[64];
	uint32_t name, name_size, image, image_size; /* in texts */
};

struct podman_lists {
	struct podman_list {
		char *path;
		uint64_t dev, inode, size, changed;
		struct podman_entry *entries;
		size_t count, capacity;
		struct buf texts;
	} lists[PODMAN_LISTS];
	size_t next; /* that gives way to another */
};

/* Name and image by a list; false: it is not in there. */
bool podman_lists_find(struct podman_lists *lists, const char *path, const char *id,
	struct container_facts *facts);
void podman_lists_release(struct podman_lists *lists);

/*
 * The pod of a container by its files.  @folder: with a folder for each container, the list of all
 * beside them; @path: of its cgroup, or NULL.
 */
void podman_pod(struct podman_lists *lists, struct container_facts *facts, const char *folder,
	const char *id, const char *path);

/* Sockets of services, and what they said. */
#define PODMAN_SERVICES 8

struct podman_services {
	char *sockets[PODMAN_SERVICES];
	uint64_t silent_until[PODMAN_SERVICES]; /* who did not answer is left alone for a while */
	size_t count;
	struct podman_asked *asked; /* a ring */
	size_t asked_count, asked_at;
};

/* Arguments of a process that may be a service: "podman system service unix://PATH". */
void podman_services_take(struct podman_services *services, const char *const *words, size_t count);

/*
 * Labels, restarts and how its pod is called, which no file tells and which seldom change: asked
 * once a minute.  @id: "": that of the facts.  @run: where the usual socket is.
 */
void podman_services_ask(struct podman_services *services, const char *run, const char *id,
	struct container_facts *facts);
void podman_services_release(struct podman_services *services);

/* --- for its own files and tests --- */

/* A bundle: host name, and the id of the container that holds the pod together, or empty. */
bool podman_bundle(struct str json, struct fact_text *host, struct fact_text *sandbox);

/* What the service lists of one container. */
bool podman_listed(struct container_facts *facts, struct str json, struct str id);

#endif
