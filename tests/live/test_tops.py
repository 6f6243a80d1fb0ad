# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes against top: how many there are, what they use of CPUs and memory."""
import re
import subprocess

import tt
from runtimes import rows

# Threads of kernel and user alike; long enough for a reading of both to be about the same time.
TOP = ["top", "-b", "-n", "2", "-d", "2", "-w", "512"]
ENV = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TERM": "dumb"}


def second_look(text):
    """How many tasks, parts of CPU time, and rows {pid: (cpu, resident KiB)} of the last look."""
    look = text.split("\ntop - ")[-1]
    tasks = int(re.search(r"^Tasks:\s*(\d+) total", look, re.M).group(1))
    cpu = re.search(r"^%Cpu.*", look, re.M).group()
    cpu = {word: float(number) for number, word in re.findall(r"([\d.]+) (us|sy|ni|id|wa|hi|si|st)", cpu)}
    found = {}
    for line in look.split("PID USER")[1].split("\n")[1:]:
        words = line.split()
        if len(words) > 11:
            found[int(words[0])] = (float(words[8]), int(words[5]) if words[5].isdigit() else None)
    return tasks, cpu, found


def test_processes_are_as_top_has_them(tracetop):
    """Their number, CPU of a busy and of a half busy one, resident memory."""
    busy = subprocess.Popen(["/usr/bin/python3", "-c", "while 1: pass"])
    half = subprocess.Popen(["/usr/bin/python3", "-c", "import time\nkept = b'x' * (50 << 20)\n"
                             "while 1:\n end = time.process_time() + 0.05\n"
                             " while time.process_time() < end: pass\n time.sleep(0.05)"])
    try:
        top = subprocess.Popen(TOP, stdout=subprocess.PIPE, text=True, env=ENV)
        shown = {row["proc.pid"]: row for row in rows(tracetop, "processes", "--duration", "2")}
        tasks, cpu, told = second_look(top.communicate(timeout=30)[0])
        alive = {pid for pid, row in shown.items() if row["proc.state"] not in (None, "X")}
        assert abs(len(alive) - tasks) <= max(5, 0.05 * tasks)
        missing = set(told) & {busy.pid, half.pid} - set(shown)
        assert not missing
        for process in (busy, half):
            ours, its = shown[process.pid], told[process.pid]
            assert abs(ours["proc.cpu"] - its[0]) < 12, (ours, its)
            assert abs(ours["proc.rss"] - (its[1] << 10)) < max(0.02 * ours["proc.rss"], 256 << 10)
        used = sum(row["proc.cpu"] or 0 for row in shown.values())
        count = int(tt.run(["nproc"]).stdout)
        # What interrupts take is no process's.
        of_top = count * (100 - cpu["id"] - cpu["wa"] - cpu["hi"] - cpu["si"] - cpu["st"])
        assert abs(used - of_top) < 0.12 * count * 100, (used, of_top)
    finally:
        for process in (busy, half):
            process.kill()
            process.wait()
