/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

extern char **environ;

bool tool_is_there(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char file[4096];

	for (path = path ? path : "/usr/bin:/bin:/usr/sbin:/sbin"; *path;
		path = end + (*end == ':')) {
		end = path + strcspn(path, ":");
		if (end > path &&
			snprintf(file, sizeof(file), "%.*s/%s", (int)(end - path), path, name) <
				(int)sizeof(file) &&
			!access(file, X_OK))
			return true;
	}
	return false;
}

/* Nothing to read, a group and signals of its own; what it says goes into the pipe. */
static int spawn(const char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	code = posix_spawnp(pid, argv[0], &files, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -code;
}

/* Its first words are kept; true: it closed the pipe in time. */
static bool listen_to(int fd, struct buf *said, uint64_t end)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_now();
		char text[512];
		ssize_t got;

		if (now >= end)
			return false;
		if (poll(&poll_fd, 1, (int)((end - now) / NS_PER_MS) + 1) <= 0)
			continue;
		got = read(fd, text, sizeof(text));
		if (!got || (got < 0 && errno != EINTR))
			return true;
		if (got > 0 && said->size < sizeof(text))
			buf_add(said, text, (size_t)got);
	}
}

/* The last line of what it said, escaped. */
static void tell(struct error *error, const char *name, const struct buf *said)
{
	char line[160];
	size_t size = said->size, from;

	while (size && said->data[size - 1] == '\n')
		size--;
	for (from = size; from && said->data[from - 1] != '\n'; from--)
		;
	snprintf(line, sizeof(line), "%.*s", (int)(size - from), size ? said->data + from : "");
	error_set(error, -EIO, "%s: %s", name, size ? line : "it failed, and says nothing");
}

int tool_run(const char *const *argv, int timeout_ms, struct error *error)
{
	struct buf said = {0};
	int pipes[2], status = 0, code;
	bool ended;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return error_set(error, -errno, "%s: %s", argv[0], strerror(errno));
	code = spawn(argv, pipes[1], &pid);
	close(pipes[1]);
	if (code) {
		close(pipes[0]);
		return error_set(error, code, "%s: %s", argv[0],
			code == -ENOENT ? "there is no such program here" : strerror(-code));
	}
	ended = listen_to(pipes[0], &said, clock_now() + (uint64_t)timeout_ms * NS_PER_MS);
	close(pipes[0]);
	if (!ended)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	code = 0;
	if (!ended)
		code = error_set(
			error, -ETIMEDOUT, "%s did not end in %d s", argv[0], timeout_ms / 1000);
	else if (status)
		tell(error, argv[0], &said);
	if (ended && status)
		code = WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
	buf_release(&said);
	return code;
}
