# SPDX-License-Identifier: GPL-2.0-or-later
"""Events: every hit is there, as perf stat counts them; what cannot be sampled is explained.

Loss: what the kernel produced is shown or counted as lost, exactly.
"""
import re

import pytest
import tt
from loads import Load, PerfStat, Recording, source


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return tt.compile_c(source("load_events.c"), tmp_path_factory.mktemp("events") / "load_events", "-O2")


class Sampled:
    """The load under perf stat and tracetop record -p at once; both see it from its start to its end."""

    def __init__(self, tracetop, program, folder, load, events, *options):
        capture = folder / "events.tt"
        # A plain event is the one that perf stat counts.
        plain = {re.sub("/.*", "", event): event for event in events}
        with Load([program, *load], "") as process, \
                PerfStat(folder / "stat", "-p", process.pid, "-e", ",".join(plain)) as stat, \
                Recording(tracetop, capture, *[part for event in events for part in ("-e", event)],
                          "-p", process.pid, *options) as recording:
            process.go()
            process.wait()
            self.message = recording.stop()
            stat.stop()
        self.counts = stat.counts()
        self.tables = {table["event"]: table for table in tt.show(tracetop, "symbols", "-r", capture)}
        self.text = tt.run([tracetop, "show", "symbols", "-r", capture]).stdout
        self.callers = tt.show(tracetop, "callers", "-r", capture)
        self.capture = capture


@pytest.mark.parametrize("event", ["page-faults/period=1/", "context-switches/period=1/",
                                   "sched:sched_switch", "sched:sched_switch/stack/"])
def test_every_hit_is_there(tracetop, program, tmp_path, event):
    """The number of samples is perf stat's count."""
    sampled = Sampled(tracetop, program, tmp_path, (5000, 1000), [event], "--ring", "8M")
    (name, count), = sampled.counts.items()
    table = sampled.tables[name]
    assert count >= 1000
    assert table["records"] == count and table["lost"] == 0
    assert sum(row["sample.count"] for row in table["rows"]) == count
    assert "lost" not in sampled.message


def test_a_tracepoint_has_the_calls_that_led_to_it(tracetop, program, tmp_path):
    """Every switch away happens in schedule(), called from nanosleep: perf's oracle is the kernel's source."""
    sampled = Sampled(tracetop, program, tmp_path, (0, 300), ["sched:sched_switch/stack/"])
    rows = {row["symbol.name"]: row for row in sampled.callers[0]["rows"] if row["depth"] == 0}
    assert rows["schedule"]["sample.children"] > 99
    assert rows["do_nanosleep"]["sample.children"] > 90
    plain = Sampled(tracetop, program, tmp_path / "..", (0, 300), ["sched:sched_switch/nostack/"])
    assert all(row["depth"] == 0 for row in plain.callers[0]["rows"])


def test_two_events_are_counted_by_themselves(tracetop, program, tmp_path):
    sampled = Sampled(tracetop, program, tmp_path, (4000, 500),
                      ["page-faults/period=1/", "context-switches/period=1/"], "--ring", "8M")
    assert {name: table["records"] for name, table in sampled.tables.items()} == sampled.counts


@pytest.mark.parametrize("ring", ["4K", "64K"])
@pytest.mark.parametrize("events", [
    ["page-faults/period=1/"], ["sched:sched_switch/stack/"],
    ["page-faults/period=1/", "context-switches/period=1/"]], ids=lambda events: f"{len(events)}-{events[0][:5]}")
def test_loss_is_counted_exactly(tracetop, program, tmp_path, events, ring):
    """Produced (perf stat) = shown + lost, also of two events that share a ring."""
    sampled = Sampled(tracetop, program, tmp_path, (40000, 4000), events, "--ring", ring)
    shown = sum(table["records"] for table in sampled.tables.values())
    lost = {table["lost"] for table in sampled.tables.values()}
    assert len(lost) == 1 and shown > 0
    assert sum(sampled.counts.values()) == shown + lost.pop()
    if ring == "64K":
        return
    lost = next(iter(sampled.tables.values()))["lost"]
    assert lost > 0
    assert f"{shown} samples in" in sampled.message and f", {lost} lost" in sampled.message
    assert f"{lost} lost" in sampled.text.split("\n")[0]


def test_loss_is_on_the_screen(tracetop, program, tmp_path):
    """The status line says it, live and replayed."""
    capture = tmp_path / "lost.tt"
    with Load([program, 100000, 0], "") as load:
        command = f"{tracetop} -e page-faults/period=1/ --ring 4K -p {load.pid} -w {capture}"
        with tt.Screen(command, columns=140) as screen:
            screen.wait("page-faults")
            tt.wait_until(capture.exists)
            load.go()
            load.wait()
            screen.wait(lambda text: re.search(r"lost [1-9]", text.split("\n")[0]))
            screen.keys("q")
            screen.wait("status=0")
    with tt.Screen(f"{tracetop} -r {capture}", columns=140) as screen:
        screen.wait(lambda text: re.search(r"lost [1-9]", text.split("\n")[0]))


@pytest.mark.parametrize("event, status, words", [
    ("no-such-event", 2, ["'no-such-event'", "not an event", "tracetop list events"]),
    ("sched:no_such", 1, ["'sched:no_such'", "no tracepoint", "tracetop list events"]),
    ("page-faults/wrong=1/", 2, ["page-faults/wrong=1/", "not an event", "tracetop list events"]),
    ("page-faults:x", 1, ["page-faults:x"]),
    ("page-faults/period=1", 2, ["'page-faults/period=1'", "NAME/terms/:modifiers"]),
    ("../../etc/passwd:x", 2, ["'../../etc/passwd:x'", "SYSTEM:EVENT"]),
    ("a\x1b[31mb", 2, [r"a\x1b[31mb", "not an event"]),
])
@pytest.mark.parametrize("verb", [["record", "-w"], ["show", "symbols", "-w"]])
def test_unknown_events_are_explained(tracetop, tmp_path, verb, event, status, words):
    """What, why, and what to do; no capture is left behind."""
    done = tt.run([tracetop, *verb, tmp_path / "x.tt", "-e", event, "--duration", "0.1"], check=False)
    assert done.returncode == status and done.stderr.startswith("tracetop: ")
    for word in words:
        assert word in done.stderr
    assert "\x1b" not in done.stderr and not (tmp_path / "x.tt").exists()


def test_an_event_without_a_pmu_is_explained(tracetop, tmp_path):
    """cycles where perf has none."""
    if tt.run(["perf", "stat", "-x,", "-e", "cycles", "true"]).stderr.split(",")[0].isdigit():
        pytest.skip("this machine has a PMU that counts cycles")
    done = tt.run([tracetop, "record", "-w", tmp_path / "x.tt", "-e", "cycles", "--duration", "0.1"], check=False)
    assert done.returncode == 1 and not (tmp_path / "x.tt").exists()
    assert "cannot sample cycles" in done.stderr and "no PMU" in done.stderr
