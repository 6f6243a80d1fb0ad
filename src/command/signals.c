/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/signals.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"

struct signals {
	struct loop *loop;
	int fd;
	sigset_t old;
	void (*handle)(void *arg, int number);
	void *arg;
};

static void signals_ready(void *arg, short revents)
{
	struct signals *signals = arg;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(signals->fd, &info, sizeof(info)) == sizeof(info))
		signals->handle(signals->arg, (int)info.ssi_signo);
}

struct signals *signals_watch(
	struct loop *loop, bool terminal, void (*handle)(void *arg, int number), void *arg)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
	size_t count = terminal ? 7 : 4;
	struct signals *signals = mem_zalloc(sizeof(*signals));
	struct sigaction action;
	sigset_t set;

	signals->loop = loop;
	signals->handle = handle;
	signals->arg = arg;
	sigemptyset(&set);
	for (size_t i = 0; i < count; i++)
		if (!sigaction(wanted[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, wanted[i]);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, &signals->old);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	loop_watch(loop, signals->fd, POLLIN, signals_ready, signals);
	return signals;
}

void signals_free(struct signals *signals)
{
	if (!signals)
		return;
	loop_unwatch(signals->loop, signals->fd);
	close(signals->fd);
	sigprocmask(SIG_SETMASK, &signals->old, NULL);
	free(signals);
}
