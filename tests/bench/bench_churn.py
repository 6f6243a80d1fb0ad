# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of make soak: memory of our own while much comes and goes, and what is shown to be given up."""
import os
import re
import time

import churn
from pty_screen import PtyProgram

BUFFER, OWN = 4 << 20, 64 << 20


def watch(tracetop, view, busy):
    """The most memory until .busy() is over and a little longer, and what the status line told of evictions."""
    most, build = 0, os.path.dirname(tracetop)
    with PtyProgram([tracetop, "--buffer", str(BUFFER), view], rows=50, columns=160) as program:
        end = None
        while not end or time.monotonic() < end:
            program.pump(0.2)
            most = max(most, churn.rss_anon(program.pid))
            if not end and not busy():
                end = time.monotonic() + 5
            if not end:
                program.bytes = program.bytes[-(1 << 20):]
        program.resize(50, 161)  # all of it is drawn anew
        program.bytes = b""
        program.pump(2)
        told = re.search(r"\S+ evicted", program.screen(build))
        program.send("q")
        if program.finish(30):
            raise RuntimeError(f"tracetop ended with {program.status}")
    return most, told[0] if told else "nothing evicted"


def tell(what, most, told):
    print(f"{what}: RssAnon {most / 2**20:.1f} MiB at most, {told}, --buffer {BUFFER / 2**20:.0f} MiB "
          f"(bound {(BUFFER + OWN) / 2**20:.0f})", flush=True)
    if most > BUFFER + OWN:
        raise RuntimeError(f"{what}: memory is not bounded")


def bench_bomb(tracetop, folder):
    """20,000 processes in a cgroup that may have no more, and 5,000 a second that come and go."""
    seconds = float(os.environ.get("SOAK_SECONDS", "60"))
    program = churn.build_bomb(os.path.join(folder, "bench-bomb"))
    with churn.bomb(program, 20010, 5000, seconds, 20000) as process:
        refused = int(process.stdout.readline())
        most, told = watch(tracetop, "processes", lambda: process.poll() is None)
        made = int(process.stdout.readline())
    tell(f"20000 processes ({refused} refused), {made / seconds:.0f} forks a second for {seconds:.0f} s", most, told)


def bench_many_cgroups(tracetop, _folder):
    """10,000 cgroups that come and go, a container each, in less than a minute."""
    cgroups = churn.Cgroups(10000, 200)
    cgroups.start()
    most, told = watch(tracetop, "cgroups", cgroups.is_alive)
    tell(f"{cgroups.made} cgroups came and went", most, told)


def bench_standing_cgroups(tracetop, _folder):
    """10,000 containers at once."""
    for view in ("cgroups", "containers"):
        with churn.standing_cgroups(10000):
            end = time.monotonic() + 20
            most, told = watch(tracetop, view, lambda end=end: time.monotonic() < end)
        tell(f"10000 containers in {view.capitalize()}", most, told)


PARTS = {"bomb": bench_bomb, "manycgroups": bench_many_cgroups, "standing": bench_standing_cgroups}
