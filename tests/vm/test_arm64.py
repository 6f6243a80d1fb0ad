# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a PMU: cycles, not cpu-clock; on its console, in captures, beside perf."""
import collections
import json
import re

import pytest
import tt

SHARES = {"burn_half": 50, "burn_third": 30, "burn_fifth": 20}
POINTS = 2       # that a share may differ from perf report's
SAMPLES = 10000  # of the load, at least, so that it does not by chance
ROUNDS = 8       # to get them in, at most


def rows_below(screen, title):
    """The lines of a panel: those that have a share."""
    return [line for line in screen.split(title, 1)[1].split("\n") if "%" in line]


def test_cycles_on_the_console(arm64):
    """The screen at 80x24: what is sampled, the load's functions, keys, and the terminal afterwards."""
    with arm64.load(), arm64.screen() as screen:
        screen.type("clear; stty -a >/tmp/before; tracetop -F 499; echo status=$?; stty -a >/tmp/after")
        screen.keys("Enter")
        first = screen.wait(lambda text: all(name in text for name in SHARES), timeout=60)
        header = first.split("\n")[0]
        assert re.match(r"Symbols +live .* cycles 499Hz", header), first
        assert "cpu-clock" not in first and "PMU" not in header
        assert max(map(len, first.split("\n"))) <= 80
        assert "F1Help" in first.rstrip("\n").split("\n")[-1]
        screen.wait(lambda text: "burn_half" in rows_below(text, "SYMBOL")[0])
        screen.keys("Enter")
        callers = screen.wait(lambda text: "who calls it" in text and "main" in text)
        assert "Symbols > burn_half > Callers" in callers
        screen.keys("BSpace")
        screen.wait(lambda text: "Callers" not in text and "burn_fifth" in text)
        screen.keys("F4")
        screen.type("symbol.name contains burn_")
        screen.keys("Enter")
        screen.wait(lambda text: "filter: symbol.name" in text and len(rows_below(text, "SYMBOL")) == 3)
        screen.keys("F10")
        screen.wait("status=0")
        screen.wait("guest#")
        assert screen.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").split() \
            == ["0", "1", "0"]
        screen.type("echo typed is see\"\"n")
        screen.wait("echo typed is see\"\"n")
        screen.keys("Enter")
        screen.wait("typed is seen")
        assert arm64.run("diff /tmp/before /tmp/after", check=False).stdout == ""


def test_cycles_are_what_check_says(arm64):
    lines = arm64.checked
    for name in ("system-wide", "cycles", "cycles sampled", "call chains", "CLOCK_MONOTONIC"):
        assert lines["perf", name]["state"] == "yes", lines["perf", name]


def test_trampolines_are_tried_not_guessed(arm64):
    """Debian 12's kernel loads fentry, but does not attach it: a no, with its reason; kprobes do."""
    assert arm64.checked["BPF", "kprobe"]["state"] == "yes"
    for name in ("fentry", "fexit"):
        line = arm64.checked["BPF", name]
        if arm64.release >= (6, 4):
            assert line["state"] == "yes", line
        else:
            assert line["state"] == "no" and "ENOTSUPP" in line["reason"], line


def test_a_capture_reads_the_same_elsewhere(arm64, tracetop, tmp_path):
    """What it shows while it records there is what the capture shows here, on another processor."""
    with arm64.load():
        there = arm64.run("tracetop show symbols --duration 4 -F 499 -w /tmp/copy.tt --format json")
    capture = arm64.fetch("/tmp/copy.tt", tmp_path / "copy.tt")
    here = tt.show(tracetop, "symbols", "-r", capture)
    assert here == [json.loads(line) for line in there.stdout.splitlines()]
    assert here[0]["event"] == "cycles"
    names = {row["symbol.name"]: row for row in here[0]["rows"]}
    assert set(SHARES) <= set(names)
    assert names["burn_half"]["dso.name"] == "load"
    assert [row for row in here[0]["rows"] if row["symbol.space"] == "k"]
    assert re.search(r"main", tt.run([tracetop, "show", "callers", "-r", capture]).stdout)


def watch_a_round(guest):
    """Samples of the load's functions by tracetop and by perf, which watch it at the same time."""
    with guest.load(4), guest.load(4):
        guest.run("rm -f /tmp/shares.tt; perf record -q -a -e cycles -F 4000 -o /tmp/perf.data -- "
                  "tracetop record -w /tmp/shares.tt -F 4000 -g none --duration 4.5")
    shown = guest.run("tracetop show symbols -r /tmp/shares.tt -f 'proc.name = load' --format json")
    report = guest.run("perf report -f -i /tmp/perf.data --stdio -F sample,sym --comm load --percent-limit 0")
    ours = {row["symbol.name"]: row["sample.count"] for row in json.loads(shown.stdout)["rows"]}
    return ours, {name: int(count) for count, name in
                  re.findall(r"^ *(\d+) +\[\.\] (\w+)", report.stdout, re.M)}


@pytest.fixture(scope="module")
def beside_perf(arm64):
    """As many rounds as it takes: how often the kernel samples in a guest varies a lot."""
    limit = "/proc/sys/kernel/perf_cpu_time_max_percent"
    before = arm64.run(f"cat {limit}; echo 0 >{limit}").stdout.strip()
    ours, perfs = collections.Counter(), collections.Counter()
    for _ in range(ROUNDS):
        for counts, more in zip((ours, perfs), watch_a_round(arm64)):
            counts.update({name: more.get(name, 0) for name in SHARES})
        if min(ours.total(), perfs.total()) >= SAMPLES:
            break
    arm64.run(f"echo {before} >{limit}")
    return ours, perfs


def shares(counts):
    return {name: 100 * count / counts.total() for name, count in counts.items()}


def test_shares_are_those_of_perf(beside_perf):
    ours, perfs = beside_perf
    assert min(ours.total(), perfs.total()) >= SAMPLES
    for name, share in shares(ours).items():
        assert abs(share - shares(perfs)[name]) <= POINTS, (name, beside_perf)
        assert abs(share - SHARES[name]) <= POINTS, (name, beside_perf)
