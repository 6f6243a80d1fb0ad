/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files, processes and daemons tell of a container.  All of it may block and none of it is
 * trusted: called on a worker, of everything at most so much is read, and texts are cut.
 *
 * Files come first, since they answer when a daemon hangs: Docker's and Podman's own, the bundles
 * of containerd and CRI-O, states of runc.  Sockets of daemons are asked for what no file told.
 */
#ifndef RESOLVE_CONTAINER_FACTS_H
#define RESOLVE_CONTAINER_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "record/types.h"

#define FACT_FILE_MAX (1u << 20)
#define FACT_IMAGE_MAX 512
#define FACT_LABELS_MAX 4096
#define FACT_PIDS 64

/* Where things are; each may be another folder in tests. */
struct containers_roots {
	const char *proc, *run, *var_lib;
	const char *cgroup; /* of all hierarchies; NULL: as they are mounted */
};

struct fact_text {
	char data[FACT_IMAGE_MAX];
	size_t size;
};

struct container_wish {
	const char *runtime; /* as the path tells it; "" where the path tells nothing */
	char *id, *path;     /* owned */
	uint32_t hierarchy;
	bool is_free;		  /* a container only if a state or a shim says so */
	bool files_only;	  /* no daemon is asked: it may take half a second to say nothing */
	uint32_t pids[FACT_PIDS]; /* of a pid namespace, where there is no cgroup */
	size_t pid_count;
};

struct container_facts {
	bool found; /* it is a container */
	struct fact_text name, id, runtime, image, pod, pod_namespace, pod_uid;
	char labels[FACT_LABELS_MAX];
	size_t labels_size;
	uint32_t pid1, flags;
	uint64_t pidns, mntns, start, restarts;
	enum container_state state;
};

/* What a worker keeps from one look to the next. */
struct fact_sources;

struct fact_sources *fact_sources_new(const struct containers_roots *roots);
void fact_sources_free(struct fact_sources *sources);

void container_facts_read(struct fact_sources *sources, const struct container_wish *wish,
	struct container_facts *facts);

/* Looks for daemons that run. */
void fact_sources_scan(struct fact_sources *sources);

const struct containers_roots *fact_sources_roots(const struct fact_sources *sources);

/* Folders in which daemons of Docker that run keep their data, and their sockets; NULL: no more. */
const char *fact_sources_docker(const struct fact_sources *sources, size_t number);
const char *fact_sources_socket(const struct fact_sources *sources, size_t number);

/* --- for its own files --- */

/* A regular file of at most FACT_FILE_MAX bytes; false: it is none, or not there. */
bool fact_file(const char *path, struct buf *out);
__attribute__((format(printf, 2, 3))) bool fact_file_at(struct buf *out, const char *format, ...);

/* Whether a word is one of those between commas. */
bool fact_list_has(const char *list, const char *word);

/*
 * Where the hierarchy with that controller of version 1 is mounted; NULL: version 2.  Of several
 * mounts the one that shows most of it.  @is_inside: of process 1 if it may be looked into, since
 * tracetop is in a container.
 */
bool fact_cgroup_mount(
	const char *proc, bool is_inside, const char *controller, char *out, size_t size);
void fact_text_set(struct fact_text *text, const char *data, size_t size, size_t limit);
void fact_label(struct container_facts *facts, struct str name, struct str value);

/* Each takes in what a text of that kind says; false: it is not of that kind. */
bool fact_docker(struct container_facts *facts, struct str json);
bool fact_docker_host(struct container_facts *facts, struct str json);
bool fact_docker_event(struct container_facts *facts, struct str json);
bool fact_podman(struct container_facts *facts, struct str json, struct str id);
void fact_podman_each(struct str json,
	void (*take)(void *arg, struct str id, const struct container_facts *facts), void *arg);
bool fact_bundle(struct container_facts *facts, struct str json);

/* The folder in which Docker keeps files of what is in the bundle; false: it tells none. */
bool fact_bundle_docker(struct str json, const char *id, char *out, size_t size);
bool fact_runc(struct container_facts *facts, struct str json);

/*
 * How often the kubelet started a container anew: its log is
 * /var/log/pods/NAMESPACE_POD_UID/NAME/N.log; containerd is not told, or does not keep it.  @host:
 * before the path.
 */
void fact_pod_logs(struct container_facts *facts, const char *host);

/*
 * GET of a path from a daemon's socket: the body of an answer 200.  Half a second and FACT_FILE_MAX
 * bytes are all it gets.  Returns 0, or a negative errno (-ETIMEDOUT, -EFBIG, -EPROTO, …).
 */
int fact_socket_get(const char *socket_path, const char *request_path, struct buf *body);

/* POST without a body, for which it has five seconds.  Returns the status (204), or as above. */
int fact_socket_post(const char *socket_path, const char *request_path, struct buf *body);

/* Of processes: what is found of those in the wish's cgroup, or of its pids. */
struct fact_process {
	uint32_t pid, parent;
	uint64_t start, pidns, mntns;
	char comm[16];
	bool is_init;	/* 1 in its own pid namespace, which is not the machine's */
	unsigned level; /* of that namespace: how many are above it */
};

bool fact_process_read(const char *proc, uint32_t pid, struct fact_process *out);

/* Inode of a namespace ("pid", "mnt", …) of a process ("1", "self"); 0: it may not be seen. */
uint64_t fact_namespace(const char *proc, const char *pid, const char *kind);

/* As process 1 sees them: also from within a container that may look into it. */
struct containers_roots fact_roots_host(void);

/*
 * Whether a file is not there as the process sees it: links are followed as it follows them.  A
 * process that is gone lacks nothing.
 */
bool fact_process_lacks(const char *proc, uint32_t pid, const char *path);

/* Inodes of the machine's own namespaces: of process 1, or our own where that one hides them. */
void fact_host_namespaces(const char *proc, uint64_t *pidns, uint64_t *mntns);

/* Arguments of a process; count of them.  words[] point into @text. */
size_t fact_cmdline(
	const char *proc, uint32_t pid, struct buf *text, const char **words, size_t limit);

/* What follows an option among words: "-n NAME", "--name NAME", "--name=NAME"; NULL: nothing. */
const char *fact_option(const char *const *words, size_t count, const char *option);

#endif
