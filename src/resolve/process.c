/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resolve/child.h"
#include "resolve/protocol.h"

#define GOODBYE_MS 200 /* for a child that ends by itself to be seen ending */

int resolve_process_start(struct resolve_process *process)
{
	char *const arguments[] = {(char *)"tracetop", (char *)RESOLVE_CHILD_VERB, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int pair[2], code;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pair[1], RESOLVE_FD);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	code = posix_spawn(
		&process->pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pair[1]);
	if (code) {
		close(pair[0]);
		return -code;
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	process->fd = pair[0];
	return 0;
}

void resolve_process_end(struct resolve_process *process, char *how, size_t size)
{
	struct pollfd fd = {.fd = process->fd, .events = POLLIN};
	int status = 0;
	pid_t ended = 0;

	/* One that died lets go of its end: then it is already there to be waited for, or soon. */
	if (poll(&fd, 1, 0) > 0 && (fd.revents & POLLHUP))
		for (int i = 0; !ended && i < GOODBYE_MS; i++) {
			ended = waitpid(process->pid, &status, WNOHANG);
			if (!ended)
				usleep(1000);
		}
	close(process->fd);
	process->fd = -1;
	if (!ended) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, &status, 0);
	}
	if (!how)
		return;
	if (WIFSIGNALED(status))
		snprintf(how, size, "signal %d", WTERMSIG(status));
	else
		snprintf(how, size, "exit status %d", WEXITSTATUS(status));
}

int resolve_process_send(const struct resolve_process *process,
	const struct resolve_request *request, const void *more, size_t size, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec parts[] = {{(void *)request, sizeof(*request)}, {(void *)more, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};

	if (fd >= 0) {
		struct cmsghdr *header = &control.align;

		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(process->fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t resolve_process_receive(const struct resolve_process *process, void *data, size_t size)
{
	ssize_t got = recv(process->fd, data, size, 0);

	return got < 0 ? -errno : got;
}
