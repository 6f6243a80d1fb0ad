/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the cgroups that are there at the start: a walk of the tree, on the worker. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/worker.h"
#include "source/sampler_local.h"

#define CGROUPS_MAX 65536
#define DEPTH_MAX 64

struct cgroup_walk {
	struct job job;
	struct sampler *sampler;
	struct found_cgroup {
		uint64_t id;
		uint32_t path, size; /* in paths */
	} * found;
	size_t count, capacity;
	struct buf paths;
};

/* Where cgroup v2 is mounted (mountinfo(5): the type stands behind " - "); false: nowhere. */
static bool find_mount(char *path, size_t size)
{
	struct buf text = {0};
	bool found = false;
	char *rest, *line;

	if (fs_read("/proc/self/mountinfo", &text, 4 << 20, NULL)) {
		buf_release(&text);
		return false;
	}
	rest = text.data;
	while (!found && rest && (line = strsep(&rest, "\n"))) {
		char *at;

		if (!strstr(line, " - cgroup2 "))
			continue;
		/* The fifth word is the mount point. */
		for (int word = 0; word < 4 && line; word++)
			line = strchr(line, ' ') ? strchr(line, ' ') + 1 : NULL;
		at = line ? strchr(line, ' ') : NULL;
		if (!at || (size_t)(at - line) >= size)
			continue;
		memcpy(path, line, (size_t)(at - line));
		path[at - line] = '\0';
		found = true;
	}
	buf_release(&text);
	return found;
}

/* A cgroup's id is the inode of its folder: kernfs, since Linux 5.5. */
static void add_cgroup(struct cgroup_walk *walk, int folder, const char *path)
{
	struct stat st;

	if (fstat(folder, &st))
		return;
	walk->found = mem_grow(walk->found, &walk->capacity, walk->count + 1, sizeof(*walk->found));
	walk->found[walk->count++] = (struct found_cgroup){
		st.st_ino, (uint32_t)walk->paths.size, (uint32_t)strlen(path)};
	buf_add_text(&walk->paths, path);
}

static void walk_folder(struct cgroup_walk *walk, int folder, char *path, size_t size, int depth)
{
	DIR *entries = fdopendir(folder);
	struct dirent *entry;

	if (!entries) {
		close(folder);
		return;
	}
	add_cgroup(walk, folder, size ? path : "/");
	while (depth < DEPTH_MAX && walk->count < CGROUPS_MAX && (entry = readdir(entries))) {
		size_t more = strlen(entry->d_name);
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || size + more + 2 > 4096)
			continue;
		child = openat(dirfd(entries), entry->d_name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue;
		path[size] = '/';
		memcpy(path + size + 1, entry->d_name, more + 1);
		walk_folder(walk, child, path, size + more + 1, depth + 1);
		path[size] = '\0';
	}
	closedir(entries);
}

static void walk_run(struct job *job)
{
	struct cgroup_walk *walk = (struct cgroup_walk *)job;
	char mount[4096], path[4096] = "";
	int root = find_mount(mount, sizeof(mount))
			   ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			   : -1;

	if (root >= 0)
		walk_folder(walk, root, path, 0, 0);
}

static void walk_done(struct job *job)
{
	struct cgroup_walk *walk = (struct cgroup_walk *)job;
	uint64_t now = clock_now();

	for (size_t i = 0; i < walk->count; i++)
		recording_append(walk->sampler->recording,
			&(struct record){.type = RECORD_CGROUP,
				.time = now,
				.flags = RECORD_SNAPSHOT,
				.name = {walk->paths.data + walk->found[i].path,
					walk->found[i].size},
				.nums = (uint64_t[CGROUP_NUMS]){[CGROUP_ID] = walk->found[i].id}});
	free(walk->found);
	buf_release(&walk->paths);
	free(walk);
}

void sampler_find_cgroups(struct sampler *sampler)
{
	struct cgroup_walk *walk = mem_zalloc(sizeof(*walk));

	walk->job.run = walk_run;
	walk->job.done = walk_done;
	walk->sampler = sampler;
	worker_post(sampler->worker, &walk->job);
}
