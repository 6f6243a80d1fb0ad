/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define FS_NAME 160 /* of a path in a message */

int fs_read_fd(int fd, struct buf *out, size_t limit)
{
	for (;;) {
		size_t room = out->size < 4096 ? 4096 : out->size;
		ssize_t got;
		char *end;

		if (out->size > limit)
			return -EFBIG;
		end = buf_reserve(out, room);
		*end = '\0'; /* also where there is nothing */
		got = read(fd, end, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		out->size += (size_t)got;
		out->data[out->size] = '\0';
	}
}

int fs_read(const char *path, struct buf *out, size_t limit, struct error *error)
{
	char name[FS_NAME];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int code;

	if (fd < 0)
		return error_set(error, -errno, "cannot open '%s': %s",
			text_escape_into(name, sizeof(name), path), strerror(errno));
	code = fs_read_fd(fd, out, limit);
	close(fd);
	if (code == -EFBIG)
		return error_set(error, code, "'%s' is longer than %zu bytes",
			text_escape_into(name, sizeof(name), path), limit);
	if (code)
		return error_set(error, code, "cannot read '%s': %s",
			text_escape_into(name, sizeof(name), path), strerror(-code));
	return 0;
}

int fs_read_i64(const char *path, int64_t *value)
{
	struct buf text = {0};
	int code = fs_read(path, &text, 64, NULL);
	char *end;

	if (!code) {
		errno = 0;
		*value = strtoll(text.data ? text.data : "", &end, 0);
		if (errno || !text.data || end == text.data)
			code = -EINVAL;
	}
	buf_release(&text);
	return code;
}

int fs_read_full(int fd, void *data, size_t size, uint64_t offset)
{
	char *at = data;

	while (size) {
		ssize_t got = pread(fd, at, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -EPIPE;
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int fs_write_full(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t put = write(fd, at, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		size -= (size_t)put;
	}
	return 0;
}

/* Whether nobody but root and, unless this is root, the user himself could have written it. */
static int fs_check_owner(
	const struct stat *st, const char *what, const char *path, struct error *error)
{
	char name[FS_NAME];
	uid_t self = geteuid();

	if (st->st_uid != 0 && st->st_uid != self)
		return error_set(error, -EPERM, "%s '%s' belongs to user %u: not trusted", what,
			text_escape_into(name, sizeof(name), path), st->st_uid);
	/* A sticky folder (/tmp) lets others create names, not replace this one's. */
	if ((st->st_mode & 022) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)))
		return error_set(error, -EPERM,
			"%s '%s' has mode %04o, others may write it: not trusted", what,
			text_escape_into(name, sizeof(name), path), st->st_mode & 07777);
	return 0;
}

int fs_open_trusted(const char *path, struct error *error)
{
	char name[FS_NAME];
	char *copy = mem_strdup(path);
	char *folder = dirname(copy);
	struct stat st;
	int fd = -1, code;

	if (stat(folder, &st)) {
		code = error_set(error, -errno, "cannot look at '%s': %s",
			text_escape_into(name, sizeof(name), folder), strerror(errno));
		goto out;
	}
	code = fs_check_owner(&st, "folder", folder, error);
	if (code)
		goto out;
	/* O_NONBLOCK: a FIFO in the way must not hold the program up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		code = error_set(error, -errno,
			errno == ELOOP ? "'%s' is a symbolic link: not trusted"
				       : "cannot open '%s': %s",
			text_escape_into(name, sizeof(name), path), strerror(errno));
		goto out;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		code = error_set(error, -EINVAL, "'%s' is not a regular file",
			text_escape_into(name, sizeof(name), path));
	else
		code = fs_check_owner(&st, "file", path, error);
out:
	free(copy);
	if (code && fd >= 0)
		close(fd);
	return code ? code : fd;
}

int fs_create_secret(const char *path, struct error *error)
{
	char name[FS_NAME];
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		return error_set(error, -EEXIST,
			"'%s' exists already: a capture never replaces a file, choose another name",
			text_escape_into(name, sizeof(name), path));
	return error_set(error, -errno, "cannot create '%s': %s",
		text_escape_into(name, sizeof(name), path), strerror(errno));
}

static bool sees_our_mounts(uint32_t pid, bool *known)
{
	char path[64], own[64], other[64];
	ssize_t own_size, other_size;

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	own_size = readlink("/proc/self/ns/mnt", own, sizeof(own));
	other_size = readlink(path, other, sizeof(other));
	*known = own_size > 0 && other_size > 0;
	return own_size == other_size && !memcmp(own, other, (size_t)own_size);
}

void fs_root_of(uint32_t pid, char root[static FS_ROOT_MAX])
{
	bool known, same = sees_our_mounts(pid, &known);

	root[0] = '\0';
	if (known && !same)
		snprintf(root, FS_ROOT_MAX, "/proc/%u/root", pid);
}

int fs_cgroups_above(const char *root)
{
	int above = 0;

	/* Seen from a cgroup namespace, what is above it begins with "/..". */
	for (; !strncmp(root, "/..", 3); root += 3)
		above++;
	return !*root || !strcmp(root, "/") ? above : -1;
}

/* "… ROOT WHERE … - cgroup2 …": where cgroups are mounted as in a root that stands elsewhere. */
static bool find_other_root(char *line, char root[static FS_ROOT_MAX])
{
	char from[4096], where[4096], *behind = strstr(line, " - cgroup"), *at;

	if (!behind || sscanf(line, "%*s %*s %*s %4095s %4095s", from, where) != 2 ||
		fs_cgroups_above(from) < 0)
		return false;
	at = strstr(where, "/sys/fs/cgroup");
	if (!at || at == where || at - where >= FS_ROOT_MAX)
		return false;
	snprintf(root, FS_ROOT_MAX, "%.*s", (int)(at - where), where);
	return true;
}

void fs_host_root(char root[static FS_ROOT_MAX])
{
	struct buf text = {0};
	char *rest, *line;
	bool known;

	fs_root_of(1, root);
	if (root[0] || sees_our_mounts(1, &known) || known ||
		fs_read("/proc/self/mountinfo", &text, 4 << 20, NULL) || !text.size)
		return;
	for (rest = text.data; (line = strsep(&rest, "\n"));)
		if (find_other_root(line, root))
			break;
	buf_release(&text);
}
