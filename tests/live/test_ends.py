# SPDX-License-Identifier: GPL-2.0-or-later
"""How it ends: signals, kill -9, full disks; what it leaves in the kernel and on the disk."""
import json
import os
import re
import signal
import stat
import subprocess

import pytest
import tt
from loads import Load, Recording, source

TRACEFS = "/sys/kernel/tracing"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return tt.compile_c(source("load_chain.c"), tmp_path_factory.mktemp("ends") / "chain", "-O2")


def bpf_of(pid):
    """Numbers of the BPF programs, maps and links that a process holds."""
    found = {"prog": set(), "map": set(), "link": set()}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                info = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
        except FileNotFoundError:  # closed meanwhile
            continue
        for kind in ("link", "map", "prog"):  # a link tells of its program too
            if f"{kind}_id" in info:
                found[kind].add(int(info[f"{kind}_id"]))
                break
    return found


def bpf_ids():
    return {kind: {one["id"] for one in json.loads(tt.run(["bpftool", "-j", kind, "list"]).stdout or "[]")}
            for kind in ("prog", "map", "link")}


def tracefs_state():
    """Instances, events that are on, dynamic events, the tracer."""
    state = {"instances": sorted(os.listdir(f"{TRACEFS}/instances"))}
    for name in ("set_event", "current_tracer", "tracing_on", "dynamic_events", "kprobe_events", "uprobe_events",
                 "trace_clock", "trace_options"):
        try:
            with open(f"{TRACEFS}/{name}", encoding="utf-8", errors="replace") as file:
                state[name] = file.read()
        except OSError:
            pass
    return state


def samples_of(tracetop, capture):
    """How many the capture has, up to where it has come."""
    shown = tt.run([tracetop, "show", "symbols", "-r", capture, "--format", "json"], check=False)
    return json.loads(shown.stdout)["records"] if shown.stdout else 0


@pytest.mark.parametrize("events", [[], ["-e", "sched:sched_switch"]], ids=["bpf", "tracepoint"])
def test_promise_26_kill_leaves_nothing_in_the_kernel(tracetop, program, tmp_path, events):
    """BPF programs, maps and links go with the process; tracefs is as it was; so is the capture, up to there."""
    capture = tmp_path / "killed.tt"
    tracefs = tracefs_state()
    with Load([program], 60) as load:
        with Recording(tracetop, capture, *events, "-F", "999", "-p", load.pid) as recording:
            pid = recording.process.pid
            held = tt.wait_until(lambda: all(bpf_of(pid).values()) and bpf_of(pid), what="BPF programs, maps and links")
            assert sum("perf_event" in name for name in recording.descriptors()) >= 2
            children = tt.run(["ps", "-o", "pid=", "--ppid", pid], check=False).stdout.split()
            load.go()
            tt.wait_until(lambda: samples_of(tracetop, capture), what="samples in the capture")
            os.kill(pid, signal.SIGKILL)
            recording.process.wait()
        # Programs and maps are freed behind the last descriptor, a moment later.
        tt.wait_until(lambda: not any(held[kind] & ids for kind, ids in bpf_ids().items()), what="BPF to go")
        for child in children:
            tt.wait_until(lambda: not os.path.exists(f"/proc/{child}"), what="the end of the resolver child")
    assert tracefs_state() == tracefs
    assert samples_of(tracetop, capture)


@pytest.mark.parametrize("options", [["-p"], ["-e", "sched:sched_switch", "-p"], ["-e", "sched:sched_switch"]],
                         ids=" ".join)
def test_promise_25_the_end_leaves_nothing(tracetop, program, tmp_path, options):
    tracefs = tracefs_state()
    with Load([program], 60) as load:
        target = [load.pid] if options[-1] == "-p" else []
        with Recording(tracetop, tmp_path / "end.tt", *options, *target) as recording:
            held = bpf_of(recording.process.pid)
            load.go()
            recording.stop()
    assert tracefs_state() == tracefs
    tt.wait_until(lambda: not any(held[kind] & ids for kind, ids in bpf_ids().items()), what="BPF to go")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT],
                         ids=lambda number: number.name)
def test_a_signal_finishes_the_capture_whole(tracetop, program, tmp_path, number):
    """Names are in it, its index too, and nothing is said of damage."""
    capture = tmp_path / "ended.tt"
    with Load([program], 0.2) as load, Recording(tracetop, capture, "-F", "999") as recording:
        load.go()
        load.wait()
        message = recording.stop(number)
        assert re.search(r"^tracetop: [1-9][0-9]* samples in ", message)
        samples = int(message.split()[1])
        done = tt.run([tracetop, "show", "symbols", "-r", capture, "-f",
                       f"proc.pid = {load.pid}", "--format", "json"])
    assert done.stderr == ""
    table = json.loads(done.stdout)
    assert {"leaf", "left"} <= {row["symbol.name"] for row in table["rows"]}
    every = tt.show(tracetop, "symbols", "-r", capture)[0]
    assert table["records"] <= every["records"] <= samples


def test_the_mode_is_0600_whatever_the_umask(tracetop, tmp_path):
    """Also with umask 0, and a name that is taken is refused: file, link, fifo."""
    capture = tmp_path / "mode.tt"
    with Recording(tracetop, capture, umask=0) as recording:
        assert stat.S_IMODE(capture.stat().st_mode) == 0o600
        recording.stop()
    assert stat.S_IMODE(capture.stat().st_mode) == 0o600
    before = capture.read_bytes()
    (tmp_path / "link.tt").symlink_to(tmp_path / "target.tt")
    os.mkfifo(tmp_path / "fifo.tt")
    for taken in ("mode.tt", "link.tt", "fifo.tt"):
        for verb in (["record"], ["show", "symbols"]):
            done = tt.run([tracetop, *verb, "-w", tmp_path / taken, "--duration", "0.1"], check=False)
            assert done.returncode == 1 and taken in done.stderr and "exists" in done.stderr
    assert capture.read_bytes() == before and not (tmp_path / "target.tt").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    tt.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder])
    yield folder
    tt.run(["umount", "-l", folder])


def test_a_full_disk_is_said_and_the_rest_is_good(tracetop, program, small_disk, tmp_path):
    """record ends with a reason; what fitted can be read."""
    capture = small_disk / "full.tt"
    command = [tracetop, "record", "-w", capture, "-F", "20000"]
    with Load([program], 60) as load:
        load.go()
        with subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True) as process:
            try:
                errors = process.communicate(timeout=30)[1]
            finally:
                process.kill()
    assert process.returncode == 1
    assert "No space left on device" in errors and str(capture) in errors
    assert errors.count("No space left on device") == 1
    done = tt.run([tracetop, "show", "symbols", "-r", capture, "--format", "json"], check=False)
    assert json.loads(done.stdout)["records"] > 0


def test_a_full_disk_does_not_end_the_screen(tracetop, program, small_disk):
    capture = small_disk / "full.tt"
    with Load([program], 60) as load:
        load.go()
        with tt.Screen(f"{tracetop} -F 20000 -w {capture}", columns=120) as screen:
            screen.wait("No space left on device", timeout=30)
            screen.wait(lambda text: "leaf" in text and "live" in text)
            screen.keys("q")
            screen.wait("status=")
    done = tt.run([tracetop, "show", "symbols", "-r", capture, "--format", "json"], check=False)
    assert json.loads(done.stdout)["records"] > 0


def test_a_read_only_target_is_said(tracetop, tmp_path):
    folder = tmp_path / "sealed"
    folder.mkdir()
    tt.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder])
    try:
        for path in (folder / "x.tt", tmp_path / "missing" / "x.tt"):
            done = tt.run([tracetop, "record", "-w", path, "--duration", "0.1"], check=False)
            assert done.returncode == 1 and str(path) in done.stderr
            assert "Read-only file system" in done.stderr or "No such file or directory" in done.stderr
    finally:
        tt.run(["umount", folder])
