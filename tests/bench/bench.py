#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracetop costs, beside its peers in the same run: make bench, make soak.

    bench.py BUILD [sampling] [rows] [keys] [processes] [containers] [forks] [log] [replay]
             [engine] [memory] [bomb] [manycgroups] [standing]

Each line gives the command, the figures, and the ratio against the peer; medians where several runs
are made.  Machines are shared and noisy: ratios count, not seconds.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import bench_churn  # noqa: E402  (the path comes first)
import bench_tasks  # noqa: E402
import churn  # noqa: E402
from pty_screen import PtyProgram  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PAIRS = max(ROUNDS, 5)  # of us and a peer, one after the other: one noisy round does not decide
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))

LOAD = r"""
/* Four hundred leaves below forty functions below eight: a call graph of some width and depth. */
#include <stdint.h>
static volatile uint64_t sink;
#define LEAF(n) __attribute__((noinline)) uint64_t leaf_##n(uint64_t x) \
	{ for (int k = 0; k < 200 + (n * 37) % 900; k++) x = x * 6364136223846793005u + n + (x >> 7); sink = x; return x; }
#define L10(n) LEAF(n##0) LEAF(n##1) LEAF(n##2) LEAF(n##3) LEAF(n##4) LEAF(n##5) LEAF(n##6) LEAF(n##7) LEAF(n##8) LEAF(n##9)
#define L100(n) L10(n##0) L10(n##1) L10(n##2) L10(n##3) L10(n##4) L10(n##5) L10(n##6) L10(n##7) L10(n##8) L10(n##9)
L100(1) L100(2) L100(3) L100(4)
#define C(n) x += leaf_##n(x);
#define MID(n) __attribute__((noinline)) uint64_t mid_##n(uint64_t x) \
	{ C(n##0) C(n##1) C(n##2) C(n##3) C(n##4) C(n##5) C(n##6) C(n##7) C(n##8) C(n##9) return x; }
#define M10(n) MID(n##0) MID(n##1) MID(n##2) MID(n##3) MID(n##4) MID(n##5) MID(n##6) MID(n##7) MID(n##8) MID(n##9)
M10(1) M10(2) M10(3) M10(4)
#define D(n) x += mid_##n(x);
#define TOP(n, a, b) __attribute__((noinline)) uint64_t top_##n(uint64_t x) { D(a##0) D(a##1) D(a##2) D(b##3) D(b##4) return x; }
TOP(0, 1, 2) TOP(1, 2, 3) TOP(2, 3, 4) TOP(3, 4, 1)
int main(void) { uint64_t x = 1; for (;;) x += top_0(x) + top_1(x) + top_2(x) + top_3(x); }
"""


def build_load(folder):
    source = os.path.join(folder, "load.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(LOAD)
    program = os.path.join(folder, "bench-load")
    subprocess.run(["gcc", "-O2", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", source,
                    "-o", program], check=True)
    return program


def screen_cost(command, seconds, rows=50, columns=160):
    """CPU seconds of a full-screen program over so long, what it waited for included; and bytes."""
    program = PtyProgram(command, rows=rows, columns=columns)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.pump(0.1)
    for key in ("q", "q", "\x03"):
        try:
            program.send(key)
        except OSError:
            break
        for _ in range(60):  # perf closes its terminal long before it ends
            program.pump(0.05)
            time.sleep(0.05)
            pid, _status, usage = os.wait4(program.pid, os.WNOHANG)
            if pid:
                os.close(program.master)
                return usage.ru_utime + usage.ru_stime, len(program.bytes), usage.ru_maxrss
    raise RuntimeError(f"{command} does not end")


def bench_sampling(tracetop, _folder):
    for frequency, bound in ((99, 1 / 2), (999, 1 / 3), (4000, 1 / 3)):
        ratios, ours, theirs = [], [], []
        for _ in range(PAIRS):
            peer = screen_cost(["perf", "top", "-e", "cpu-clock", "-g", "--tui", "-F", str(frequency)], SECONDS)
            own = screen_cost([tracetop, "-e", "cpu-clock", "-F", str(frequency)], SECONDS)
            ratios.append(own[0] / peer[0])
            ours.append(own)
            theirs.append(peer)
        print(f"sampling {frequency} Hz, {SECONDS:.0f} s: tracetop {statistics.median(o[0] for o in ours):.3f} s CPU, "
              f"perf top -g {statistics.median(t[0] for t in theirs):.3f} s, ratio {statistics.median(ratios):.2f} "
              f"(bound {bound:.2f}); {statistics.median(o[2] for o in ours) / 1024:.0f} MB against "
              f"{statistics.median(t[2] for t in theirs) / 1024:.0f} MB; "
              f"{statistics.median(o[1] for o in ours) / SECONDS / 1000:.1f} KB/s to a 160x50 terminal", flush=True)


def bench_rows(tracetop, _folder):
    times = []
    for _ in range(10):
        with PtyProgram([tracetop]) as program:
            program.pump_until(lambda p=program: b"%" in p.bytes.split(b"SYMBOL")[-1], timeout=5)
            times.append(time.monotonic() - program.started)
            program.send("q")
            program.finish()
    print(f"first rows: {statistics.median(times) * 1000:.0f} ms median, {max(times) * 1000:.0f} ms at most "
          "(bound 250)", flush=True)


def bench_keys(tracetop, _folder):
    """From a key to the frame it changes, at 4000 Hz with chains."""
    with PtyProgram([tracetop, "-F", "4000"], rows=50, columns=160) as program:
        program.pump_until(lambda: program.bytes.count(b"%") > 40)
        program.pump(2)
        delays = []
        for number in range(400):
            program.pump(0.02)
            before, start = len(program.bytes), time.monotonic()
            program.send(b"\x1bOB" if number % 20 < 10 else b"\x1bOA")
            while len(program.bytes) == before and time.monotonic() - start < 1:
                program.pump(0.0005)
            delays.append(time.monotonic() - start)
        delays.sort()
        program.send("q")
        program.finish()
    print(f"key to frame under 4000 Hz: {delays[len(delays) // 2] * 1000:.1f} ms median, "
          f"{delays[int(len(delays) * 0.99)] * 1000:.1f} ms at the 99th percentile (bound 16)", flush=True)


def cpu_of(command):
    """CPU seconds of a command and what it waited for; the best of ROUNDS."""
    best = None
    for _ in range(ROUNDS):
        pid = os.posix_spawnp(command[0], command, os.environ,
                              file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                            (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise RuntimeError(f"{command}: status {status}")
        spent = usage.ru_utime + usage.ru_stime
        best = spent if best is None else min(best, spent)
    return best


def bench_replay(tracetop, folder):
    """The same seconds of the same machine, recorded by both, read by both."""
    ours, theirs = os.path.join(folder, "bench.tt"), os.path.join(folder, "perf.data")
    with subprocess.Popen(["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock", "-F", "4000", "-o", theirs,
                           "sleep", str(2 * SECONDS)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        subprocess.run([tracetop, "record", "-e", "cpu-clock", "-F", "4000", "--duration", str(2 * SECONDS), "-w", ours],
                       check=True, stderr=subprocess.DEVNULL)
    table = json.loads(subprocess.run([tracetop, "show", "symbols", "-r", ours, "--format", "json", "-f", ""],
                                      stdout=subprocess.PIPE, check=True).stdout)
    idle = json.loads(subprocess.run([tracetop, "show", "binaries", "-r", ours, "--format", "json"],
                                     stdout=subprocess.PIPE, check=True).stdout)
    del idle
    samples = int(2 * SECONDS * 4000 * os.cpu_count())
    own = cpu_of([tracetop, "show", "symbols", "-r", ours, "--format", "json"])
    empty = cpu_of([tracetop, "--version"])
    peer = cpu_of(["perf", "report", "-i", theirs, "--stdio", "--no-children", "-g", "none"])
    size, peer_size = os.path.getsize(ours), os.path.getsize(theirs)
    print(f"replay of about {samples} samples ({table['records']} not idle) into Symbols, whole process: "
          f"tracetop {own:.3f} s CPU (a start alone {empty:.3f}), perf report {peer:.3f} s, ratio {own / peer:.2f}; "
          f"{size / samples:.1f} bytes a sample on disk against {peer_size / samples:.1f}", flush=True)


def bench_memory(tracetop, _folder):
    """Memory of our own at 4000 Hz while processes come and go: SOAK_SECONDS, 60 by default."""
    seconds, buffer = float(os.environ.get("SOAK_SECONDS", "60")), 16 << 20
    load = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
    most = 0
    try:
        with PtyProgram([tracetop, "-F", "4000", "--buffer", str(buffer)], rows=50, columns=160) as program:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                program.pump(0.5)
                most = max(most, churn.rss_anon(program.pid))
            program.send("q")
            program.finish()
    finally:
        load.kill()
        load.wait()
    print(f"memory after {seconds:.0f} s at 4000 Hz with churn: RssAnon {most / 2**20:.1f} MiB at most, "
          f"--buffer {buffer / 2**20:.0f} MiB (bound {buffer / 2**20 + 64:.0f})", flush=True)


def bench_engine(tracetop, _folder):
    engine = os.path.join(os.path.dirname(tracetop), "tests", "bench", "engine")
    subprocess.run([engine], check=True)


BENCHES = {"engine": bench_engine, "sampling": bench_sampling, "rows": bench_rows, "keys": bench_keys,
           **bench_tasks.PARTS, "replay": bench_replay, "memory": bench_memory, **bench_churn.PARTS}


def main():
    build = os.path.abspath(sys.argv[1])
    chosen = sys.argv[2:] or [name for name in BENCHES if name != "memory" and name not in bench_churn.PARTS]
    tracetop = os.path.join(build, "tracetop")
    with tempfile.TemporaryDirectory() as folder:
        load = subprocess.Popen(["taskset", "-c", str(os.cpu_count() - 1), build_load(folder)])
        try:
            for name in chosen:
                BENCHES[name](tracetop, folder)
        finally:
            load.kill()
            load.wait()


if __name__ == "__main__":
    main()
