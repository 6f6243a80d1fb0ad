# SPDX-License-Identifier: GPL-2.0-or-later
"""-p and a command narrow in the kernel: that process, its threads and later children, nobody else."""
import pytest
import tt
from loads import Load, PerfRecord, Recording, source

SECONDS = 0.2
FREQUENCY = 8000
# How sampling is narrowed, and the rights that lead to it.
WAYS = {"by_bpf": [], "by_perf": ["setpriv", "--bounding-set", "-bpf,-sys_admin"]}
POINTS = 2


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return tt.compile_c(source("load_family.c"), tmp_path_factory.mktemp("family") / "family", "-O2", "-pthread")


@pytest.mark.parametrize("way", WAYS)
def test_a_process_and_its_later_children(tracetop, program, tmp_path, way):
    """Another process, and a child that was there before, burn as much and are not seen."""
    capture = tmp_path / "family.tt"
    with Load([program], SECONDS) as stranger, Load([program], SECONDS) as load, \
            Recording(tracetop, capture, "-F", FREQUENCY, "-g", "none", "-p", load.pid,
                      before=WAYS[way]) as recording, \
            PerfRecord(tmp_path / "perf", "-p", load.pid, "-e", "cpu-clock", "-F", FREQUENCY) as perf:
        assert any("bpf-prog" in name for name in recording.descriptors()) == (way == "by_bpf")
        stranger.go()
        load.go()
        load.wait()
        stranger.wait()
        recording.stop()
        perf.stop()
        theirs = perf.symbols()
    table = tt.show(tracetop, "symbols", "-r", capture)[0]
    rows = {row["symbol.name"]: row for row in table["rows"]}
    assert "burn_before" not in rows and table["lost"] == 0
    total = sum(sum(samples.values()) for samples in theirs.values())
    for name, known in load.table.items():
        by_perf = 100 * sum(samples.get(name, 0) for samples in theirs.values()) / total
        assert abs(rows[name]["sample.percent"] - by_perf) < POINTS, f"{name}: perf report says {by_perf}"
        assert abs(rows[name]["sample.percent"] - known) < 2 * POINTS
    assert abs(table["records"] - total) < 0.05 * total
    pids = {row["proc.pid"] for row in tt.show(tracetop, "processes", "-r", capture)[0]["rows"]}
    assert load.pid in pids and len(pids) == 3 and stranger.pid not in pids
    threads = tt.show(tracetop, "threads", "-r", capture)[0]["rows"]
    # perf's pid is a thread's number.  One that is just ending has none any more.
    assert {row["thread.tid"] for row in threads} - {None} == set(theirs) - {-1}
    numbered = [row["proc.pid"] for row in threads if row["thread.tid"] is not None]
    assert numbered.count(load.pid) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_command_from_its_first_instruction(tracetop, tmp_path, way):
    """A command is seen with its children, and its page faults from exec on are all there."""
    capture = tmp_path / "command.tt"
    done = tt.run([*WAYS[way], tracetop, "record", "-w", capture, "-e", "page-faults/period=1/", "--ring", "8M",
                   "--", "sh", "-c", "true; /bin/true; echo out; /bin/true"])
    assert done.stdout == "out\n"
    rows = tt.show(tracetop, "processes", "-r", capture)[0]["rows"]
    assert sorted(row["proc.name"] for row in rows) == ["sh", "true", "true"]
    counted = tt.run(["perf", "stat", "-x,", "-e", "page-faults", "sh", "-c",
                      "true; /bin/true; echo out; /bin/true"]).stderr
    expected = int(counted.split(",")[0])
    # perf's own fork and exec have other faults than ours before the first instruction.
    assert abs(sum(row["sample.count"] for row in rows) - expected) < 0.2 * expected


def test_narrowing_is_said(tracetop, program):
    """The status line says what is sampled alone."""
    with Load([program], SECONDS) as load, tt.Screen(f"{tracetop} -p {load.pid}", columns=120) as screen:
        screen.wait(f"only pid {load.pid}")


def test_a_process_that_is_not_there(tracetop, tmp_path):
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
        nobody = int(file.read()) - 1
    done = tt.run([tracetop, "show", "symbols", "-p", nobody, "--duration", "0.1"], check=False)
    assert done.returncode != 0 and str(nobody) in done.stderr
