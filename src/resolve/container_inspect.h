/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What inspect tells of one container: rows of a section, a name and a value.
 *
 * Files of its runtime come first, since they answer when a daemon hangs: Docker's, Podman's, the
 * OCI bundle that containerd, CRI-O, Podman and runc leave, LXC's configuration, nspawn's.  Then
 * the daemon's socket, for what the files lack, and last /proc and the cgroups, which tell of
 * runtimes that nobody knows too.  What is told first counts.  Of environments the names are taken
 * and never the values.  All of it may block and none of it is trusted: called on a worker.
 */
#ifndef RESOLVE_CONTAINER_INSPECT_H
#define RESOLVE_CONTAINER_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "resolve/container_facts.h"

enum inspect_section {
	INSPECT_STATE,
	INSPECT_IMAGE,
	INSPECT_PROCESS,
	INSPECT_LIMITS,
	INSPECT_MOUNTS,
	INSPECT_PORTS,
	INSPECT_NETWORK,
	INSPECT_ENVIRONMENT,
	INSPECT_SECURITY,
	INSPECT_LOG,
	INSPECT_CGROUP,
	INSPECT_NAMESPACES,
	INSPECT_LABELS,
	INSPECT_FILES,
	INSPECT_SECTIONS
};

extern const char *const inspect_section_names[INSPECT_SECTIONS];

struct inspect_row {
	enum inspect_section section;
	uint32_t name, value, end; /* in texts */
};

struct inspect {
	/* Takes secrets out of arguments (NUL behind each); NULL: they are taken as they are. */
	void (*redact)(struct buf *out, struct str arguments);
	struct buf texts;
	struct inspect_row *rows; /* sorted by section when all is told */
	size_t count, capacity;
};

/* Reads all there is of a container; what it is called, and its rows.  inspect_release() after. */
void container_inspect(struct fact_sources *sources, const struct container_wish *wish,
	uint32_t pid1, struct inspect *inspect);
void inspect_release(struct inspect *inspect);

struct str inspect_name(const struct inspect *inspect, size_t row);
struct str inspect_value(const struct inspect *inspect, size_t row);

/* What is asked for of a container that the model knows; container_wish_release() after. */
struct container;
struct model;
void container_wish_for(
	const struct model *model, const struct container *container, struct container_wish *wish);
void container_wish_release(struct container_wish *wish);

/* --- what a runtime left on the disk: container_files.c --- */

enum container_log_format {
	LOG_NONE,
	LOG_DOCKER, /* an object of JSON a line */
	LOG_CRI,    /* "TIME STREAM P|F TEXT" */
	LOG_PLAIN,
};

/* Paths are "" where nothing was found. */
struct container_files {
	char runtime[32];
	char docker[4096]; /* folder of config.v2.json and hostconfig.json */
	char bundle[4096]; /* OCI's config.json */
	char lxc[4096];	   /* lxc.container.conf(5) */
	char nspawn[4096]; /* what systemd-machined tells */
	char log[4096];
	enum container_log_format log_format;
	char log_driver[32];	    /* as the runtime calls it */
	struct buf helper;	    /* arguments of its conmon, shim or nspawn, NUL behind each */
	struct fact_process parent; /* that one */
};

void container_files_find(struct fact_sources *sources, const struct container_wish *wish,
	uint32_t pid1, struct container_files *files);
void container_files_release(struct container_files *files);

/* What is known of it and where its files are; @pid1 where no process is found otherwise. */
void container_look(struct fact_sources *sources, const struct container_wish *wish, uint32_t pid1,
	struct container_facts *facts, struct container_files *files);

/* --- for its own files --- */

/* A row, unless there is one of that section and name.  Texts are cut. */
void inspect_add(
	struct inspect *inspect, enum inspect_section section, struct str name, struct str value);
void inspect_text(struct inspect *inspect, enum inspect_section section, const char *name,
	struct str value); /* none where the value is empty */
void inspect_print(struct inspect *inspect, enum inspect_section section, const char *name,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
bool inspect_has(const struct inspect *inspect, enum inspect_section section);
/* The name of "NAME=VALUE". */
void inspect_variable(struct inspect *inspect, struct str variable);
/* Arguments, NUL behind each, as one line without secrets. */
void inspect_arguments(struct inspect *inspect, enum inspect_section section, const char *name,
	struct str arguments);

/* container_inspect_json.c: Docker's config.v2.json, or the answer of a socket; and a bundle. */
struct json_object;
void inspect_docker(struct inspect *inspect, struct json_object *config, struct json_object *host);
void inspect_bundle(struct inspect *inspect, struct json_object *config);

/* container_inspect_proc.c: what processes and cgroups tell. */
void inspect_process(struct inspect *inspect, const struct containers_roots *roots, uint32_t pid);

/* Limits in force: the smallest of those above, in what /proc/PID/cgroup names. */
void inspect_limits(struct inspect *inspect, const struct containers_roots *roots, uint32_t pid);

#endif
