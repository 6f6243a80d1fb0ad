# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes beside what /proc says of them: by BPF, and where it is refused, by /proc."""
import json
import os
import pwd
import resource
import subprocess
import sys
import time

import pytest
import tt

TICK = os.sysconf("SC_CLK_TCK")
# No program may be loaded without these: CAP_SYS_ADMIN stands in for CAP_BPF.
WITHOUT_BPF = ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin"]
HOWS = {"by_bpf": [], "by_proc": WITHOUT_BPF}
CHILDREN = 300

SHORT = """
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* Children one by one, each of which burns some ms. */
int main(int argc, char **argv)
{
	int ms = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < 300; i++)
		if (!fork()) {
			for (clock_t end = clock() + ms * CLOCKS_PER_SEC / 1000; clock() < end;)
				;
			_exit(0);
		} else {
			wait(0);
		}
	return 0;
}
"""


def stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()


def is_old(pid):
    """Whether it was there before the test looked."""
    try:
        return int(stat(pid)[19]) < TICK * (time.clock_gettime(time.CLOCK_BOOTTIME) - 20)
    except FileNotFoundError:
        return False


def rss(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")
            if os.path.lexists(f"/proc/{pid}/fd/{fd}")]


class Watch:
    """tracetop show for some seconds, beside what the test does meanwhile."""

    def __init__(self, tracetop, view, seconds, *options, before=()):
        self.process = subprocess.Popen(
            [*before, tracetop, "show", view, "--format", "json", "--duration", str(seconds), *options],
            stdout=subprocess.PIPE, text=True)

    def table(self):
        text = self.process.communicate(timeout=60)[0]
        assert self.process.returncode == 0
        return json.loads(text.splitlines()[0])

    def rows(self):
        return self.table()["rows"]


@pytest.fixture(scope="module")
def resting():
    """A process that does nothing, with memory, threads, a nice value and arguments of its own."""
    code = "import threading, time; room = bytearray(60 << 20); " \
           "[threading.Thread(target=time.sleep, args=(600,), daemon=True).start() for _ in range(3)]; " \
           "print(1, flush=True); time.sleep(600)"
    with subprocess.Popen(["nice", "-n", "7", sys.executable, "-c", code, "an argument"],
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.parametrize("how", HOWS)
def test_rows_are_as_proc_has_them(tracetop, resting, how):
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        tt.wait_until(lambda: int(stat(busy.pid)[11]) > 0, what="the load")
        begin, used = time.monotonic(), sum(map(int, stat(busy.pid)[11:13]))
        table = Watch(tracetop, "processes", 2, before=HOWS[how]).table()
        seconds, used = time.monotonic() - begin, sum(map(int, stat(busy.pid)[11:13])) - used
        rows = {row["proc.pid"]: row for row in table["rows"]}
        row = rows[busy.pid]
        # What the show's start and end take is in the one and not in the other.
        assert abs(row["proc.cpu"] - 100 * used / TICK / seconds) < 15
        assert row["proc.state"] == "R"
        busy.kill()
    row = rows[resting.pid]
    assert abs(row["proc.rss"] - rss(resting.pid)) <= 0.01 * rss(resting.pid)
    assert row["proc.cpu"] == 0 and row["proc.state"] == "S"
    assert row["proc.threads"] == 4 and row["proc.nice"] == 7
    assert row["proc.cmdline"].endswith("time.sleep(600) an argument")
    assert set(rows) >= {int(name) for name in os.listdir("/proc") if name.isdigit() and is_old(name)}


def test_threads_are_told_apart(tracetop, resting):
    rows = [row for row in Watch(tracetop, "threads", 1).rows() if row["proc.pid"] == resting.pid]
    assert {str(row["thread.tid"]) for row in rows} == set(os.listdir(f"/proc/{resting.pid}/task"))


def test_users_add_up(tracetop, resting):
    del resting
    rows = {row["user.uid"]: row for row in Watch(tracetop, "users", 1).rows()}
    assert rows[0]["user.name"] in ("0", pwd.getpwuid(0).pw_name)
    assert rows[0]["user.processes"] > 5 and rows[0]["proc.rss"] > 60 << 20


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("seconds", [1, 5])
def test_one_that_is_idle_counts_all_the_time(tracetop, resting, seconds, how):
    """Also where most looks tell of those alone that are not."""
    options = ["-f", f"proc.pid = {resting.pid}"]
    rows = Watch(tracetop, "users", seconds, *options, before=HOWS[how]).rows()
    assert len(rows) == 1
    assert rows[0]["proc.rss"] == pytest.approx(rss(resting.pid), rel=0.01)


def test_every_short_lived_process_is_counted(tracetop, tmp_path):
    """With BPF no process is missed, however short it lived, nor what it used."""
    program = tt.compile_c(SHORT, tmp_path / "shortlived", "-O2")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    watch = Watch(tracetop, "processes", 4, "-f", "proc.name = shortlived")
    tt.wait_until(lambda: sum("bpf_link" in name or "bpf-link" in name for name in descriptors(watch.process.pid)) >= 6,
                  what="programs on exec and exit, and those on cgroups")
    tt.run([program, "4"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table = watch.table()
    assert len(table["rows"]) == CHILDREN + 1
    assert all(row["proc.cmdline"] for row in table["rows"])
    seen = sum(row["proc.cpu"] for row in table["rows"]) / 100 * 4
    assert abs(seen - used) < 0.1 * used


@pytest.mark.parametrize("how", HOWS)
def test_what_is_written_is_counted(tracetop, tmp_path, how):
    code = "import os, time; fd = os.open('written', os.O_CREAT | os.O_WRONLY); time.sleep(1.2); " \
           "os.write(fd, b'x' * (8 << 20)); os.fsync(fd); time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as process:
        row = next(row for row in Watch(tracetop, "processes", 3, before=HOWS[how]).rows()
                   if row["proc.pid"] == process.pid)
        with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
            wanted = int(dict(line.split(": ") for line in file)["write_bytes"])
        process.kill()
    assert wanted >= 8 << 20
    assert abs(row["proc.io_written"] * 3 - wanted) < 0.15 * wanted


def test_a_capture_has_the_same(tracetop, resting, tmp_path):
    path = tmp_path / "processes.tt"
    live = Watch(tracetop, "processes", 1, "-w", str(path)).rows()
    replayed = tt.show(tracetop, "processes", "-r", path)[0]["rows"]
    assert live == replayed
    assert next(row for row in live if row["proc.pid"] == resting.pid)["proc.rss"]
