/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/users.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_facts.h"

#define LOOK_NS NS_PER_S
#define USER_NAME_MAX 256
#define PASSWD_MAX (1u << 20)
#define ASKED_MAX 65536 /* users that live; whoever makes more goes without names */
#define PENDING_MAX 8
#define THREADS 2 /* a name service that hangs does not hold up the others */
#define UNMAPPED UINT32_MAX

struct asked {
	uint32_t uid;
	uint32_t kick; /* number of the last one that met it */
	uint32_t gone; /* the process that was to lead there and did not; or 0 */
	uint64_t mntns;
};

struct user_names {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	const char *proc;
	uint64_t host_mntns, due;
	struct asked *asked;
	size_t asked_count, asked_capacity;
	struct index by_user;
	uint32_t kicks;
	size_t pending;
};

struct user_job {
	struct job job;
	struct user_names *names;
	const char *proc;
	uint32_t uid, pid;
	uint64_t mntns; /* 0: the machine's own */
	bool told;	/* even that it has no name */
	bool gone;	/* the process that was to lead there */
	char name[USER_NAME_MAX];
	size_t size;
};

static uint64_t mount_namespace(const char *proc, uint32_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", pid);
	return fact_namespace(proc, number, "mnt");
}

/* --- on the worker --- */

static void take_name(struct user_job *job, const char *name, size_t size)
{
	job->told = true;
	job->size = size < USER_NAME_MAX ? size : USER_NAME_MAX;
	memcpy(job->name, name, job->size);
}

static void ask_library(struct user_job *job)
{
	struct passwd entry, *found = NULL;
	char room[16384];

	if (!getpwuid_r(job->uid, &entry, room, sizeof(room), &found) && found)
		take_name(job, found->pw_name, strlen(found->pw_name));
}

/* The file as who lives there sees it; nothing there leads outside, and nothing is waited for. */
static int open_inside(const char *proc, uint32_t pid)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_IN_ROOT};
	char path[4096];
	struct stat status;
	int root, fd;

	snprintf(path, sizeof(path), "%s/%u/root", proc, pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, "etc/passwd", &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(root);
	if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* user_namespaces(7): what the number is called inside, by lines "INSIDE OUTSIDE COUNT". */
static uint32_t find_in_map(char *text, uint32_t uid)
{
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		unsigned long inside, outside, count;

		if (sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 && uid >= outside &&
			uid - outside < count)
			return (uint32_t)(inside + (uid - outside));
	}
	return UNMAPPED;
}

static uint32_t uid_inside(const char *proc, uint32_t pid, uint32_t uid)
{
	struct buf text = {0};
	char path[4096];
	uint32_t found = UNMAPPED;

	snprintf(path, sizeof(path), "%s/%u/uid_map", proc, pid);
	if (!fs_read(path, &text, 65536, NULL) && text.size)
		found = find_in_map(text.data, uid);
	buf_release(&text);
	return found;
}

/* "name:x:UID:…" */
static void find_in_passwd(struct user_job *job, char *text, uint32_t uid)
{
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		char *name = strsep(&line, ":"), *number, *end;

		strsep(&line, ":");
		number = strsep(&line, ":");
		if (!number || !*number || !*name)
			continue;
		if (strtoul(number, &end, 10) == uid && !*end) {
			take_name(job, name, strlen(name));
			return;
		}
	}
}

static bool has_own_root(const char *proc, uint32_t pid)
{
	char path[4096];
	struct stat host, own;

	snprintf(path, sizeof(path), "%s/%u/root/", proc, pid);
	return !stat("/", &host) && !stat(path, &own) &&
	       (host.st_dev != own.st_dev || host.st_ino != own.st_ino);
}

/* With a root of its own, the machine's name for the number is wrong, so that none is an answer. */
static void ask_inside(struct user_job *job)
{
	struct buf text = {0};
	uint32_t uid;
	int fd;

	/* The process may be another one by now. */
	job->gone = mount_namespace(job->proc, job->pid) != job->mntns;
	if (job->gone)
		return;
	uid = uid_inside(job->proc, job->pid, job->uid);
	fd = open_inside(job->proc, job->pid);
	if (uid != UNMAPPED && fd >= 0 && !fs_read_fd(fd, &text, PASSWD_MAX) && text.size)
		find_in_passwd(job, text.data, uid);
	if (!job->told)
		job->told = has_own_root(job->proc, job->pid);
	if (fd >= 0)
		close(fd);
	buf_release(&text);
}

static void user_run(struct job *job)
{
	struct user_job *user = (struct user_job *)job;

	if (user->mntns)
		ask_inside(user);
	else
		ask_library(user);
}

/* --- on the loop --- */

static bool asked_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct asked *have = &((const struct user_names *)owner)->asked[entry];
	const struct asked *key = wanted;

	return have->uid == key->uid && have->mntns == key->mntns;
}

static uint64_t asked_hash(const struct asked *asked)
{
	return hash_two(asked->uid, asked->mntns);
}

static uint32_t find_asked(const struct user_names *names, const struct asked *key)
{
	return index_find(&names->by_user, asked_hash(key), asked_is, names, key);
}

static void forget(struct user_names *names, uint32_t at)
{
	uint32_t last = (uint32_t)--names->asked_count;

	index_remove(&names->by_user, asked_hash(&names->asked[at]), at);
	if (at == last)
		return;
	index_remove(&names->by_user, asked_hash(&names->asked[last]), last);
	names->asked[at] = names->asked[last];
	index_add(&names->by_user, asked_hash(&names->asked[at]), at);
}

/* The inode of a namespace in which nobody lives any more is soon that of another one. */
static void forget_unmet(struct user_names *names)
{
	for (uint32_t i = (uint32_t)names->asked_count; i-- > 0;)
		if (names->asked[i].mntns && names->asked[i].kick != names->kicks)
			forget(names, i);
}

static void user_done(struct job *job)
{
	struct user_job *user = (struct user_job *)job;
	struct user_names *names = user->names;
	uint64_t nums[USER_NUMS] = {[USER_UID] = user->uid, [USER_NAMESPACE] = user->mntns};
	uint32_t at = find_asked(names, &(struct asked){.uid = user->uid, .mntns = user->mntns});

	names->pending--;
	if (user->told)
		recording_append(names->recording, &(struct record){.type = RECORD_USER,
							   .time = clock_now(),
							   .name = {user->name, user->size},
							   .nums = nums});
	else if (user->gone && at != INDEX_NONE) /* another process may lead there */
		names->asked[at].gone = user->pid;
	free(user);
}

static void post(struct user_names *names, const struct asked *key, uint32_t pid)
{
	struct user_job *job = mem_zalloc(sizeof(*job));

	job->job.run = user_run;
	job->job.done = user_done;
	job->names = names;
	job->proc = names->proc;
	job->uid = key->uid;
	job->mntns = key->mntns;
	job->pid = pid;
	names->pending++;
	worker_post(names->worker, &job->job);
}

static void ask(struct user_names *names, struct asked key, uint32_t pid)
{
	uint32_t at = find_asked(names, &key);
	struct asked *known = at == INDEX_NONE ? NULL : &names->asked[at];

	if (known)
		known->kick = names->kicks;
	if ((known && (!known->gone || known->gone == pid)) || names->pending >= PENDING_MAX ||
		(!known && names->asked_count >= ASKED_MAX))
		return;
	if (known) {
		known->gone = 0;
	} else {
		key.kick = names->kicks;
		names->asked = mem_grow(names->asked, &names->asked_capacity,
			names->asked_count + 1, sizeof(*names->asked));
		index_add(&names->by_user, asked_hash(&key), (uint32_t)names->asked_count);
		names->asked[names->asked_count++] = key;
	}
	post(names, &key, pid);
}

static void ask_for_task(void *arg, struct task *task)
{
	struct user_names *names = arg;
	bool is_host = !task->mntns || task->mntns == names->host_mntns;

	if (!task->uid || task->thread.tid != task->thread.tgid)
		return;
	ask(names, (struct asked){.uid = task->uid - 1, .mntns = is_host ? 0 : task->mntns},
		task->thread.tgid);
	/* One with the machine's root is called by the machine's names where its file says none. */
	if (!is_host)
		ask(names, (struct asked){.uid = task->uid - 1}, task->thread.tgid);
}

void user_names_kick(struct user_names *names)
{
	uint64_t now = clock_now();

	if (now < names->due)
		return;
	/* What did not find room is asked for at the next tick. */
	names->due = now + LOOK_NS;
	names->kicks++;
	tasks_each_alive(&names->model->tasks, ask_for_task, names);
	forget_unmet(names);
	if (names->pending >= PENDING_MAX)
		names->due = now;
}

bool user_names_settle(struct user_names *names, int timeout_ms)
{
	uint64_t end = clock_now() + (uint64_t)timeout_ms * NS_PER_MS;

	do {
		names->due = 0;
		user_names_kick(names);
		if (!names->pending)
			return true;
		worker_finish(names->worker, 20);
	} while (clock_now() < end);
	return false;
}

struct user_names *user_names_new(
	struct loop *loop, struct recording *recording, struct model *model, const char *proc)
{
	struct user_names *names = mem_zalloc(sizeof(*names));
	uint64_t pidns;

	names->loop = loop;
	names->recording = recording;
	names->model = model;
	names->proc = proc;
	names->worker = worker_new(loop, "tracetop-users", THREADS, true);
	fact_host_namespaces(proc, &pidns, &names->host_mntns);
	return names;
}

void user_names_free(struct user_names *names)
{
	if (!names)
		return;
	worker_free(names->worker, true);
	free(names->asked);
	index_release(&names->by_user);
	free(names);
}
