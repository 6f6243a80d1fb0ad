# SPDX-License-Identifier: GPL-2.0-or-later
"""What looking at processes and containers costs: parts of bench.py.

CPU time is the scheduler's own count of all threads and children of a program (schedstat), taken
between two moments while it runs, so starting is not in it.
"""
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import time

from pty_screen import PtyProgram

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
FORK_SECONDS = float(os.environ.get("BENCH_FORK_SECONDS", "5"))
WARM = 3.5  # seconds: all that is asked for at the start has come
FORK_RATE = 5000
CONTAINERS = 200

IDLE = r"""
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
/* As many processes that sleep; they end with this one. */
int main(int argc, char **argv)
{
	for (int left = argc > 1 ? atoi(argv[1]) : 0; left-- > 0;) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	if (write(1, "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}
"""

FORKS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* forks RATE SECONDS: so many children a second that only end; prints how many and in what time. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
int main(int argc, char **argv)
{
	double rate = atof(argv[1]), seconds = atof(argv[2]), start = now(), at = start;
	long made = 0;

	(void)argc;
	for (; at < start + seconds; at = now()) {
		while ((double)made < (at - start) * rate) {
			pid_t pid = vfork(); /* no memory is copied: the rate is the machine's to keep */

			if (!pid) {
				prctl(PR_SET_NAME, "bench-child");
				_exit(0);
			}
			if (pid < 0 || waitpid(pid, NULL, 0) != pid)
				return 1;
			made++;
		}
		usleep(1000);
	}
	printf("%ld %f\n", made, at - start);
	return 0;
}
"""


PULSE = r"""
#include <unistd.h>
/* Wakes four times a second and does a little. */
int main(void)
{
	for (;;) {
		usleep(250000);
		for (volatile int i = 0; i < 20000; i++)
			;
	}
}
"""


def build(folder, name, text):
    source, program = os.path.join(folder, name + ".c"), os.path.join(folder, name)
    with open(source, "w", encoding="ascii") as file:
        file.write(text)
    subprocess.run(["gcc", "-O2", "-static", source, "-o", program], check=True)
    return program


@contextlib.contextmanager
def idle_processes(folder, count):
    with subprocess.Popen([build(folder, "bench-idle", IDLE), str(count)], stdout=subprocess.PIPE) as load:
        try:
            if load.stdout.read(1) != b"x":
                raise RuntimeError(f"{count} processes cannot be started here")
            yield
        finally:
            load.kill()


def family(pid):
    """The process and its descendants."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            for child in file.read().split():
                found += family(int(child))
    return found


def cpu_by_thread(pid):
    """Seconds on a CPU, by name of thread."""
    spent = {}
    for process in family(pid):
        for task in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError):
                with open(f"/proc/{process}/task/{task}/comm", encoding="ascii", errors="replace") as file:
                    name = file.read().strip()
                with open(f"/proc/{process}/task/{task}/schedstat", encoding="ascii") as file:
                    spent[name] = spent.get(name, 0) + int(file.read().split()[0]) / 1e9
    return spent


class Cost:
    """A full-screen program that is looked at: .percent of a CPU, .parts by thread, .start in seconds of CPU."""

    def __init__(self, command, seconds=SECONDS, warm=WARM):
        with PtyProgram(command, rows=50, columns=160, env={"HOME": "/nonexistent"}) as program:
            self.pump(program, warm)
            before, since = cpu_by_thread(program.pid), time.monotonic()
            self.pump(program, seconds)
            after, lasted = cpu_by_thread(program.pid), time.monotonic() - since
            program.send("q")
            if program.finish():
                raise RuntimeError(f"{command} ended with {program.status}")
        self.start = before
        self.parts = {name: 100 * (spent - before.get(name, 0)) / lasted for name, spent in after.items()}
        self.percent = sum(self.parts.values())

    @staticmethod
    def pump(program, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            program.pump(0.1)
        if program.ended() is not None:
            raise RuntimeError(f"it has ended: {program.tail()!r}")

    def __str__(self):
        parts = sorted(self.parts.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {percent:.2f}" for name, percent in parts if percent >= 0.05)


def median(costs):
    """The run in the middle."""
    return sorted(costs, key=lambda cost: cost.percent)[len(costs) // 2]


def bench_processes(tracetop, folder):
    """Processes beside htop on 1,000 processes, and on 10,000 that sleep."""
    own, peer, bare, many = [], [], [], []
    for _ in range(ROUNDS):
        with idle_processes(folder, 1000):
            own.append(Cost([tracetop, "processes"]))
            peer.append(Cost(["htop", "-d", "10"]))
            bare.append(Cost([tracetop, "processes", "-F", "1"]))
        with idle_processes(folder, 10000):
            many.append(Cost([tracetop, "processes"]))
    ratio = statistics.median(o.percent / p.percent for o, p in zip(own, peer))
    growth = statistics.median(m.percent / p.percent for m, p in zip(many, peer))
    own_growth = statistics.median(m.percent / o.percent for m, o in zip(many, own))
    print(f"processes, 1,000 of them: tracetop {median(own).percent:.2f} % of a CPU ({median(own)}), at 1 Hz "
          f"{median(bare).percent:.2f} %, htop {median(peer).percent:.2f} %, ratio {ratio:.2f} (bound 1)", flush=True)
    print(f"processes, 10,000 idle: {median(many).percent:.2f} % ({median(many)}), {growth:.2f} times htop's "
          f"of 1,000 (bound 2), {own_growth:.2f} times our own", flush=True)


def hierarchies():
    """Folders of the hierarchies in which docker makes a cgroup."""
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return ["/sys/fs/cgroup"]
    names = ("unified", "cpu", "cpuacct", "memory", "blkio", "pids")
    return sorted({os.path.realpath(f"/sys/fs/cgroup/{name}") for name in names
                   if os.path.isdir(f"/sys/fs/cgroup/{name}")})


def remove_cgroup(path):
    end = time.monotonic() + 5
    while os.path.isdir(path):
        try:
            os.rmdir(path)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def make_container(var_lib, folders, name, pid):
    home = os.path.join(var_lib, "docker", "containers", name)
    os.makedirs(home)
    with open(os.path.join(home, "config.v2.json"), "w", encoding="ascii") as file:
        json.dump({"ID": name, "Name": f"/bench-{name[-6:]}", "Config": {"Image": "bench:latest", "Labels": {}},
                   "State": {"Running": True, "Pid": pid}}, file)
    for folder in folders:
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))


@contextlib.contextmanager
def containers(folder, count):
    """Cgroups as docker makes them, with a process in each that wakes now and then, and docker's files in a
    /var/lib; processes are there without them too."""
    tops = [os.path.join(root, f"bench-{os.getpid()}") for root in hierarchies()]
    folders = [os.path.join(top, "docker") for top in tops]
    names = [f"{number:064x}" for number in range(0xbe7c000000000000, 0xbe7c000000000000 + count)]
    var_lib, pulse = os.path.join(folder, "var-lib"), build(folder, "bench-pulse", PULSE)
    processes = []
    try:
        for path in [path for pair in zip(tops, folders) for path in pair] if count else []:
            os.mkdir(path)
        os.makedirs(var_lib)
        for name in names:
            processes.append(subprocess.Popen([pulse]))
            make_container(var_lib, folders, name, processes[-1].pid)
        yield var_lib
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for path in [os.path.join(folder, name) for folder in folders for name in names] + folders + tops:
            remove_cgroup(path)
        shutil.rmtree(var_lib)


def bench_containers(tracetop, folder):
    """Containers on two hundred of docker's, over a machine without them."""
    empty, full = [], []
    for _ in range(ROUNDS):
        for count, costs in ((0, empty), (CONTAINERS, full)):
            with containers(folder, count) as var_lib:
                # Its own mounts: docker's files are found in /var/lib, whatever is there.
                inside = f"mount --bind {var_lib} /var/lib && exec {tracetop} containers"
                costs.append(Cost(["unshare", "-m", "sh", "-c", inside]))
    more = statistics.median(f.percent - e.percent for f, e in zip(full, empty))
    walk = statistics.median(f.start["tracetop-cgroup"] - e.start["tracetop-cgroup"] for f, e in zip(full, empty))
    print(f"{CONTAINERS} containers: {median(full).percent:.2f} % of a CPU ({median(full)}), without them "
          f"{median(empty).percent:.2f} %: {more:.2f} % for them (bound 1); walk and first looks {walk * 1000:.0f} ms "
          "of CPU (bound 50)", flush=True)


def record_while(tracetop, path, command):
    """Records as long as a command runs; its output, and seconds of CPU that recording took."""
    with subprocess.Popen([tracetop, "record", "-w", path], stderr=subprocess.DEVNULL) as recorder:
        time.sleep(2)
        before = sum(cpu_by_thread(recorder.pid).values())
        out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
        spent = sum(cpu_by_thread(recorder.pid).values()) - before
        time.sleep(0.5)
        recorder.send_signal(signal.SIGINT)
    return out, spent


def read_rows(tracetop, view, path, condition):
    done = subprocess.run([tracetop, "show", view, "-r", path, "--format", "json", "-f", condition],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def bench_forks(tracetop, folder):
    """Every child of five thousand a second is counted: BENCH_FORK_SECONDS, 5 by default."""
    path = os.path.join(folder, "forks.tt")
    load = build(folder, "bench-forks", FORKS)
    out, spent = record_while(tracetop, path, [load, str(FORK_RATE), str(FORK_SECONDS)])
    made, seconds = int(out.split()[0]), float(out.split()[1])
    table = read_rows(tracetop, "processes", path, "proc.name = bench-child and proc.state = X")
    shown, lost = table["records"], table["lost"]
    size = os.path.getsize(path)
    os.unlink(path)
    print(f"{made / seconds:.0f} forks a second for {seconds:.0f} s: {made} made, {shown} shown, {lost} lost; recording "
          f"took {100 * spent / seconds:.1f} % of a CPU, {size / made:.0f} bytes a process", flush=True)
    if not shown <= made <= shown + lost:  # what was lost need not be one of them
        raise RuntimeError(f"{made} processes came and went, {shown} are told of and {lost} were lost")


def bench_log(tracetop, folder):
    """What a thousand idle processes take of the log."""
    sizes = []
    for count in (0, 1000):
        path = os.path.join(folder, f"log-{count}.tt")
        with idle_processes(folder, count):
            record_while(tracetop, path, ["sleep", "0"])  # all that is written once
            once = os.path.getsize(path)
            os.unlink(path)
            record_while(tracetop, path, ["sleep", str(2 * SECONDS)])
        sizes.append((os.path.getsize(path) - once) / (2 * SECONDS))
    each = (sizes[1] - sizes[0]) / 1000
    print(f"the log on an idle machine: {sizes[0] / 1000:.1f} KB/s, and {each:.1f} bytes a second for each of 1,000 "
          f"processes (bound 100): {(sizes[1]) * 3600 / 2**20:.0f} MiB an hour in all", flush=True)


PARTS = {"processes": bench_processes, "containers": bench_containers, "forks": bench_forks, "log": bench_log}
