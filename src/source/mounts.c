/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"

char *mount_find(const char *type, const char *usual, long magic)
{
	struct statfs place;
	struct mntent *mount;
	char *found = NULL;
	FILE *mounts;

	if (!statfs(usual, &place) && (long)place.f_type == magic)
		return mem_strdup(usual);
	mounts = setmntent("/proc/self/mounts", "r");
	while (mounts && !found && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, type))
			found = mem_strdup(mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

int mount_detached(const char *type)
{
	int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), fd;

	if (context < 0)
		return -errno;
	fd = syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
		     ? -1
		     : (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	close(context);
	return fd;
}

const char *mount_tracefs(void)
{
	static char path[4096];
	char *found;
	int fd;

	if (*path)
		return path;
	found = mount_find("tracefs", "/sys/kernel/tracing", TRACEFS_MAGIC);
	if (found) {
		snprintf(path, sizeof(path), "%s", found);
		free(found);
		return path;
	}
	fd = mount_detached("tracefs");
	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}
