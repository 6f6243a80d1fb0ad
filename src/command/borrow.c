/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/borrow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "ui/term.h"

struct borrow {
	struct loop *loop;
	struct term *term;
	pid_t child;
	int fd; /* a pidfd of it */
	int tty;
	void (*done)(void *arg, int status);
	void *arg;
};

/* Who is in the foreground reads what is typed, and gets the signals of keys. */
static void give_foreground(int tty, pid_t group)
{
	void (*before)(int) = signal(SIGTTOU, SIG_IGN);

	tcsetpgrp(tty, group);
	signal(SIGTTOU, before);
}

static _Noreturn void run_child(const char *const *argv, int tty)
{
	sigset_t none;

	setpgid(0, 0);
	give_foreground(tty, getpid());
	for (int number = 1; number < SIGRTMIN; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	dup2(tty, STDIN_FILENO);
	dup2(tty, STDOUT_FILENO);
	dup2(tty, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "tracetop: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void borrow_end(struct borrow *borrow)
{
	loop_unwatch(borrow->loop, borrow->fd);
	close(borrow->fd);
	give_foreground(borrow->tty, getpgrp());
	close(borrow->tty);
}

static void borrow_ready(void *arg, short revents)
{
	struct borrow *borrow = arg;
	void (*done)(void *arg, int status) = borrow->done;
	void *done_arg = borrow->arg;
	int status = 0;

	(void)revents;
	if (waitpid(borrow->child, &status, WNOHANG | WUNTRACED) != borrow->child)
		return;
	borrow_end(borrow);
	term_enter(borrow->term);
	free(borrow);
	done(done_arg, status);
}

struct borrow *borrow_start(struct loop *loop, struct term *term, const char *const *argv,
	void (*done)(void *arg, int status), void *arg, struct error *error)
{
	struct borrow *borrow = mem_zalloc(sizeof(*borrow));

	*borrow = (struct borrow){.loop = loop, .term = term, .done = done, .arg = arg};
	borrow->tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	term_leave(term);
	borrow->child = borrow->tty < 0 ? -1 : fork();
	if (!borrow->child)
		run_child(argv, borrow->tty);
	borrow->fd = borrow->child < 0 ? -1 : (int)syscall(SYS_pidfd_open, borrow->child, 0);
	if (borrow->fd < 0) {
		error_set(error, -errno, "cannot run %s: %s", argv[0], strerror(errno));
		if (borrow->child > 0) {
			kill(borrow->child, SIGKILL);
			waitpid(borrow->child, NULL, 0);
		}
		if (borrow->tty >= 0)
			close(borrow->tty);
		term_enter(term);
		free(borrow);
		return NULL;
	}
	setpgid(borrow->child, borrow->child);
	loop_watch(loop, borrow->fd, POLLIN, borrow_ready, borrow);
	return borrow;
}

void borrow_free(struct borrow *borrow)
{
	if (!borrow)
		return;
	kill(-borrow->child, SIGHUP);
	kill(borrow->child, SIGKILL);
	waitpid(borrow->child, NULL, 0);
	borrow_end(borrow);
	free(borrow);
}
