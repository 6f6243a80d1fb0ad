# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines on which much comes and goes: processes by the thousand, cgroups by the thousand."""
import contextlib
import os
import re
import subprocess
import threading
import time

import tt

# bomb IDLE RATE SECONDS: IDLE children that only wait, and RATE a second that take another name and end.  Prints how
# many the kernel refused at the start, and at its end how many came and went.
BOMB = r"""
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static void child(long number)
{
	char name[16];

	snprintf(name, sizeof(name), "bomb-%ld", number);
	prctl(PR_SET_NAME, name);
}
int main(int argc, char **argv)
{
	long idle, made = 0, refused = 0;
	pid_t last = 0;
	double rate, seconds, start, at;

	while (argc != 4)
		pause();
	if (setpgid(0, 0))
		return 2;
	idle = atol(argv[1]);
	rate = atof(argv[2]);
	seconds = atof(argv[3]);
	for (long i = 0; i < idle; i++) {
		pid_t pid = vfork();

		if (!pid)
			execl("/proc/self/exe", "bomb-idle", NULL);
		if (pid > 0)
			last = pid;
		refused += pid < 0;
	}
	if (refused && last > 0) { /* room for one */
		kill(last, SIGKILL);
		waitpid(last, NULL, 0);
	}
	printf("%ld\n", refused);
	fflush(stdout);
	start = at = now();
	for (; at < start + seconds; at = now()) {
		while ((double)made < (at - start) * rate) {
			pid_t pid = vfork(); /* no memory is copied: the rate is the machine's to keep */

			if (!pid) {
				child(made);
				_exit(0);
			}
			if (pid < 0 || waitpid(pid, NULL, 0) != pid)
				return 1;
			made++;
		}
		usleep(1000);
	}
	printf("%ld\n", made);
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}
"""


def build_bomb(output):
    return tt.compile_c(BOMB, output, "-O2", "-static")


def rss_anon(pid):
    """Bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        found = re.search(r"RssAnon:\s+(\d+) kB", file.read())
    return int(found[1]) * 1024 if found else 0


def remove(cgroup):
    def gone():
        try:
            os.rmdir(cgroup)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True
    tt.wait_until(gone, timeout=30, what=f"the end of {cgroup}")


def mount_of(controller):
    """Where cgroups with it are made: a hierarchy of version 1, else version 2; "" asks for version 2."""
    unified = None
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, behind = line.rstrip("\n").split(" - ")
            kind, _, options = behind.split(" ")
            if kind == "cgroup2":
                unified = before.split(" ")[4]
            elif kind == "cgroup" and controller in options.split(","):
                return before.split(" ")[4]
    return unified


@contextlib.contextmanager
def bomb(program, idle, rate, seconds, limit):
    """The bomb in a cgroup that may have so many processes; the process, whose output says what it did."""
    cgroup = f"{mount_of('pids')}/tracetop-bomb-{os.getpid()}"
    os.mkdir(cgroup)
    try:
        with open(cgroup + "/pids.max", "w", encoding="ascii") as file:
            file.write(str(limit))
        join = f'echo $$ >{cgroup}/cgroup.procs && exec "$0" "$@"'
        with subprocess.Popen(["sh", "-c", join, program, str(idle), str(rate), str(seconds)],
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                end_all(cgroup)
    finally:
        remove(cgroup)


def end_all(cgroup):
    """Whoever is in the cgroup of our own."""
    def ended():
        with open(cgroup + "/cgroup.procs", encoding="ascii") as file:
            pids = file.read().split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        return not pids
    tt.wait_until(ended, timeout=60, what=f"the end of all in {cgroup}")


def container_cgroup(top, number):
    """The folder of a cgroup as Docker would call it."""
    return f"{top}/docker-{number + 0xc4a2 * 2 ** 240:064x}.scope"


@contextlib.contextmanager
def standing_cgroups(count):
    """So many cgroups of containers, without anybody in them."""
    top = f"{mount_of('')}/tracetop-standing-{os.getpid()}"
    os.mkdir(top)
    try:
        for number in range(count):
            os.mkdir(container_cgroup(top, number))
        yield
    finally:
        for number in range(count):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(container_cgroup(top, number))
        remove(top)


class Cgroups(threading.Thread):
    """Makes and removes so many cgroups as Docker would call them, at a rate; .made says how many."""

    def __init__(self, count, rate):
        super().__init__(daemon=True)
        self.top = f"{mount_of('')}/tracetop-churn-{os.getpid()}"
        self.count, self.rate, self.made = count, rate, 0

    def run(self):
        os.mkdir(self.top)
        start = time.monotonic()
        for number in range(self.count):
            path = container_cgroup(self.top, number)
            os.mkdir(path)
            os.rmdir(path)
            self.made += 1
            time.sleep(max(0.0, start + self.made / self.rate - time.monotonic()))
        remove(self.top)
