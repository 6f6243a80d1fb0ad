# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of our own stays within --buffer and 64 MiB, whatever comes and goes; make soak does it for longer."""
import os

import churn
import pytest
from pty_screen import PtyProgram

BUFFER, OWN = 4 << 20, 64 << 20
BUILD = os.path.abspath(os.environ.get("TRACETOP_BUILD", "."))


class Watched(PtyProgram):
    """tracetop with a small log; the most memory it ever had."""

    def __init__(self, tracetop, *words):
        super().__init__([tracetop, "--buffer", str(BUFFER), *words], rows=40, columns=150)
        self.most = 0

    def pump(self, seconds=0.05):
        super().pump(seconds)
        if self.ended() is None:
            self.most = max(self.most, churn.rss_anon(self.pid))


@pytest.fixture(scope="module")
def bomb(tmp_path_factory):
    return churn.build_bomb(str(tmp_path_factory.mktemp("bomb") / "bomb"))


def test_promise_33_a_fork_bomb(tracetop, bomb):
    """More processes end than are kept, more are made than the cgroup may have: it is said, and borne."""
    with Watched(tracetop, "processes") as program:
        program.pump_until(lambda: b"lost" in program.bytes)
        with churn.bomb(bomb, 20010, 5000, 60, 20000) as process:
            assert int(process.stdout.readline()) >= 10
            program.pump_until(lambda: "evicted" in program.screen(BUILD), timeout=60)
            program.pump(5)  # as many of those that ended as a picture has
            assert process.poll() is None
        program.send("q")
        assert program.finish() == 0
    assert program.most <= BUFFER + OWN, f"{program.most / 2**20:.1f} MiB"


@pytest.mark.parametrize("words, shown", [
    (["containers", "-f", "container.id startswith c4a2"], "c4a2"), (["cgroups"], "CGROUP")])
def test_promise_33_ten_thousand_containers(tracetop, words, shown):
    with churn.standing_cgroups(10000), Watched(tracetop, *words) as program:
        program.pump_until(lambda: shown in program.screen(BUILD), timeout=30)
        program.pump(6)  # all the others, and what is learned of them
        program.send("q")
        assert program.finish() == 0
    assert program.most <= BUFFER + OWN, f"{program.most / 2**20:.1f} MiB"


@pytest.mark.parametrize("view", ["cgroups", "containers"])
def test_promise_33_cgroups_come_and_go(tracetop, view):
    with Watched(tracetop, view) as program:
        program.pump_until(lambda: b"lost" in program.bytes)
        cgroups = churn.Cgroups(3000, 1000)
        cgroups.start()
        while cgroups.is_alive():
            program.pump(0.1)
        assert cgroups.made == cgroups.count
        program.pump(1)
        program.send("q")
        assert program.finish() == 0
    assert program.most <= BUFFER + OWN, f"{program.most / 2**20:.1f} MiB"
