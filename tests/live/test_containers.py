# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers of Docker, against what docker ps, docker inspect and docker stats say."""
import json
import os
import signal
import subprocess

import pytest
import runtimes
import tt
from runtimes import BUSYBOX, SLEEP, own, processes, rows


def with_name(tracetop, name, *options):
    """Rows of containers with the name."""
    return [row for row in rows(tracetop, "containers", *options) if row["container.name"] == name]


def lines_with(text, *words):
    return [line for line in text.split("\n") if all(word in line for word in words)]


@pytest.fixture(autouse=True)
def nobody_stays(docker):
    yield
    docker.remove_all()


def test_containers_are_as_docker_ps_has_them(tracetop, docker):
    """Names, images, ids, states; what is in no container has none."""
    names = [own(name) for name in ("web1", "web2", "paused")]
    pids = {name: docker.begin(name) for name in names}
    docker("pause", names[2])
    shown = {row["container.id"]: row for row in rows(tracetop, "containers")}
    for line in docker("ps", "--no-trunc", "--format", "{{json .}}").split("\n"):
        told = json.loads(line)
        row = shown[told["ID"][:12]]
        assert (row["container.name"], row["container.image"], row["container.state"]) == \
            (told["Names"], told["Image"], told["State"])
        assert row["container.runtime"] == "docker"
        names.remove(told["Names"])
    assert not names
    found = {row["proc.pid"]: row["container.name"] for row in processes(tracetop)}
    assert {name: found[pid] for name, pid in pids.items()} == {name: name for name in pids}
    assert os.getpid() not in found


@pytest.fixture
def busy(docker):
    """A container that may use a third of a CPU and wants all of it; its first process."""
    yield docker.begin(own("busy"), "--memory", "64m", "--cpus", "0.33", "--pids-limit", "50",
                       command=(BUSYBOX, "sh", "-c", "while :; do :; done"))


def bytes_of(text):
    """1.5MiB, as docker writes it."""
    units = {"KiB": 10, "MiB": 20, "GiB": 30}
    unit = next((unit for unit in units if text.endswith(unit)), None)
    return float(text[:-3]) * (1 << units[unit]) if unit else float(text.rstrip("B"))


def test_usage_is_as_docker_stats_has_it(tracetop, docker, busy):
    docker.begin(own("resting"), "-u", "1005")
    stats = subprocess.Popen(["docker", "-H", "unix://" + docker.socket, "stats", "--no-stream", "--no-trunc",
                              "--format", "{{json .}}"], stdout=subprocess.PIPE, text=True)
    shown = {row["container.name"]: row for row in rows(tracetop, "containers", "--duration", "2")}
    for line in stats.communicate(timeout=30)[0].splitlines():
        told = json.loads(line)
        row = shown[told["Name"]]
        assert told["ID"].startswith(row["container.id"])
        assert abs(row["container.cpu"] - float(told["CPUPerc"].rstrip("%"))) < 10
        assert row["container.pids"] == int(told["PIDs"])
        memory, limit = (bytes_of(part) for part in told["MemUsage"].split(" / "))
        assert abs(row["container.memory"] - memory) < max(0.1 * memory, 256 << 10)
        if told["Name"] == own("busy"):
            assert row["container.memory_limit"] == limit == 64 << 20
            assert row["container.pids_limit"] == 50
    assert 15 < shown[own("busy")]["container.cpu"] < 37  # less where the machine has no more to give
    assert 50 < shown[own("busy")]["container.cpu_throttled"] <= 100
    assert shown[own("resting")]["container.cpu"] == 0
    only = rows(tracetop, "processes", "-c", own("busy"))
    assert [row["proc.pid"] for row in only] == [busy]
    samples = rows(tracetop, "threads", "-c", own("busy"), "--duration", "1")
    assert [row["thread.tid"] for row in samples] == [busy] and samples[0]["sample.count"] > 10


def test_a_walk_through_a_container(tracetop, busy):
    """Containers, its processes, one of them, its functions, and back; a shell inside, and back."""
    name = own("busy")
    with tt.Screen(f"{tracetop} containers -f 'container.name = {name}'", columns=180, rows=30) as screen:
        screen.wait(lambda text: lines_with(text, name, "running"))
        screen.keys("Home", "F8")
        screen.wait("A shell in it")
        screen.keys("e")
        screen.wait("#")
        screen.type(f"{BUSYBOX} echo in pid namespace $({BUSYBOX} readlink /proc/self)x; {BUSYBOX} ls /; exit 0")
        screen.keys("Enter")
        screen.wait(lambda text: text.startswith("Containers") and lines_with(text, name, "running"))
        screen.keys("Home", "Enter")
        screen.wait(lambda text: f"> {name} > Processes" in text and f" {busy} " in text)
        screen.keys("F2", "Home", "Tab")
        listed = [line.split("  ")[0].strip() for line in screen.wait("For: ").split("\n")]
        names = [name for name in listed[listed.index("Views") + 1:] if name]
        screen.keys(*["Down"] * names.index("Symbols"), "Enter")
        screen.wait(lambda text: text.startswith("Symbols") and "> Processes > " in text and "busybox" in text)
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Processes"))
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers") and lines_with(text, name))


def test_processes_are_those_that_live(tracetop, docker, tmp_path):
    """However many came and went meanwhile."""
    name, capture = own("forking"), tmp_path / "capture.tt"
    script = f"{BUSYBOX} sleep 1000 & while :; do {BUSYBOX} true; {BUSYBOX} usleep 20000; done"
    docker.begin(name, command=(BUSYBOX, "sh", "-c", script))
    tt.run([tracetop, "record", "-w", capture, "--duration", "3"])
    alive = len(docker("top", name).splitlines()) - 1
    passed = [row for row in rows(tracetop, "processes", "-r", capture) if row["container.name"] == name]
    row = with_name(tracetop, name, "-r", capture)[0]
    assert alive in (2, 3) and len(passed) > alive + 2
    assert row["container.processes"] in (2, 3) and row["container.pids"] <= 4


def test_what_is_written_is_that_of_its_processes(tracetop, docker, tmp_path):
    """Not what cgroups of version 1 know: of what is written to files and back later, nothing."""
    name, capture = own("writing"), tmp_path / "capture.tt"
    script = f"while :; do {BUSYBOX} dd if=/dev/zero of=/written bs=64k count=16; {BUSYBOX} usleep 100000; done"
    docker.begin(name, command=(BUSYBOX, "sh", "-c", script))
    tt.run([tracetop, "record", "-w", capture, "--duration", "3"])
    written = with_name(tracetop, name, "-r", capture)[0]["container.io_written"]
    used = sum(row["proc.io_written"] for row in rows(tracetop, "processes", "-r", capture)
               if row["container.name"] == name)
    # Looks at processes and records of containers are not about the very same three seconds.
    assert written > 256 << 10 and written == pytest.approx(used, rel=0.5)


def test_pause_and_go_on(tracetop, docker, busy):
    name = own("busy")

    def state():
        return docker("inspect", "-f", "{{.State.Status}}", name)

    def used():
        with open(f"/proc/{busy}/stat", encoding="ascii") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))

    with tt.Screen(f"{tracetop} containers -f 'container.name = {name}'", columns=180, rows=30) as screen:
        screen.wait(lambda text: lines_with(text, name, "running"))
        for key, word, wanted in (("z", "Pause it", "paused"), ("u", "Let it go on", "running")):
            screen.keys("Home", "F8")
            screen.wait(word)
            screen.keys(key)
            screen.wait("y does it")
            screen.keys("y")
            screen.wait(lambda text, wanted=wanted: lines_with(text, name, wanted), timeout=20)
        before = used()
        tt.wait_until(lambda: used() > before, what="the container going on")
        assert state() == "running"


def test_rename_and_reuse(tracetop, docker):
    """The new name counts; who takes the old one is another container."""
    first = docker.begin(own("old"))
    docker("rename", own("old"), own("new"))
    assert runtimes.named(tracetop, first) == [own("new")]
    second = docker.begin(own("old"))
    found = {row["proc.pid"]: row["container.name"] for row in processes(tracetop)}
    assert found[first] == own("new") and found[second] == own("old")


def test_promise_44_restarted_and_killed_while_looked_at(tracetop, docker, folder):
    """Each run is a container of its own with an end; what is looked at does not slip to the next."""
    name, capture = own("again"), folder + "/restarted.tt"
    first = docker.begin(name)
    with tt.Screen(f"{tracetop} containers -w {capture} -f 'container.name = {name}'", columns=180,
                   rows=30) as screen:
        screen.wait(lambda text: lines_with(text, name, "running"))
        docker("restart", "-t", "0", name)
        second = docker.pid(name)
        screen.wait(lambda text: lines_with(text, name, "running") and lines_with(text, name, "ended"))
        docker("kill", name)
        screen.wait(lambda text: not lines_with(text, name, "running"))
        screen.keys("q")
        screen.wait("status=0")
    found = with_name(tracetop, name, "-r", capture)
    assert [row["container.state"] for row in found] == ["ended"] * 2
    assert len({row["container.id"] for row in found}) == 1
    pids = {row["proc.pid"] for row in processes(tracetop, "-r", capture) if row["container.name"] == name}
    assert {first, second} <= pids


def test_restarts_are_counted_as_docker_does(tracetop, docker):
    name = own("falls")
    docker.begin(name, "--restart", "always")

    def count():
        return int(docker("inspect", "-f", "{{.RestartCount}}", name))

    os.kill(docker.pid(name), signal.SIGKILL)
    tt.wait_until(lambda: count() >= 1 and docker.pid(name), 20, "the restart")
    found = with_name(tracetop, name)
    assert len(found) == 1 and found[0]["container.restarts"] == count() == 1


def test_a_hundred_short_lives_have_names(tracetop, docker, folder):
    """Containers that live a tenth of a second, one after the other: all, with name and image."""
    capture = folder + "/short.tt"
    wanted = {own(f"short{i}") for i in range(100)}
    with runtimes.Recording(tracetop, capture):
        for name in sorted(wanted):
            docker("run", "--rm", "--name", name, "--network", "none", "bb:latest", BUSYBOX, "true")
    found = [row for row in rows(tracetop, "containers", "-r", capture) if row["container.image"] == "bb:latest"]
    found = {row["container.name"]: row["container.state"] for row in found if row["container.name"] in wanted}
    assert set(found) == wanted, f"without a name: {sorted(wanted - set(found))}"
    assert set(found.values()) == {"ended"}
    assert wanted <= {row["container.name"] for row in processes(tracetop, "-r", capture)}


def test_promise_44_a_name_used_again(tracetop, docker, folder):
    """Two lives under one name are two containers."""
    name, capture = own("same"), folder + "/again.tt"
    with runtimes.Recording(tracetop, capture):
        for _ in range(2):
            docker("run", "--rm", "--name", name, "--network", "none", "bb:latest", BUSYBOX, "true")
    assert len({row["container.id"] for row in with_name(tracetop, name, "-r", capture)}) == 2
    assert len({row["proc.pid"] for row in processes(tracetop, "-r", capture)
                if row["container.name"] == name}) >= 2


def test_pid_of_the_machine_and_nsenter(tracetop, docker):
    """A cgroup tells first; of who comes with the machine's cgroup, the namespace he entered."""
    shared, plain = docker.begin(own("shared"), "--pid", "host"), docker.begin(own("entered"))
    assert os.readlink(f"/proc/{shared}/ns/pid") == os.readlink("/proc/self/ns/pid")
    entered = subprocess.Popen(["nsenter", "-t", str(plain), "-m", "-p", *SLEEP])
    beside = subprocess.Popen(["nsenter", "-t", str(plain), "-n", "sleep", "1000"])
    try:
        inside = tt.wait_until(lambda: open(f"/proc/{entered.pid}/task/{entered.pid}/children",
                                            encoding="ascii").read().split())[0]
        tt.wait_until(lambda: "sleep" in runtimes.words_of(int(inside)))
        found = {row["proc.pid"]: row["container.name"] for row in processes(tracetop)}
        assert found[shared] == own("shared") and found[plain] == own("entered")
        assert found[int(inside)] == own("entered")
        assert beside.pid not in found
    finally:
        for process in (entered, beside):
            process.kill()
            process.wait()


@pytest.mark.parametrize("how", ["hanging", "ended"])
def test_promise_20_no_daemon_is_needed_for_names(tracetop, docker, how):
    """Names are in files: a daemon that hangs, or is gone while its containers run on, is not missed."""
    pid = docker.begin(own("alone"))
    if how == "hanging":
        docker.daemon.process.send_signal(signal.SIGSTOP)
    else:
        docker.stop()
    try:
        assert os.path.exists(f"/proc/{pid}")
        assert runtimes.named(tracetop, pid) == [own("alone")]
        with tt.Screen(f"{tracetop} containers -f 'container.name = {own('alone')}'", columns=180, rows=30) as screen:
            screen.wait(lambda text: lines_with(text, own("alone"), "running", "bb:latest"), timeout=5)
            screen.keys("F1")
            screen.wait("Help: ", timeout=2)
    finally:
        if how == "hanging":
            docker.daemon.process.send_signal(signal.SIGCONT)
        else:
            docker.start()


def test_promise_15_what_docker_keeps_does_not_drive_the_terminal(tracetop, docker):
    """Labels, a hostname and a command line with escape sequences."""
    evil = "\x1b]2;owned\x07\x1b[2J"
    name = own("evil")
    docker.begin(name, "--label", f"{evil}={evil}", "--hostname", "h", "--label", "plain=1",
                 command=(BUSYBOX, "sh", "-c", f": '{evil}'; while :; do {BUSYBOX} sleep 1000; done"))
    for view in ("containers", "processes"):
        done = tt.run([tracetop, "show", view, "--duration", "0.4", "-c", name])
        assert name in done.stdout
        assert not set("\x1b\x07") & set(done.stdout + done.stderr)


def test_labels_are_fields_and_long_names_have_room(tracetop, docker, folder):
    """Live and in a capture; on a wide screen a name takes what other columns leave."""
    name, capture = own("a-name-as-kubernetes-has-them-of-fifty-letters"), folder + "/labels.tt"
    docker.begin(name, "--label", "app=" + own("web"), "--label", "example.org/team-a=x=y")
    docker.begin(own("bare"))
    for clause in (f"container.label.app = {own('web')}", "container.label.example.org/team-a = 'x=y'"):
        assert [row["container.name"] for row in rows(tracetop, "containers", "-f", clause)] == [name]
    tt.run([tracetop, "record", "-w", capture, "--duration", "1"])
    found = rows(tracetop, "containers", "-r", capture, "-f", "container.label.app exists")
    assert name in (names := [row["container.name"] for row in found]) and own("bare") not in names
    with tt.Screen(f"{tracetop} containers", columns=260, rows=30) as screen:
        screen.wait(f"{name} ")
    docker.remove(name, own("bare"))
