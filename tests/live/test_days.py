# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad days: without rights, tracefs, BTF, kallsyms.  It starts, shows what it can, says what is missing."""
import json
import os
import shutil
import tempfile

import pytest
import tt
from loads import Load, source

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
PARANOID = "/proc/sys/kernel/perf_event_paranoid"
KPTR = "/proc/sys/kernel/kptr_restrict"


@pytest.fixture
def sysctl():
    """Sets what stands below /proc/sys; puts it back."""
    before = {}

    def setting(path, value):
        with open(path, encoding="ascii") as file:
            before.setdefault(path, file.read())
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))
        except OSError as error:
            pytest.skip(f"{path} cannot be set here: {error}")

    try:
        yield setting
    finally:
        for path, value in before.items():
            with open(path, "w", encoding="ascii") as file:
                file.write(value)


@pytest.fixture(scope="module")
def open_tracetop(tracetop):
    """The program where anybody may run it."""
    folder = tempfile.mkdtemp(prefix="tt-")
    os.chmod(folder, 0o755)
    shutil.copy(tracetop, folder)
    tt.compile_c(source("load_chain.c"), folder + "/chain", "-O2", "-fno-omit-frame-pointer")
    yield folder + "/tracetop"
    shutil.rmtree(folder)


def symbols_of(done):
    return {row["symbol.name"]: row for row in json.loads(done.stdout)["rows"]}


@pytest.mark.parametrize("paranoid", [1, 2, 3])
def test_promise_45_nobody_is_told_what_to_do(open_tracetop, sysctl, paranoid):
    """The whole machine is refused: the knob, its value, the command that helps."""
    sysctl(PARANOID, paranoid)
    done = tt.run([*NOBODY, open_tracetop, "show", "symbols", "--duration", "0.1"], check=False)
    assert done.returncode == 1 and done.stdout == ""
    for words in (f"kernel.perf_event_paranoid is {paranoid}", "run as root", "CAP_PERFMON",
                  "sysctl kernel.perf_event_paranoid=0"):
        assert words in done.stderr
    tracepoint = tt.run([*NOBODY, open_tracetop, "show", "symbols", "-e", "sched:sched_switch"], check=False)
    assert tracepoint.returncode == 1 and "run as root" in tracepoint.stderr
    assert "page-faults" in tt.run([*NOBODY, open_tracetop, "list", "events"]).stdout


def test_promise_45_nobody_with_paranoid_0_sees_everything(open_tracetop, sysctl):
    """What the message says helps."""
    sysctl(PARANOID, 0)
    with Load([os.path.dirname(open_tracetop) + "/chain"], 60) as load:
        load.go()
        done = tt.run([*NOBODY, open_tracetop, "show", "processes", "--duration", "0.5", "--format", "json"])
        assert load.pid in [row["proc.pid"] for row in json.loads(done.stdout)["rows"]]


def test_promise_45_nobody_with_cap_perfmon_sees_everything(open_tracetop, sysctl):
    sysctl(PARANOID, 2)
    with Load([os.path.dirname(open_tracetop) + "/chain"], 60) as load:
        load.go()
        done = tt.run([*NOBODY, "--inh-caps=+perfmon", "--ambient-caps=+perfmon", open_tracetop, "show",
                       "processes", "--duration", "0.5", "--format", "json"])
        assert load.pid in [row["proc.pid"] for row in json.loads(done.stdout)["rows"]]


def perf_allows_own(folder):
    """Whether anybody may sample a program of their own: perf says it."""
    return tt.run([*NOBODY, "perf", "stat", "-e", "cpu-clock:u", "true"], check=False, cwd=folder).returncode == 0


@pytest.mark.parametrize("paranoid", [1, 2, 3])
def test_promise_45_nobody_samples_what_is_theirs(open_tracetop, sysctl, paranoid):
    """A command of one's own: user code always, the kernel with paranoid 1."""
    sysctl(PARANOID, paranoid)
    folder = os.path.dirname(open_tracetop)
    command = ["sh", "-c", f"echo | {folder}/chain 0.3"]
    done = tt.run([*NOBODY, open_tracetop, "show", "symbols", "-F", "999", "--format", "json", "--", *command],
                  check=False)
    if not perf_allows_own(folder):
        assert done.returncode == 1 and f"kernel.perf_event_paranoid is {paranoid}" in done.stderr
        return
    rows = symbols_of(done)
    assert rows["leaf"]["sample.count"] > 50 and rows["leaf"]["symbol.doubt"] is None
    if paranoid >= 2:
        assert all(row["symbol.space"] != "k" for row in rows.values())


def test_promise_45_another_users_process_is_refused_with_the_reason(open_tracetop, sysctl):
    sysctl(PARANOID, 1)
    with Load([os.path.dirname(open_tracetop) + "/chain"], 60) as load:
        done = tt.run([*NOBODY, open_tracetop, "show", "symbols", "-p", load.pid], check=False)
    assert done.returncode == 1
    assert f"process {load.pid}" in done.stderr and "another user's" in done.stderr and "run as root" in done.stderr


def test_promise_45_the_screen_opens_without_rights(open_tracetop, sysctl):
    """It says that it samples nothing, and why; the help opens all the same."""
    sysctl(PARANOID, 2)
    command = " ".join([*NOBODY, open_tracetop])
    with tt.Screen(command, columns=160, env={"HOME": "/nonexistent"}) as screen:
        screen.wait("NOT SAMPLING")
        screen.wait("kernel.perf_event_paranoid is 2")
        screen.keys("F1")
        screen.wait("Functions by the time")
        screen.keys("Escape", "q")
        screen.wait("status=0")


@pytest.mark.parametrize("who", ["root", "nobody"])
def test_promise_45_hidden_kernel_symbols_are_told(open_tracetop, sysctl, tmp_path, who):
    """kptr_restrict 2: user names are there, the kernel's rows say that they are not, and what helps."""
    sysctl(KPTR, 2)
    sysctl(PARANOID, -1)
    before = NOBODY if who == "nobody" else []
    folder = os.path.dirname(open_tracetop)
    every = ["-f", "sample.idle = true or sample.idle = false"]
    command = ["sh", "-c", f"echo | {folder}/chain 0.3; exec cat /proc/self/maps >/dev/null"]
    done = tt.run([*before, open_tracetop, "show", "symbols", *every, "-e", "page-faults/period=1/:k", "-e",
                   "cpu-clock/freq=999/", "--format", "json", "--", *command])
    tables = [json.loads(line) for line in done.stdout.splitlines()]
    kernel = [row for row in tables[0]["rows"] if row["symbol.space"] == "k"]
    assert kernel and {row["symbol.doubt"] for row in kernel} == {"unreadable"}
    assert "leaf" in [row["symbol.name"] for row in tables[1]["rows"]]
    done = tt.run([*before, open_tracetop, "show", "binaries", "-e", "page-faults/period=1/:k", "--format", "json",
                   "--", *command])
    why, = [row["dso.why"] for row in json.loads(done.stdout)["rows"] if row["dso.path"] == "[kernel]"]
    assert "sysctl kernel.kptr_restrict=0" in why


def in_namespace(script, *command, **kwargs):
    """Runs a command in a mount namespace that a script has changed; nothing of it is seen outside."""
    return tt.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script + ' && exec "$@"', "sh", *command],
                  check=False, **kwargs)


NO_TRACEFS = "{ umount -l /sys/kernel/tracing; umount -l /sys/kernel/debug; true; } 2>/dev/null"
NO_MOUNTS = ["setpriv", "--bounding-set=-sys_admin"]


def test_promise_45_without_tracefs(tracetop):
    """Symbols work; a tracepoint says what to mount; the list says that they are left out."""
    assert in_namespace(NO_TRACEFS, "ls", "/sys/kernel/tracing").stdout == ""
    done = in_namespace(NO_TRACEFS, *NO_MOUNTS, tracetop, "show", "symbols", "--duration", "0.3", "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["view"] == "symbols"
    done = in_namespace(NO_TRACEFS, *NO_MOUNTS, tracetop, "show", "symbols", "-e", "sched:sched_switch")
    assert done.returncode == 1
    assert "tracefs" in done.stderr and "mount -t tracefs tracefs /sys/kernel/tracing" in done.stderr
    done = in_namespace(NO_TRACEFS, *NO_MOUNTS, tracetop, "list", "events")
    assert "page-faults" in done.stdout and "sched:" not in done.stdout
    assert "tracepoints are left out" in done.stderr


def test_promise_45_without_btf(tracetop, tmp_path):
    """BPF cannot narrow then; perf does, and the same samples are shown."""
    (tmp_path / "empty").touch()
    program = tt.compile_c(source("load_chain.c"), tmp_path / "chain", "-O2")
    script = f"mount --bind {tmp_path}/empty /sys/kernel/btf/vmlinux"
    with Load([program], 60) as load:
        load.go()
        done = in_namespace(script, tracetop, "show", "symbols", "-p", load.pid, "-F", "999", "--duration", "0.5",
                            "--format", "json")
    assert done.returncode == 0 and done.stderr == ""
    assert symbols_of(done)["leaf"]["sample.count"] > 50


@pytest.mark.parametrize("how", ["empty", "absent"])
def test_promise_45_without_kallsyms(tracetop, tmp_path, how):
    """User names are there; the kernel's rows say that theirs could not be read."""
    (tmp_path / "empty").touch()
    program = tt.compile_c(source("load_chain.c"), tmp_path / "chain", "-O2")
    script = (f"mount --bind {tmp_path}/empty /proc/kallsyms" if how == "empty"
              else "mount -t proc -o subset=pid proc /proc")
    with Load([program], 60) as load:
        load.go()
        done = in_namespace(script, tracetop, "show", "symbols", "-F", "999", "--duration", "0.7", "--format", "json",
                            "-f", "sample.idle = true or sample.idle = false")
    assert done.returncode == 0
    assert symbols_of(done)["leaf"]["sample.count"] > 50
    kernel = [row for row in json.loads(done.stdout)["rows"] if row["symbol.space"] == "k"]
    assert {row["symbol.doubt"] for row in kernel} <= {"unreadable"}


def test_no_pmu_is_said(tracetop):
    """The status line says which event it is, and why."""
    if tt.run(["perf", "stat", "-x,", "-e", "cycles", "true"]).stderr.split(",")[0].isdigit():
        pytest.skip("this machine has a PMU")
    with tt.Screen(tracetop, columns=120) as screen:
        screen.wait("cpu-clock 99Hz  (no PMU)")
