# SPDX-License-Identifier: GPL-2.0-or-later
"""Cgroups: what tracetop shows of them against the kernel's own files and the processes in them."""
import os
import re
import signal
import subprocess
import time

import pytest
import tt

BURN = "while :; do :; done"


def mounts():
    """Controllers (and "v2") by where they are mounted."""
    found = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, behind = line.rstrip("\n").split(" - ")
            kind, _, options = behind.split(" ")
            where = before.split(" ")[4]
            if kind == "cgroup2":
                found.setdefault("v2", where)
            elif kind == "cgroup":
                for option in options.split(","):
                    found.setdefault(option, where)
    return found


MOUNTS = mounts()


class Group:
    """A cgroup of the test's own, in version 2 and beside it in what there is of version 1."""

    def __init__(self, name):
        self.path = "/" + name
        trees = {MOUNTS[key] for key in ("v2", "cpu", "cpuacct", "memory", "blkio", "pids") if key in MOUNTS}
        self.folders = sorted(root + self.path for root in trees)
        self.processes = []

    def __enter__(self):
        for folder in self.folders:
            os.mkdir(folder)
        return self

    def __exit__(self, *unused):
        for process in self.processes:
            process.kill()
            process.wait()
        for folder in self.folders:
            tt.wait_until(lambda gone=folder: self.remove(gone), what=f"the end of {folder}")

    @staticmethod
    def remove(folder):
        """A process that was waited for is in its cgroup for a moment more."""
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True

    def file(self, tree, name):
        return MOUNTS[tree] + self.path + "/" + name

    def read(self, tree, name):
        with open(self.file(tree, name), encoding="utf-8") as file:
            return file.read()

    def write(self, tree, name, text):
        with open(self.file(tree, name), "w", encoding="utf-8") as file:
            file.write(str(text))

    def run(self, script):
        """A process that joins before it begins."""
        join = "".join(f"echo $$ >{folder}/cgroup.procs; " for folder in self.folders)
        process = subprocess.Popen(["sh", "-c", f'{join} exec sh -c "$1"', "sh", script],
                                   stdout=subprocess.DEVNULL)
        self.processes.append(process)
        tt.wait_until(lambda: str(process.pid) in self.read("v2", "cgroup.procs").split(),
                      what="the process in its cgroup")
        return process

    def usage(self):
        """Seconds of CPU time, as version 2 has them."""
        return int(re.search(r"usage_usec (\d+)", self.read("v2", "cpu.stat"))[1]) / 1e6


@pytest.fixture(name="group")
def group_fixture():
    with Group(f"tracetop-test-{os.getpid()}") as group:
        yield group


def cpu_of(pid):
    """Seconds of CPU time of a process."""
    with open(f"/proc/{pid}/schedstat", encoding="utf-8") as file:
        return int(file.read().split()[0]) / 1e9


def start(tracetop, *options):
    return subprocess.Popen([tracetop, "show", "cgroups", "--format", "json", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_of(shown):
    """Rows by path."""
    return {row["cgroup.path"]: row for row in shown["rows"]}


def has_looked(process):
    """What cgroups use is read for the first time: files that are read again stay open."""
    folder = f"/proc/{process.pid}/fd"
    for number in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{number}").endswith("/cpu.stat"):
                return True
        except OSError:
            pass  # closed meanwhile
    return False


def limit(group, tree, names, values):
    """Sets limits where the controller is, in version 1 or 2; whether it is."""
    if tree in MOUNTS:
        for name, value in zip(*(names[0], values[0])):
            group.write(tree, name, value)
        return True
    with open(MOUNTS["v2"] + "/cgroup.subtree_control", encoding="utf-8") as file:
        if tree not in file.read().split():
            return False
    for name, value in zip(*(names[1], values[1])):
        group.write("v2", name, value)
    return True


def test_cpu_is_that_of_the_process(tracetop, group):
    process = group.run(BURN)
    before = cpu_of(process.pid), group.usage(), time.monotonic()
    shown = tt.show(tracetop, "cgroups", "--duration", "2")[-1]
    after = cpu_of(process.pid), group.usage(), time.monotonic()
    row = rows_of(shown)[group.path]
    # The same load before and after the two seconds: tracetop's own start and end are around them.
    wall = after[2] - before[2]
    by_process = 100 * (after[0] - before[0]) / wall
    by_kernel = 100 * (after[1] - before[1]) / wall
    assert row["cgroup.cpu"] == pytest.approx(by_process, rel=0.15, abs=3)
    assert row["cgroup.cpu"] == pytest.approx(by_kernel, rel=0.15, abs=3)
    assert row["cgroup.psi_cpu"] is not None
    assert rows_of(shown)["/"]["cgroup.cpu"] >= row["cgroup.cpu"]


def test_memory_is_counted_as_docker_does(tracetop, group):
    if "memory" not in MOUNTS:
        pytest.skip("memory is not a controller of version 1 here")
    group.run("x=$(head -c 20000000 /dev/zero | tr '\\0' x); while :; do :; done")
    tt.wait_until(lambda: int(group.read("memory", "memory.usage_in_bytes")) > 20000000,
                  what="20 MB in use")
    tt.wait_until(lambda: len(group.read("v2", "cgroup.procs").split()) == 1, what="its children's end")
    row = rows_of(tt.show(tracetop, "cgroups", "--duration", "1")[-1])[group.path]
    used = int(group.read("memory", "memory.usage_in_bytes"))
    inactive = int(re.search(r"total_inactive_file (\d+)", group.read("memory", "memory.stat"))[1])
    assert row["cgroup.memory"] == pytest.approx(used - inactive, rel=0.1)
    assert row["cgroup.memory_limit"] is None


def test_limits_are_shown_with_what_they_hold_back(tracetop, group):
    cpu = limit(group, "cpu", (("cpu.cfs_period_us", "cpu.cfs_quota_us"), ("cpu.max",)),
                ((100000, 20000), ("20000 100000",)))
    memory = limit(group, "memory", (("memory.limit_in_bytes",), ("memory.max",)), ((67108864,),) * 2)
    pids = limit(group, "pids", (("pids.max",), ("pids.max",)), ((50,),) * 2)
    group.run(BURN)
    row = rows_of(tt.show(tracetop, "cgroups", "--duration", "2")[-1])[group.path]
    if cpu:
        assert row["cgroup.cpu_limit"] == 20
        assert row["cgroup.cpu"] == pytest.approx(20, abs=4)
        assert 80 < row["cgroup.cpu_throttled"] <= 100
    if memory:
        assert row["cgroup.memory_limit"] == 67108864
        assert 0 < row["cgroup.memory"] < 67108864
    if pids:
        assert row["cgroup.pids_limit"] == 50
        assert row["cgroup.pids"] == 1
    assert cpu or memory or pids, "no controller has limits here"


def test_the_smallest_limit_of_those_above_counts(tracetop, group):
    if not limit(group, "pids", (("pids.max",), ("pids.max",)), ((50,),) * 2):
        pytest.skip("no controller of pids here")
    with Group(group.path[1:] + "/sub") as sub:
        sub.run(BURN)
        rows = rows_of(tt.show(tracetop, "cgroups", "--duration", "1")[-1])
    assert rows[sub.path]["cgroup.pids_limit"] == 50
    assert rows[group.path]["cgroup.cpu"] >= rows[sub.path]["cgroup.cpu"] > 0


def test_one_that_comes_and_goes_while_tracetop_runs(tracetop, group):
    """Made, used and removed between the first and the last look: it is told of by its path."""
    running = start(tracetop, "--duration", "4")
    tt.wait_until(lambda: has_looked(running), what="the first look")
    with Group(group.path[1:] + "/brief") as brief:
        process = brief.run(BURN)
        tt.wait_until(lambda: cpu_of(process.pid) > 1, what="a second of CPU time")
        used = brief.usage()
        process.send_signal(signal.SIGKILL)
    assert not os.path.exists(brief.file("v2", "cpu.stat"))
    output, errors = running.communicate(timeout=30)
    assert running.returncode == 0, errors
    rows = rows_of(tt.json.loads(output.splitlines()[-1]))
    # Its last second is not told, what it used before is; it began with nothing.
    assert 0 < rows[brief.path]["cgroup.cpu"] * 4 / 100 <= used * 1.1
    assert rows[group.path]["cgroup.cpu"] * 4 / 100 == pytest.approx(used, rel=0.15)


def test_an_unused_one_is_shown_below_its_parent(tracetop, group):
    with Group(f"{group.path[1:]}/unused") as unused:
        table = tt.show(tracetop, "cgroups", "--duration", "1")[-1]
    rows = rows_of(table)
    assert rows[unused.path]["cgroup.cpu"] == 0
    order = [row["cgroup.path"] for row in table["rows"]]
    assert order.index(unused.path) > order.index(group.path)
    assert rows[unused.path]["depth"] == rows[group.path]["depth"] + 1


def test_a_tree_and_a_list(tracetop, group):
    """Below its parent a cgroup has its name alone; folded away it is not there; F5 makes a list of paths."""
    with Group(f"{group.path[1:]}/inner") as inner:
        with tt.Screen(f"{tracetop} cgroups -f 'cgroup.path startswith \"{group.path}\"'", columns=180) as screen:
            screen.wait(lambda text: f"▾ {group.path}" in text and re.search(r" inner$", text, re.M))
            screen.keys("Home", "Left")
            screen.wait(lambda text: f"▸ {group.path}" in text and not re.search(r" inner$", text, re.M))
            screen.keys("F5")
            screen.wait(lambda text: "(tree)" not in text and re.search(f" {inner.path}$", text, re.M))


def test_two_hundred_cost_under_a_percent_of_a_cpu(tracetop, group):
    """With a process in each that runs now and then."""
    subs = [Group(f"{group.path[1:]}/{number}") for number in range(200)]
    entered = []
    try:
        for sub in subs:
            entered.append(sub.__enter__())
            sub.run("while sleep 5; do :; done")
        running = start(tracetop, "--duration", "8")
        tt.wait_until(lambda: has_looked(running), what="the first look")

        def cost():
            total = 0
            for task in os.listdir(f"/proc/{running.pid}/task"):
                with open(f"/proc/{running.pid}/task/{task}/comm", encoding="utf-8") as file:
                    if file.read().strip() == "tracetop-cgroup":
                        with open(f"/proc/{running.pid}/task/{task}/schedstat", encoding="utf-8") as stat:
                            total += int(stat.read().split()[0]) / 1e9
            return total

        begun = time.monotonic()
        tt.wait_until(lambda: time.monotonic() > begun + 1.5 and cost() > 0, what="the first looks")
        before, begun = cost(), time.monotonic()
        tt.wait_until(lambda: time.monotonic() > begun + 5, what="five looks more")
        part = (cost() - before) / (time.monotonic() - begun)
        output, _ = running.communicate(timeout=30)
    finally:
        for sub in reversed(entered):
            for process in sub.processes:
                process.kill()
        for sub in reversed(entered):
            sub.__exit__()
    rows = rows_of(tt.json.loads(output.splitlines()[-1]))
    assert sum(path.startswith(group.path + "/") for path in rows) == 200
    assert part < 0.01


def test_a_step_down_leads_to_all_below(tracetop, group):
    """Also to what is in cgroups of a cgroup that has no processes of its own."""
    inner = [Group(group.path[1:] + f"/sub{number}") for number in range(2)]
    with inner[0], inner[1]:
        pids = [sub.run(BURN).pid for sub in inner]
        with tt.Screen(f"{tracetop} cgroups -f 'cgroup.path startswith \"{group.path}\"'", columns=180) as screen:
            screen.wait(lambda text: f"▾ {group.path}" in text and " sub0" in text and " sub1" in text)
            tt.wait_until(lambda: row_under_cursor(screen).endswith(group.path), what="the sum above its parts")
            screen.keys("Enter")
            screen.wait(lambda text: text.startswith("Processes") and all(f" {pid} " in text for pid in pids))
            screen.keys("BSpace")
            screen.wait(lambda text: text.startswith("Cgroups"))
            screen.keys("Down", "Enter")
            text = screen.wait(lambda text: text.startswith("Processes") and any(f" {pid} " in text for pid in pids))
            assert sum(f" {pid} " in text for pid in pids) == 1


def row_under_cursor(screen):
    """The first one, where the cursor is at the beginning."""
    lines = screen.lines()
    head = next((at for at, line in enumerate(lines) if "CPU%" in line), None)
    return lines[head + 1].rstrip() if head is not None else ""
