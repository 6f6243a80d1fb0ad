# SPDX-License-Identifier: GPL-2.0-or-later
"""What is looked at goes away and comes again under the same name, number or path."""
import os
import re
import subprocess
import sys
import time

import pytest
import runtimes
import tt
from runtimes import BUSYBOX

LAST_PID = "/proc/sys/kernel/ns_last_pid"
BURN = "while True: pass"
ENDED = r"ended at (\d\d:\d\d:\d\d)"


def busy(marker):
    return (BUSYBOX, "sh", "-c", f"while :; do :; done; echo {marker}")


def near_now(text, slack=20):
    """Whether a time of the day was a moment ago."""
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    now = time.localtime()
    apart = (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec - hours * 3600 - minutes * 60 - seconds) % 86400
    return apart < slack


def test_promise_44_a_container_goes_and_another_takes_its_name(tracetop, docker):
    """What was opened stays with the old one, whose end is said; above, both are told apart."""
    name = runtimes.own("web1")
    docker.begin(name, command=busy("the-old"))
    with tt.Screen(f"{tracetop} containers -c '{name}'", columns=220, rows=30) as screen:
        screen.wait(lambda text: text.startswith("Containers") and name in text)
        screen.keys("Enter")
        screen.wait(lambda text: re.search(f"{name}.* > Processes", text) and "the-old" in text)
        docker.remove(name)
        docker.begin(name, command=busy("the-new"))
        text = screen.wait(lambda text: re.search(f"{name}.* \\({ENDED}\\) > Processes", text))
        assert near_now(re.search(ENDED, text)[1])
        screen.wait(lambda text: text.startswith("Processes") and "ENDED " in text.split("\n")[0])
        # The new one is seen elsewhere by then.
        tt.wait_until(lambda: any("the-new" in str(row["proc.cmdline"]) for row in runtimes.processes(tracetop)))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            text = screen.text()
            assert "the-new" not in text and "the-old" in text, text
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers") and "running" in text)
        screen.keys("Enter")
        screen.wait(lambda text: "the-new" in text and "the-old" not in text and "ended at" not in text)
    docker.remove(name)


def test_promise_44_both_containers_of_a_name_are_rows(tracetop, docker, tmp_path):
    name, capture = runtimes.own("twice"), str(tmp_path / "twice.tt")
    pids, ids = [], []
    with runtimes.Recording(tracetop, capture):
        for marker in ("the-old", "the-new"):
            pids.append(docker.begin(name, command=busy(marker)))
            ids.append(docker("inspect", "-f", "{{.Id}}", name)[:12])
            tt.wait_until(lambda: any(row["container.id"] == ids[-1] for row in runtimes.rows(
                tracetop, "containers", "-r", capture, check=False)), what="its row")
            docker.remove(name)
    rows = [row for row in runtimes.rows(tracetop, "containers", "-r", capture) if row["container.name"] == name]
    assert sorted(row["container.id"] for row in rows) == sorted(ids)
    for one, pid in zip(ids, pids):
        found = runtimes.rows(tracetop, "processes", "-r", capture, "-f", f"container.id = '{one}'")
        assert pid in [row["proc.pid"] for row in found] and not set(pids) - {pid} & {row["proc.pid"] for row in found}


# --- a number that is used again ---


def start_as(pid, command):
    """A process with that id; None if another took it meanwhile."""
    with open(LAST_PID, "w", encoding="ascii") as file:
        file.write(str(pid - 1))
        file.flush()
        process = subprocess.Popen(command)
    return process if process.pid == pid else end(process)


def end(process):
    process.kill()
    process.wait()


@pytest.fixture
def twin():
    """Makes a process end and another begin under its number, within milliseconds."""
    started = []
    with open(LAST_PID, encoding="ascii") as file:
        before = file.read()

    def begin(command):
        started.append(subprocess.Popen(command))
        return started[-1]

    def replace(process, command):
        for _ in range(50):
            if process.poll() is None:
                end(process)
            again = start_as(process.pid, command)
            if again:
                started.append(again)
                return again
        return pytest.fail("another process took the number, 50 times")

    yield begin, replace
    for process in started:
        end(process)
    with open(LAST_PID, "w", encoding="ascii") as file:
        file.write(before)


def python(marker):
    return [sys.executable, "-c", BURN, marker]


def lives(rows, pid):
    """What ran under a number: last word of the command line, and samples."""
    return {str(row["proc.cmdline"]).split(" ")[-1]: row for row in rows if row["proc.pid"] == pid}


def shown_lives(tracetop, capture, pid, *options):
    return lives(runtimes.rows(tracetop, "processes", "-r", capture, *options, check=False), pid)


def test_promise_44_two_lives_of_a_number_in_one_interval(tracetop, twin, tmp_path):
    """Of the same name: two rows, each with its samples and with what it used."""
    begin, replace = twin
    capture = tmp_path / "lives.tt"
    with runtimes.Recording(tracetop, str(capture), "-F", "199"):
        old = begin(python("the-old"))
        tt.wait_until(lambda: "the-old" in shown_lives(tracetop, capture, old.pid), what="the old one")
        new = replace(old, python("the-new"))
        tt.wait_until(lambda: shown_lives(tracetop, capture, old.pid).get("the-new", {}).get("proc.cpu"), what="the new one")
        end(new)
    found = shown_lives(tracetop, capture, old.pid)
    assert set(found) == {"the-old", "the-new"}
    assert all(row["sample.count"] > 0 and row["proc.cpu"] > 0 for row in found.values())
    for view in ("processes", "threads"):
        rows = [row for row in runtimes.rows(tracetop, view, "-r", capture) if row["proc.pid"] == old.pid]
        assert len(rows) == 2, rows


def test_promise_44_a_number_is_not_mixed_on_the_screen(tracetop, twin):
    """Drilled into the old one, the view says when it ended, and does not go on with the new one."""
    begin, replace = twin
    old = begin(python("the-old"))
    with tt.Screen(f"{tracetop} -F 199 processes -f 'proc.pid = {old.pid}'", columns=220, rows=30) as screen:
        screen.wait(lambda text: "the-old" in text)
        screen.keys("Enter")
        screen.wait(lambda text: f"({old.pid}) > Threads" in text and re.search(rf"{old.pid} +{old.pid} R", text))
        replace(old, python("the-new"))
        text = screen.wait(lambda text: re.search(rf"\({old.pid}\) \({ENDED}\) > Threads", text))
        assert near_now(re.search(ENDED, text)[1])
        rows = screen.wait(lambda text: re.search(rf"{old.pid} +{old.pid} X", text))
        until = time.monotonic() + 3
        while time.monotonic() < until:
            rows = [line for line in screen.lines() if re.match(rf" *{old.pid} +{old.pid} ", line)]
            assert len(rows) == 1 and f"{old.pid} X" in rows[0], rows
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Processes") and "the-new" in text and "the-old" not in text)
        screen.keys("Enter")
        screen.wait(lambda text: "> Threads" in text and "ended at" not in text and f"{old.pid} R" in text)


def test_promise_44_a_cgroup_comes_again_at_its_path(tracetop, tmp_path):
    name, capture = f"tt-again-{os.getpid()}", str(tmp_path / "again.tt")
    root = next(path for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if os.path.exists(path + "/cgroup.procs"))
    path, numbers = f"{root}/{name}", set()

    def seen():
        rows = runtimes.rows(tracetop, "processes", "-r", capture, check=False)
        return {str(row["proc.cmdline"]).split(" ")[-1] for row in rows if row["proc.cpu"]}

    with runtimes.Recording(tracetop, capture):
        for marker in ("the-old", "the-new"):
            os.mkdir(path)
            try:
                numbers.add(os.stat(path).st_ino)
                with subprocess.Popen(python(marker)) as process:
                    with open(path + "/cgroup.procs", "w", encoding="ascii") as file:
                        file.write(str(process.pid))
                    tt.wait_until(lambda: marker in seen(), what="its row")
                    end(process)
            finally:
                os.rmdir(path)
    rows = [row for row in runtimes.rows(tracetop, "cgroups", "-r", capture) if row["cgroup.path"] == "/" + name]
    assert len(rows) == len(numbers) == 2
    for number in numbers:
        found = runtimes.rows(tracetop, "processes", "-r", capture, "-f", f"cgroup.id = {number}")
        assert len({str(row["proc.cmdline"]).split(" ")[-1] for row in found} & {"the-old", "the-new"}) == 1
