# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile names on the live machine: comm, argv, paths and symbols never reach the terminal raw."""
import csv
import io
import os
import re
import subprocess

import pytest
import tt
from pty_screen import PtyProgram

# What a terminal obeys: an OSC that sets the title, CSI that clears, C1 controls, a bidi override,
# bytes that are no UTF-8, a line end, a tab, a carriage return.
PAYLOADS = {
    "title": b"\x1b]0;own\x07",
    "clear": b"\x1b[2J\x1b[H",
    "c1": b"\xc2\x9b31m\xc2\x9d0;x",
    "bidi": "\u202egpj.exe\u2066".encode(),
    "bytes": b"\xff\xfe\x80x",
    "lines": b"a\nb\tc\rd",
    "zero_width": "x\u200b\u200dy\u2028z".encode(),
    "formula": b"=cmd|' /C'!A0",
}
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufffd\udc80-\udcff]")

COMM = r"""
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
int main(int argc, char **argv)
{
	puts("");
	fflush(stdout);
	if (argc > 1)
		prctl(PR_SET_NAME, argv[1]);
	for (volatile uint64_t i = 0;; i++)
		;
}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A process a payload: with it in comm, argv, the path of its binary, a library's and its symbols."""
    folder = tmp_path_factory.mktemp("names")
    folder.chmod(0o755)
    processes, pids = [], {}
    for number, (name, payload) in enumerate(PAYLOADS.items()):
        place = os.fsencode(folder) + b"/d" + payload.replace(b"/", b"|")
        binary = place + b"/p" + payload.replace(b"/", b"|")
        # Each its own build: what has the same build id has the same names.
        program = tt.compile_c(COMM, folder / name, "-O1", f"-Wl,--build-id=0x{number:040x}")
        symbol = payload.replace(b"=", b"")
        subprocess.run([b"objcopy", b"--redefine-sym", b"main=" + symbol, os.fsencode(program)], check=True)
        os.mkdir(place)
        os.rename(program, binary)
        process = subprocess.Popen([binary, payload], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"\n"
        processes.append(process)
        pids[name] = process.pid
        tt.wait_until(lambda pid=process.pid, payload=payload: comm_of(pid) == payload[:15], what="the comm")
    yield pids
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def comm_of(pid):
    with open(f"/proc/{pid}/comm", "rb") as file:
        return file.read()[:-1]


@pytest.fixture(scope="module")
def capture(tracetop, hostile, tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / "names.tt"
    tt.run([tracetop, "record", "-w", path, "-F", "999", "--duration", "1"])
    return path


def unescape(text):
    """The bytes that an escaped text stands for: what tracetop-fields says of it."""
    out = b""
    for part in re.findall(r"\\x[0-9a-f]{2}|\\u\{[0-9A-Fa-f]+\}|\\.|[^\\]", text, re.S):
        if part.startswith("\\x"):
            out += bytes([int(part[2:], 16)])
        elif part.startswith("\\u"):
            out += chr(int(part[3:-1], 16)).encode()
        else:
            out += part[-1].encode()
    return out


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
@pytest.mark.parametrize("view", ["symbols", "callers", "processes", "threads", "binaries"])
def test_promise_15_no_raw_byte_in_any_output(tracetop, capture, view, form):
    done = tt.run([tracetop, "show", view, "-r", capture, "--format", form])
    text = done.stdout.replace("\r\n", "\n") if form == "csv" else done.stdout
    assert not RAW.findall(text) and not RAW.findall(done.stderr.replace("\n", ""))
    if form == "csv":
        for row in csv.reader(io.StringIO(done.stdout)):
            assert not any(cell[:1] in ("=", "@", "+") for cell in row)


@pytest.mark.parametrize("name", PAYLOADS)
def test_promise_16_no_name_hides_a_row(tracetop, hostile, capture, name):
    """A row for the process, its binary and its function; each escaped name stands for the very bytes."""
    pid, payload = hostile[name], PAYLOADS[name]
    row, = tt.show(tracetop, "processes", "-r", capture, "-f", f"proc.pid = {pid}")[0]["rows"]
    assert row["proc.pid"] == pid and row["sample.count"] > 10
    assert unescape(row["proc.name"]) == payload[:15]
    binaries = tt.show(tracetop, "binaries", "-r", capture, "-f", f"proc.pid = {pid} and symbol.space = u")[0]
    path = os.readlink(f"/proc/{pid}/exe".encode())
    assert path in [unescape(row["dso.path"]) for row in binaries["rows"]]
    symbols = tt.show(tracetop, "symbols", "-r", capture, "-f", f"proc.pid = {pid} and symbol.space = u")[0]
    hot = symbols["rows"][0]
    assert unescape(hot["symbol.name"]) == payload.replace(b"=", b"")
    assert unescape(hot["dso.name"]) == os.path.basename(path)


@pytest.mark.parametrize("view", ["symbols", "callers", "processes", "threads", "binaries"])
def test_promise_15_no_name_drives_the_terminal(tracetop, hostile, build, view):
    """Live, all rows of a large screen, help, columns and a filter by the name: nothing gets through."""
    with PtyProgram([tracetop, view, "-F", "999"], rows=50, columns=200) as program:
        shown = rb"]0;own" if view == "binaries" else rb"\x1b]0;own"
        program.pump_until(lambda: shown in program.bytes)
        for key in "\r", "\x7f", "c", "\x1b", "/", "own\r", "v", "\t", "\x1b":
            program.send(key)
            program.pump(0.1)
        program.send("q")
        assert program.finish() == 0
        assert not program.forbidden()
        assert b"\x1b]0;" not in program.bytes and b"\xe2\x80\xae" not in program.bytes


def test_promise_15_a_hostile_command_line(tracetop, tmp_path):
    """What stands in arguments comes back escaped."""
    for options in (["show", "\x1b[31mx"], ["-f", "\x1b[31m = x", "show", "symbols"], ["-p", "\x1b[31m"],
                    ["show", "symbols", "-r", tmp_path / "\x1b[31mx"], ["\x1b[31mx"], ["--\x1b[31mx"],
                    ["record", "-w", tmp_path / "\x1b[31m" / "x"], ["-C", "\x1b[31m", "show", "symbols"],
                    ["list", "events", "\x1b[31m"], ["record", "-w", tmp_path / "c.tt", "--", "/\x1b[31m"]):
        done = tt.run([tracetop, *options], check=False)
        assert "\x1b" not in done.stderr + done.stdout, options
