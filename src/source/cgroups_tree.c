/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the hierarchies of cgroups are mounted, and which cgroups are in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "source/cgroups_local.h"

static const char *const controllers[TREES] = {[TREE_CPU] = "cpu",
	[TREE_CPUACCT] = "cpuacct",
	[TREE_MEMORY] = "memory",
	[TREE_BLKIO] = "blkio",
	[TREE_PIDS] = "pids"};

/* --- mounts --- */

/* Whether a word stands in a list with commas. */
static bool list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += size)
		if ((at == list || at[-1] == ',') &&
			(!at[size] || at[size] == ',' || at[size] == '\n'))
			return true;
	return false;
}

/* The byte that three octal digits stand for, or -1. */
static int octal(const char *text)
{
	int code = 0;

	for (int i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '7')
			return -1;
		code = code * 8 + (text[i] - '0');
	}
	return code;
}

/* Blanks and the like are \ooo in mountinfo. */
static char *unescape(const char *text)
{
	char *out = mem_strdup(text), *to = out;

	for (const char *at = text; *at; at++) {
		int code = *at == '\\' ? octal(at + 1) : -1;

		*to++ = code < 0 ? *at : (char)code;
		at += code < 0 ? 0 : 3;
	}
	*to = '\0';
	return out;
}

/* Of several mounts of a hierarchy, the one that shows most of it is taken. */
static void set_mount(struct cgroup_mounts *mounts, enum cgroup_tree tree, const char *root,
	const char *where, int *above)
{
	int this_above = fs_cgroups_above(root);

	if (mounts->path[tree] && above[tree] >= this_above)
		return;
	free(mounts->path[tree]);
	mounts->path[tree] = unescape(where);
	above[tree] = this_above;
}

/* proc_pid_mountinfo(5): "ID PARENT DEV ROOT WHERE OPTIONS … - TYPE SOURCE OPTIONS". */
static void take_mount(struct cgroup_mounts *mounts, char *line, int *above)
{
	char *words[6] = {0}, *behind = strstr(line, " - "), *type;
	const char *options;

	if (!behind)
		return;
	*behind = '\0';
	behind += 3;
	type = strsep(&behind, " ");
	strsep(&behind, " ");
	options = behind ? behind : "";
	for (size_t i = 0; i < 6 && line; i++)
		words[i] = strsep(&line, " ");
	if (!words[4])
		return;
	if (!strcmp(type, "cgroup2"))
		set_mount(mounts, TREE_V2, words[3], words[4], above);
	if (strcmp(type, "cgroup"))
		return;
	for (enum cgroup_tree i = TREE_CPU; i < TREES; i++)
		if (list_has(options, controllers[i]))
			set_mount(mounts, i, words[3], words[4], above);
}

/* The hierarchy of a controller: the second column of cgroups(7); 0: version 2, or none. */
static uint32_t hierarchy_of(const char *table, const char *controller)
{
	char name[32];
	const char *at;

	snprintf(name, sizeof(name), "\n%s\t", controller);
	at = strstr(table, name);
	return at ? (uint32_t)strtoul(at + strlen(name), NULL, 10) : 0;
}

void cgroup_mounts_find(struct cgroup_mounts *mounts, const char *mountinfo, const char *cgroups)
{
	static const enum cgroup_tree told[] = {TREE_PIDS, TREE_MEMORY, TREE_CPU};
	struct buf text = {0};
	int above[TREES] = {0};
	char *rest, *line;

	*mounts = (struct cgroup_mounts){.v1 = TREE_V2};
	if (!fs_read(mountinfo, &text, 4 << 20, NULL)) {
		rest = text.data;
		while (rest && (line = strsep(&rest, "\n")))
			take_mount(mounts, line, above);
	}
	buf_clear(&text);
	if (!fs_read(cgroups, &text, 65536, NULL) && text.size) {
		/* The same choice as for tasks: usage_bpf.c. */
		for (size_t i = 0; i < 3 && !mounts->v1_hierarchy; i++) {
			mounts->v1_hierarchy = hierarchy_of(text.data, controllers[told[i]]);
			if (mounts->v1_hierarchy)
				mounts->v1 = told[i];
		}
	}
	buf_release(&text);
}

void cgroup_mounts_find_host(struct cgroup_mounts *mounts)
{
	char root[FS_ROOT_MAX];

	fs_root_of(1, root); /* elsewhere, mounts of the machine's are among ours */
	cgroup_mounts_find(
		mounts, root[0] ? "/proc/1/mountinfo" : "/proc/self/mountinfo", "/proc/cgroups");
	for (size_t i = 0; root[0] && i < TREES; i++) {
		char *path = mounts->path[i];

		if (!path)
			continue;
		mounts->path[i] = mem_printf("%s%s", root, path);
		free(path);
	}
}

void cgroup_mounts_release(struct cgroup_mounts *mounts)
{
	for (size_t i = 0; i < TREES; i++)
		free(mounts->path[i]);
	*mounts = (struct cgroup_mounts){0};
}

/* --- walking --- */

struct walking {
	struct cgroup_walk *walk;
	uint32_t hierarchy;
	char path[4096];
};

/* A cgroup's id is the inode of its folder: kernfs, since Linux 5.5. */
static uint64_t add_cgroup(struct walking *walking, int folder, size_t size, uint64_t parent)
{
	struct cgroup_walk *walk = walking->walk;
	struct stat st;

	if (fstat(folder, &st))
		return 0;
	walk->found = mem_grow(walk->found, &walk->capacity, walk->count + 1, sizeof(*walk->found));
	walk->found[walk->count++] = (struct cgroup_found){.id = st.st_ino,
		.parent = parent,
		.hierarchy = walking->hierarchy,
		.path = (uint32_t)walk->paths.size,
		.size = size ? (uint32_t)size : 1};
	if (size)
		buf_add(&walk->paths, walking->path, size);
	else
		buf_add_char(&walk->paths, '/');
	return st.st_ino;
}

/* The link count of a folder of kernfs is that of its folders, plus 2: leaves are not read. */
static bool has_folders(int folder)
{
	struct stat st;

	return fstat(folder, &st) || st.st_nlink != 2;
}

static void walk_folder(
	struct walking *walking, int folder, size_t size, uint64_t parent, int depth)
{
	uint64_t id = add_cgroup(walking, folder, size, parent);
	DIR *entries = has_folders(folder) ? fdopendir(folder) : NULL;
	struct dirent *entry;

	if (!entries) {
		close(folder);
		return;
	}
	while ((entry = readdir(entries))) {
		size_t more = strlen(entry->d_name);
		int child;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
			!strcmp(entry->d_name, ".."))
			continue;
		if (depth >= CGROUP_DEPTH || walking->walk->count >= CGROUPS_MAX ||
			size + more + 2 > sizeof(walking->path)) {
			walking->walk->cut = true;
			break;
		}
		child = openat(dirfd(entries), entry->d_name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue;
		walking->path[size] = '/';
		memcpy(walking->path + size + 1, entry->d_name, more);
		walk_folder(walking, child, size + more + 1, id, depth + 1);
	}
	closedir(entries);
}

void cgroup_walk_tree(struct cgroup_walk *walk, const char *root, uint32_t hierarchy)
{
	struct walking walking = {.walk = walk, .hierarchy = hierarchy};
	int folder = root ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (folder >= 0)
		walk_folder(&walking, folder, 0, 0, 0);
}

void cgroup_walk_release(struct cgroup_walk *walk)
{
	free(walk->found);
	buf_release(&walk->paths);
	*walk = (struct cgroup_walk){0};
}
