/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file system that hangs: mounts FUSE on a folder, answers that it is there, and then never
 * again. Who looks into the folder waits until this program ends, which is when its input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int answer_init(int fd)
{
	static char request[256 * 1024];
	const struct fuse_in_header *in = (const void *)request;
	struct {
		struct fuse_out_header head;
		struct fuse_init_out body;
	} answer = {{sizeof(answer), 0, 0}, {.major = FUSE_KERNEL_VERSION,
						    .minor = FUSE_KERNEL_MINOR_VERSION,
						    .max_write = 65536,
						    .time_gran = 1}};

	if (read(fd, request, sizeof(request)) < (ssize_t)sizeof(*in) || in->opcode != FUSE_INIT)
		return -1;
	answer.head.unique = in->unique;
	return write(fd, &answer, sizeof(answer)) == sizeof(answer) ? 0 : -1;
}

int main(int argc, char **argv)
{
	char options[128], end;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (argc != 2 || fd < 0) {
		perror("/dev/fuse");
		return 1;
	}
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		fd);
	if (mount("hang", argv[1], "fuse", MS_NOSUID | MS_NODEV, options)) {
		perror(argv[1]);
		return 1;
	}
	if (answer_init(fd)) {
		perror("the first request");
		umount2(argv[1], MNT_DETACH);
		return 1;
	}
	puts("hangs");
	fflush(stdout);
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	umount2(argv[1], MNT_DETACH); /* whoever waits is let go with the descriptor */
	return 0;
}
