# SPDX-License-Identifier: GPL-2.0-or-later
"""What show prints live and what it prints of the capture that it wrote meanwhile are the same."""
import json
import subprocess

import pytest
import tt
from loads import Load, source

VIEWS = ["symbols", "callers", "processes", "threads", "binaries"]
DURATION = "2"
# What a capture is looked at with besides.
OPTIONS = {"plain": [], "filtered": ["-f", "symbol.space = u and proc.name exists"]}


@pytest.fixture(scope="module")
def printed(tracetop, tmp_path_factory):
    """All views at once, of a machine on which processes come and go: {(view, how): (live, replayed)}."""
    folder = tmp_path_factory.mktemp("same")
    program = tt.compile_c(source("load_chain.c"), folder / "chain", "-O2", "-fno-omit-frame-pointer")
    churn = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
    try:
        with Load([program], 60) as load:
            load.go()
            running = {}
            for view in VIEWS:
                for how, options in OPTIONS.items():
                    command = [tracetop, "show", view, "-F", "499", "--format", "json", *options]
                    capture = str(folder / f"{view}-{how}.tt")
                    running[view, how] = (command, capture, subprocess.Popen(
                        [*command, "--duration", DURATION, "-w", capture], stdout=subprocess.PIPE, text=True))
            for command, capture, process in running.values():
                process.live = process.communicate(timeout=60)[0]
                assert process.returncode == 0
    finally:
        churn.kill()
        churn.wait()
    return {key: (process.live, tt.run([*(part for part in command if part not in ("-F", "499")), "-r", capture]).stdout)
            for key, (command, capture, process) in running.items()}


@pytest.mark.parametrize("how", OPTIONS)
@pytest.mark.parametrize("view", VIEWS)
def test_live_and_replayed_are_the_same(printed, view, how):
    live, replayed = printed[view, how]
    table = json.loads(live)
    assert table["view"] == view and table["records"] > 100 and table["rows"]
    for one, other in zip(table["rows"], json.loads(replayed)["rows"]):
        assert one == other
    assert live == replayed


def test_intervals_are_the_same(tracetop, tmp_path):
    """A table for each interval, of both."""
    program = tt.compile_c(source("load_chain.c"), tmp_path / "chain", "-O2")
    with Load([program], 60) as load:
        load.go()
        command = [tracetop, "show", "processes", "-d", "0.4", "--format", "jsonl", "-f", "proc.name = chain"]
        live = tt.run([*command, "--duration", "1.2", "-w", tmp_path / "d.tt"]).stdout
        replayed = tt.run([*command, "-r", tmp_path / "d.tt"]).stdout
    assert live.count("\n") == 3 and live == replayed
