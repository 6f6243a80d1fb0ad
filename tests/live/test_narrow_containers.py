# SPDX-License-Identifier: GPL-2.0-or-later
"""-c narrows in the kernel: what is in that container is recorded, and nothing else is."""
import json
import os
import re
import subprocess
import sys
import time

import pytest
import tt
from loads import Recording
from runtimes import BUSYBOX, own, rows

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "replay"))
import reader

NOTE, TASK_USAGE = 4, 14
FREQUENCY = 1000
# Waits for a file, uses CPU time that is the same each time, says so, and stays.
BURN = ("until [ -e /x/go ]; do {busybox} sleep 0.05; done; i=0; "
        "while [ $i -lt {turns} ]; do i=$((i+1)); done; >/x/{done}; while :; do {busybox} sleep 1000; done")
TURNS = 400000
NO_BPF = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]


class Loads:
    """Shells that burn when told, all at once: in containers, and on the machine."""

    def __init__(self, folder, name):
        self.folder = f"{folder}/{name}"
        os.makedirs(self.folder)
        self.names = []
        self.local = []
        self.started = []

    def command(self, name):
        self.names.append(name)
        return (BUSYBOX, "sh", "-c", BURN.format(busybox=BUSYBOX, turns=TURNS, done=name))

    def inside(self, runtime, name):
        self.started.append((runtime, name))
        return runtime.begin(name, "-v", f"{self.folder}:/x", command=self.command(name))

    def outside(self, name):
        command = [word.replace("/x/", self.folder + "/") for word in self.command(name)]
        self.local.append(subprocess.Popen(command))
        return self.local[-1].pid

    def run(self):
        with open(self.folder + "/go", "w", encoding="ascii"):
            pass
        for name in self.names:
            tt.wait_until(lambda name=name: os.path.exists(f"{self.folder}/{name}"), 60, f"the end of {name}")

    def end(self):
        for process in self.local:
            process.kill()
            process.wait()
        for runtime, name in self.started:
            runtime("kill", name, check=False)
            runtime("rm", "-f", name, check=False)


@pytest.fixture
def loads(folder, request):
    made = Loads(folder, re.sub(r"\W", "_", request.node.name))
    yield made
    made.end()


class Narrowed(Recording):
    def __init__(self, tracetop, folder, *options, **kwargs):
        count = len([name for name in os.listdir(folder) if name.startswith("narrow")])
        super().__init__(tracetop, f"{folder}/narrow{count}.tt", "-F", FREQUENCY, "-g", "none", *options, **kwargs)

    def stop(self, *arguments):
        """How many samples it took, and how many the kernel left out."""
        said = super().stop(*arguments)
        self.said = said
        taken = re.search(r"(\d+) samples in", said)
        left_out = re.search(r"(\d+) of others left out", said)
        return int(taken[1]), int(left_out[1]) if left_out else 0


def samples(tracetop, recording, *options):
    """{process: samples} of a capture."""
    found = rows(tracetop, "processes", "-r", recording.path, *options)
    return {row["proc.pid"]: row["sample.count"] for row in found if row["sample.count"]}


def no_stranger_is_in(tracetop, recording, name, taken, left_out):
    """What only begins is let through, until it is known: that is somebody else's, and little."""
    found = rows(tracetop, "processes", "-r", recording.path)
    ours = {row["container.name"] for row in found if str(row["container.name"]).endswith(f"-{os.getpid()}")}
    assert ours == {name}
    strangers = sum(row["sample.count"] or 0 for row in found if row["container.name"] != name)
    assert strangers < 0.1 * taken and strangers < 0.1 * left_out


def close(a, b, part=0.1):
    return abs(a - b) <= part * max(a, b)


def test_that_container_and_nothing_else(tracetop, docker, loads, folder):
    """As many samples as a recording beside it has of that container, and none of the others."""
    web, other = own("web"), own("other")
    pids = {name: loads.inside(docker, name) for name in (web, other)}
    stranger = loads.outside("stranger")
    with Narrowed(tracetop, folder, "-c", web) as narrowed, Narrowed(tracetop, folder) as wide:
        loads.run()
        taken, left_out = narrowed.stop()
        everything, none = wide.stop()
    whole, alone = samples(tracetop, wide), samples(tracetop, narrowed)
    assert whole[pids[other]] > 100 and whole[stranger] > 100 and none == 0
    no_stranger_is_in(tracetop, narrowed, web, taken, left_out)
    assert pids[web] in alone and pids[other] not in alone and stranger not in alone
    assert close(alone[pids[web]], whole[pids[web]])
    assert left_out > 0.8 * (everything - taken)
    # What others use is not recorded either; that they are there is.
    capture = reader.Capture(narrowed.path)
    assert len(capture.records[reader.SAMPLE]) == taken
    assert f"container {web}".encode() in {note.name for note in capture.records[NOTE]}
    others = {pids[other], stranger, os.getpid()}
    told = {record.thread.pid for record in capture.records[reader.TASK]}
    used = {record.thread.pid for record in capture.records[TASK_USAGE]}
    assert pids[web] in used and not others & used and others <= told
    assert other in {row["container.name"] for row in rows(tracetop, "processes", "-r", wide.path)}
    by_cgroup = rows(tracetop, "cgroups", "-r", narrowed.path)
    known = rows(tracetop, "cgroups", "-r", wide.path)
    ids = {name: docker("inspect", "-f", "{{.Id}}", name) for name in (web, other)}
    assert any(ids[web] in row["cgroup.path"] for row in by_cgroup)
    assert "/" in {row["cgroup.path"] for row in known} - {row["cgroup.path"] for row in by_cgroup}
    assert not any(ids[other] in row["cgroup.path"] for row in by_cgroup)
    assert any(ids[other] in row["cgroup.path"] for row in known)


def test_one_that_starts_later_from_its_first_sample(tracetop, docker, loads, folder):
    """It is not there when recording starts, and that is said; then it is."""
    name = own("later")
    with Narrowed(tracetop, folder, "-c", name) as narrowed, Narrowed(tracetop, folder) as wide:
        with open(loads.folder + "/go", "w", encoding="ascii"):
            pass  # it burns at once
        loads.inside(docker, name)
        loads.run()
        narrowed.stop()
        wide.stop()
    assert f"there is no container '{name}' now" in narrowed.said
    alone = samples(tracetop, narrowed, "-c", name)
    whole = samples(tracetop, wide, "-c", name)
    assert sum(whole.values()) > 100 and close(sum(alone.values()), sum(whole.values()))
    main = docker.pid(name)
    assert close(alone[main], whole[main])


def test_below_its_cgroup(tracetop, docker, loads, folder):
    """What lives in a cgroup that the container made below its own belongs to it."""
    name = own("deep")
    pid = loads.inside(docker, name)
    made = []
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        places = [line.rstrip("\n").split(":", 2) for line in file]
    for number, kinds, path in places:
        for root in (f"/sys/fs/cgroup/{kinds}", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
            below = f"{root}{path}/below"
            if path != "/" and (number == "0" or kinds == "pids") and os.path.isdir(os.path.dirname(below)):
                os.mkdir(below)
                made.append(below)
                break
    assert made
    with Narrowed(tracetop, folder, "-c", name) as narrowed:
        for below in made:
            with open(below + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(pid))
        loads.run()
        taken, left_out = narrowed.stop()
    alone = samples(tracetop, narrowed, "-c", name)
    assert alone[pid] > 100 and alone[pid] > 0.9 * taken and left_out
    docker.remove(name)
    for below in made:
        tt.wait_until(lambda below=below: not os.path.exists(below) or not os.rmdir(below), what="the end of " + below)


def test_with_processes_both_must_hold(tracetop, docker, loads, folder):
    web, other = own("both"), own("neither")
    pids = {name: loads.inside(docker, name) for name in (web, other)}
    with Narrowed(tracetop, folder, "-c", web, "-p", pids[web]) as both, \
            Narrowed(tracetop, folder, "-c", web, "-p", pids[other]) as neither, \
            Narrowed(tracetop, folder, "-c", web, "-c", other) as either:
        loads.run()
        assert both.stop()[0] > 100 and neither.stop()[0] == 0
        either.stop()
    found = samples(tracetop, both)
    assert pids[web] in found and pids[other] not in found
    assert set(pids.values()) <= set(samples(tracetop, either))


def so_far(tracetop, recording, pid):
    """How many samples of a process are in a capture that is being written: it ends early."""
    done = tt.run([tracetop, "show", "processes", "--format", "json", "-r", recording.path], check=False)
    found = [row for line in done.stdout.splitlines() for row in json.loads(line)["rows"]]
    return sum(row["sample.count"] or 0 for row in found if row["proc.pid"] == pid)


def grows(recording):
    size = os.path.getsize(recording.path)
    tt.wait_until(lambda: os.path.getsize(recording.path) > size, 10, "more of the capture")


def test_a_rename_decides_again(tracetop, docker, folder):
    """Under its new name it is asked for, under the next one it no longer is."""
    old, new, last = own("old"), own("new"), own("last")
    pid = docker.begin(old, "--cpus", "0.3", command=(BUSYBOX, "sh", "-c", "while :; do :; done"))
    with Narrowed(tracetop, folder, "-c", new) as narrowed:
        def rests():
            before = so_far(tracetop, narrowed, pid)
            for _ in range(3):
                grows(narrowed)
            return so_far(tracetop, narrowed, pid) == before

        grows(narrowed)
        assert rests(), "sampled under its old name"
        docker("rename", old, new)
        tt.wait_until(lambda: so_far(tracetop, narrowed, pid), 20, "samples under its new name")
        docker("rename", new, last)
        tt.wait_until(rests, 30, "the end of samples")
        narrowed.stop()
    docker.remove(last)


def test_no_cgroup_of_its_own(tracetop, rootless, loads, folder):
    """Rootless podman has none in hybrid setups: its namespaces tell."""
    os.chmod(loads.folder, 0o777)
    script = loads.command("stranger")[-1].replace("/x/", loads.folder + "/")
    loads.local.append(subprocess.Popen(["unshare", "-fp", "--kill-child", BUSYBOX, "sh", "-c", script]))
    born = time.monotonic()
    names = own("free"), own("else")
    pids = {name: loads.inside(rootless, name) for name in names}
    # For its first second a namespace may become a container's.
    tt.wait_until(lambda: time.monotonic() > born + 1.2, what="the stranger's second")
    with Narrowed(tracetop, folder, "-c", names[0]) as narrowed:
        loads.run()
        taken, left_out = narrowed.stop()
    no_stranger_is_in(tracetop, narrowed, names[0], taken, left_out)
    found = samples(tracetop, narrowed)
    assert found[pids[names[0]]] > 100 and pids[names[1]] not in found
    assert taken < 1.1 * found[pids[names[0]]] and left_out > 200


def test_without_bpf_the_filter_stays(tracetop, docker, loads, folder):
    """All is sampled then, and that is said."""
    name = own("web")
    pid = loads.inside(docker, name)
    stranger = loads.outside("stranger")
    with Narrowed(tracetop, folder, "-c", name, before=NO_BPF) as narrowed:
        loads.run()
        left_out = narrowed.stop()[1]
    notes = {note.name for note in reader.Capture(narrowed.path).records[NOTE]}
    assert any(note.startswith(f"container {name}, samples only when shown".encode()) for note in notes)
    assert left_out == 0 and {pid, stranger} <= set(samples(tracetop, narrowed))
    assert pid in samples(tracetop, narrowed, "-c", name)
    assert stranger not in samples(tracetop, narrowed, "-c", name)
    with tt.Screen(" ".join([*NO_BPF, tracetop, "-c", name]), columns=140) as screen:
        screen.wait(f"only container {name}, by a filter")
        screen.keys("!")
        screen.wait("BPF does not narrow here")


def test_a_tracepoint_is_everybodys(tracetop, docker, loads, folder):
    """No program is set on it; what else is sampled is narrowed as always."""
    name = own("web")
    pid = loads.inside(docker, name)
    stranger = loads.outside("stranger")
    with Narrowed(tracetop, folder, "-c", name, "-e", "cpu-clock", "-e", "sched:sched_switch") as narrowed:
        loads.run()
        narrowed.stop()
    shown = tt.show(tracetop, "processes", "-r", narrowed.path)
    by_event = {table.get("event"): {row["proc.pid"] for row in table["rows"] if row["sample.count"]}
                for table in shown}
    assert pid in by_event["cpu-clock"] and stranger not in by_event["cpu-clock"]
    assert stranger in by_event["sched:sched_switch"]


def test_narrowing_is_said_of_containers(tracetop, docker, loads):
    name = own("web")
    loads.inside(docker, name)
    loads.outside("stranger")
    with tt.Screen(f"{tracetop} -c {name}", columns=140) as screen:
        screen.wait(f"only container {name}")
        loads.run()
        screen.keys("!")
        screen.wait(re.compile(r"Samples of others that the kernel left out: \d+").search)
    with tt.Screen(f"{tracetop} -c nosuch", columns=140) as screen:
        screen.wait("there is no container 'nosuch' now")
    done = tt.run([tracetop, "show", "processes", "-c", "nosuch", "--duration", "0.1"])
    assert "there is no container 'nosuch' now" in done.stderr and name in done.stderr
