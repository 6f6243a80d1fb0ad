# SPDX-License-Identifier: GPL-2.0-or-later
"""tracetop-capture(5) is enough to read a capture: reader.py, made of that page, and tracetop see
the same in it.
"""
import collections
import json
import os
import re
import struct
import subprocess

import pytest

import reader
import tt

VIEW = """
return {
  name = "Exact", help = "Functions, none left out.",
  key = { "dso.path", "symbol.name" },
  columns = {
    { "BINARY", "dso.path" }, { "FUNCTION", "symbol.name" },
    { "SAMPLES", "sample.count", agg = "sum" }, { "WEIGHT", "sample.weight", agg = "sum" },
  },
}
"""
TASK_LIVES = 1


@pytest.fixture(scope="module")
def shown(tracetop, tmp_path_factory):
    """The functions of a capture as tracetop shows them: {(name, path): [samples, weight]}."""
    folder = tmp_path_factory.mktemp("config") / "tracetop" / "views"
    folder.mkdir(parents=True)
    (folder / "exact.lua").write_text(VIEW)
    env = dict(os.environ, XDG_CONFIG_HOME=str(folder.parent.parent), LC_ALL="C.UTF-8")

    def run(path):
        rows = tt.run([tracetop, "show", "exact", "-r", path, "--format", "jsonl"], env=env)
        counts = collections.defaultdict(lambda: [0, 0])
        for row in map(json.loads, rows.stdout.splitlines()):
            count = counts[row["symbol.name"], row["dso.path"]]
            count[0] += row["sample.count"]
            count[1] += row["sample.weight"]
        return counts
    return run


@pytest.fixture(scope="module", params=("plain", "small"))
def made(request, build, tmp_path_factory):
    """A capture that make_capture wrote."""
    path = tmp_path_factory.mktemp("made") / request.param
    tt.run([os.path.join(build, "tests/replay/make_capture"), request.param, path])
    return path


@pytest.fixture(scope="module")
def recorded(tracetop, tmp_path_factory):
    """A capture of this machine, and the process that was busy meanwhile."""
    if os.geteuid():
        pytest.skip("needs root: it samples the whole machine")
    path = tmp_path_factory.mktemp("recorded") / "live.tt"
    with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
        try:
            tt.run([tracetop, "record", "-w", path, "-F", "499", "--duration", "2"])
        finally:
            busy.kill()
    return path, busy.pid


def named(counts):
    """Functions that have a name; what stands for one is tracetop's own and not in the file."""
    return {key: value for key, value in counts.items()
            if key[0] and not re.match(r"\[(no symbol|not in any mapping|code made)|0x", key[0])}


def read(path):
    """What the second reader sees, as text."""
    counts = {}
    for (name, binary), value in reader.Capture(path).functions().items():
        counts[name and name.decode(), binary and binary.decode()] = value
    return counts


def total(counts):
    return [sum(count[i] for count in counts.values()) for i in range(2)]


def compare(path, shown):
    got, wanted = read(path), shown(path)
    assert total(got)[0] > 0 and named(wanted)
    assert total(got) == total(wanted)
    assert named(got) == named(wanted)


def test_both_see_the_same_in_a_made_capture(made, shown):
    compare(made, shown)


def test_both_see_the_same_in_a_recorded_capture(recorded, shown):
    compare(recorded[0], shown)


def whole(path):
    """What the page promises of the file's parts."""
    capture = reader.Capture(path)
    entries = capture.index()
    assert [(entry[0], entry[1], entry[2], entry[3], entry[5], entry[6], entry[7], entry[8], entry[9])
            for entry in entries] == [
                (at, chunk.sequence, chunk.start, chunk.end, chunk.lost, chunk.size, chunk.rows,
                 chunk.cls, chunk.flags) for at, chunk in capture.chunks]
    for cls in (reader.DATA, reader.STATE, reader.FACTS):
        sequences = [chunk.sequence for _, chunk in capture.chunks if chunk.cls == cls]
        assert sequences == sorted(set(sequences))
    for _, chunk in capture.chunks:
        times = [record.time for record in chunk.records()]
        assert (min(times), max(times)) == (chunk.start, chunk.end)
    return capture


def test_the_index_says_what_the_chunks_say(made):
    whole(made)


def test_a_recorded_capture_is_of_this_machine(recorded):
    """Records against the kernel's own word."""
    path, busy = recorded
    capture = whole(path)
    host = capture.records[reader.HOST][-1]
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    assert host.name.decode() == os.uname().nodename
    assert [text.decode() for text in host.texts[:3]] == [os.uname().release, os.uname().machine, boot]
    assert host.numbers[0] == os.sysconf("SC_NPROCESSORS_ONLN")
    assert host.numbers[2] == os.sysconf("SC_PAGE_SIZE")
    tasks = [task for task in capture.records[reader.TASK]
             if task.subtype == TASK_LIVES and task.thread and task.thread.tid == busy]
    assert tasks and tasks[-1].thread.name == b"sh" and os.getpid() in [task.numbers[0] for task in tasks]
    events = {event.subtype: event for event in capture.records[reader.EVENT]}
    assert {sample.subtype for sample in capture.records[reader.SAMPLE]} <= set(events)
    assert all(event.numbers[2] == 499 for event in events.values())


def test_damage_is_seen(made, tmp_path):
    """The second reader checks too: a byte of a chunk that is another, a file that is none."""
    data = bytearray(made.read_bytes())
    data[reader.HEADER + struct.unpack_from("<I", data, reader.HEADER + 8)[0] - 1] ^= 1
    damaged = tmp_path / "damaged"
    damaged.write_bytes(data)
    with pytest.raises(reader.Damaged, match="checksum"):
        reader.Capture(damaged)
    damaged.write_bytes(b"\x7fELF" + bytes(data[4:]))
    with pytest.raises(reader.Damaged, match="no capture"):
        reader.Capture(damaged)
