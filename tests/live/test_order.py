# SPDX-License-Identifier: GPL-2.0-or-later
"""Time: samples of several CPUs come in their order, and a sampling that the kernel slows is told."""
import os
import re

import pytest
import tt
from loads import Load, Recording, source

RATE = "/proc/sys/kernel/perf_event_max_sample_rate"


@pytest.fixture
def low_rate():
    """The kernel allows 2000 Hz; put back afterwards."""
    with open(RATE, encoding="ascii") as file:
        before = file.read()
    try:
        with open(RATE, "w", encoding="ascii") as file:
            file.write("2000")
    except OSError as error:
        pytest.skip(f"kernel.perf_event_max_sample_rate cannot be set here: {error}")
    try:
        yield 2000
    finally:
        with open(RATE, "w", encoding="ascii") as file:
            file.write(before)


def test_promise_05_a_lower_rate_is_told(tracetop, low_rate):
    """20 kHz asked, 2 kHz given: the screen says both, and what to blame."""
    with tt.Screen(f"{tracetop} -F 20000", columns=200) as screen:
        text = screen.wait("perf_event_max_sample_rate")
        assert "20000 Hz asked, 2000 given" in text


def test_promise_05_throttling_is_told(tracetop, low_rate, tmp_path):
    """An event with a fixed period hits more often than is allowed: it is paused, and the screen says so."""
    program = tt.compile_c(source("load_chain.c"), tmp_path / "chain", "-O2")
    with Load([program], 60) as load:
        load.go()
        with tt.Screen(f"{tracetop} -e cpu-clock/period=20000/", columns=160) as screen:
            screen.wait("THROTTLED")


# A row for each sample.
EVERY_SAMPLE = """return {
  name = "Every sample", help = "One row a sample.", rows = "records",
  key = { "evt.time", "evt.cpu", "evt.late", "thread.tid" },
  columns = { { "TIME", "evt.time" }, { "CPU", "evt.cpu" }, { "LATE", "evt.late" }, { "TID", "thread.tid" },
    { "SYMBOL", "symbol.name" }, { "SAMPLES", "sample.count", agg = "sum" } },
}
"""


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two CPUs")
def test_promise_06_samples_of_two_cpus_are_in_order(tracetop, tmp_path):
    """Two threads fault in turns: so they do in the recording; what came out of order is marked, and told."""
    views = tmp_path / "tracetop" / "views"
    views.mkdir(parents=True)
    (views / "every.lua").write_text(EVERY_SAMPLE)
    program = tt.compile_c(source("load_pingpong.c"), tmp_path / "pingpong", "-O2", "-pthread")
    turns = 4000
    with Load([program, turns], "") as load, \
            Recording(tracetop, tmp_path / "order.tt", "-e", "page-faults/period=1/", "-p", load.pid,
                      "--ring", "8M") as recording:
        load.go()
        load.wait()
        message = recording.stop()
    rows = tt.show(tracetop, "every", "-r", tmp_path / "order.tt", "-f", "symbol.name = play",
                   env=dict(os.environ, XDG_CONFIG_HOME=str(tmp_path)))[0]["rows"]
    assert len(rows) == turns
    late = sum(row["evt.late"] for row in rows)
    assert (late > 0) == bool(re.search(r"[0-9] late", message))
    assert late < turns / 100
    by_time = sorted(rows, key=lambda row: row["evt.time"])
    turns_of = [row["thread.tid"] for row in by_time]
    assert all(one != next for one, next in zip(turns_of, turns_of[1:])), "two turns of the same thread"
    assert len({row["evt.cpu"] for row in rows}) == 2
