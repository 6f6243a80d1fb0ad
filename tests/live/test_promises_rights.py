# SPDX-License-Identifier: GPL-2.0-or-later
"""What --readonly keeps tracetop from, as strace and /proc see it; and tracetop's view of itself."""
import os
import re
import signal
import subprocess

import pytest
import tt
from pty_screen import PtyProgram

# Those that looking takes, by their numbers: linux/capability.h.
LOOKING = {1: "DAC_OVERRIDE", 2: "DAC_READ_SEARCH", 5: "KILL", 6: "SETGID", 7: "SETUID", 14: "IPC_LOCK",
           19: "SYS_PTRACE", 21: "SYS_ADMIN", 24: "SYS_RESOURCE", 34: "SYSLOG", 38: "PERFMON", 39: "BPF",
           40: "CHECKPOINT_RESTORE"}


@pytest.fixture
def victim():
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def capabilities(pid, kind):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        mask = int(re.search(rf"^{kind}:\s*(\w+)", file.read(), re.M).group(1), 16)
    return {number for number in range(64) if mask >> number & 1}


def test_promise_46_readonly_gives_up_capabilities(tracetop):
    have = capabilities(os.getpid(), "CapBnd")
    for option, wanted in ((["--readonly"], have & set(LOOKING)), ([], have)):
        with PtyProgram([tracetop, *option, "processes"], rows=30, columns=120) as program:
            program.pump_until(lambda p=program: b"COMMAND" in p.bytes)
            # Of each thread: what is given up too late stays with those that were there before.
            for thread in os.listdir(f"/proc/{program.pid}/task"):
                assert capabilities(f"{program.pid}/task/{thread}", "CapBnd") == wanted
                assert capabilities(f"{program.pid}/task/{thread}", "CapPrm") <= wanted
            program.send("q")
            assert program.finish() == 0


def test_promise_46_readonly_as_strace_sees_it(tracetop, victim, tmp_path):
    """Whatever is asked for: nothing is signalled, moved, started or written but what is tracetop's own."""
    trace = tmp_path / "trace"
    asked = f"strace -f -y -o {trace} -e trace=kill,tkill,tgkill,pidfd_send_signal,setpriority," \
            "sched_setaffinity,sched_setscheduler,sched_setattr,ioprio_set,prlimit64,execve,execveat," \
            f"openat,openat2,mkdirat,unlinkat,ptrace,bpf {tracetop} --readonly processes"
    with tt.Screen(asked, columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        screen.keys("\\")
        screen.type(f"proc.pid = {victim.pid}")
        screen.keys("Enter")
        screen.wait(lambda text: str(victim.pid) in text and "sleep" in text)
        screen.keys("F9")
        screen.wait("refused by --readonly")
        for key in ("n", "c"):
            screen.keys("F8")
            screen.wait("Actions on")
            screen.keys(key)
            screen.wait(lambda text: "Actions on" not in text and "refused by --readonly" in text)
        screen.keys("q")
        screen.wait("status=0")
    lines = trace.read_text(errors="replace").splitlines()
    own = {line.split()[0] for line in lines}
    assert victim.poll() is None and str(victim.pid) not in own
    for line in lines:
        call = re.match(r"\d+\s+(\w+)\((.*)", line)
        if not call:
            continue
        name, rest = call.groups()
        if name in ("kill", "tkill", "tgkill"):
            assert rest.split(",")[0] in own or re.match(r"\d+, 0\)", rest), line
        if name == "setpriority":
            who = rest.split(",")[1].strip()
            assert who == "0" or who in own, line
        if name.startswith("sched_set") or name == "prlimit64":
            assert rest.split(",")[0] in own | {"0"} or "NULL" in rest, line
        if name.startswith("execve"):
            assert re.match(rf'"({re.escape(tracetop)}|/proc/self/exe)"', rest), line
        if "open" in name and re.search("O_WRONLY|O_RDWR|O_CREAT", rest):
            assert not re.search(r'"/sys/|"/proc/(?!self/)|/tracing', rest), line
        assert name not in ("pidfd_send_signal", "ioprio_set", "ptrace"), line


def test_promise_46_what_is_refused_is_dim(tracetop, victim):
    def listed(*options):
        with tt.Screen(f"{tracetop} {' '.join(options)} processes -p {victim.pid}", columns=120, rows=30) as screen:
            screen.wait("sleep")
            bar = screen.escapes().rstrip("\n").split("\n")[-1]
            screen.keys("F8")
            screen.wait("Actions on")
            return [line for line in screen.escapes().split("\n") if re.search(r" n  ", line)][0], bar
    dim, dim_bar = listed("--readonly")
    plain, bar = listed()
    assert dim != plain and bar != dim_bar
    assert "\x1b[2m" in dim and "\x1b[2m" not in plain, (dim, plain)


def test_promise_36_own_process_is_listed_and_own_work_is_not(tracetop):
    """Of its own CPU time there is a row; of its own samples none, as long as nobody asks."""
    with PtyProgram([tracetop, "-F", "4000", "-d", "0.1", "symbols"], rows=30, columns=120) as busy:
        busy.pump_until(lambda: b"%" in busy.bytes)
        rows = [row for table in tt.show(tracetop, "processes", "--duration", "0.5") for row in table["rows"]]
        assert busy.pid in [row["proc.pid"] for row in rows]
        busy.send("q")
        busy.finish()


def test_promise_36_writing_a_capture_makes_no_records(tracetop, tmp_path):
    """Its own writes are seen by the kernel and kept out at the source: none of its samples is in the file."""
    path = tmp_path / "own.tt"
    process = subprocess.Popen([tracetop, "record", "-e", "syscalls:sys_enter_write", "-w", str(path),
                                "--buffer", "4M"], stderr=subprocess.DEVNULL)
    tt.wait_until(lambda: path.exists() and path.stat().st_size > 0, what="the capture")
    with subprocess.Popen(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=200000"],
                          stderr=subprocess.DEVNULL) as load:
        load.wait()
    process.send_signal(signal.SIGINT)
    process.wait(20)
    tables = tt.show(tracetop, "processes", "-r", str(path))
    counted = {row["proc.pid"]: row.get("sample.count") for table in tables for row in table["rows"]}
    assert counted.get(load.pid)
    assert not counted.get(process.pid)
