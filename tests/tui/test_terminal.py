# SPDX-License-Identifier: GPL-2.0-or-later
"""Terminals that are lost, blocked or attacked by names."""
import os
import signal
import subprocess
import termios
import time

import pytest
import tt
from pty_screen import PtyProgram

SECOND = 1.0

# Clipboard, title, colours, C1 forms, bidi, line breaks, tabs, DEL, bytes that are no UTF-8.
PAYLOAD = b"x\x1b]52;c;UFdO\x07\xc2\x9b2J\x1b[31m\xe2\x80\xae\n\t\x7f\xff\xfey"


def has_rows(program):
    return lambda: b"%" in program.bytes and b"F10" in program.bytes


def test_first_rows_within_a_quarter_second(tracetop):
    """Rows stand there within 250 ms of the start, measured from the fork."""
    with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as load:
        try:
            times = []
            for _ in range(5):
                with PtyProgram([tracetop]) as program:
                    program.pump_until(lambda: b"%" in program.bytes.split(b"SYMBOL")[-1], timeout=5)
                    times.append(time.monotonic() - program.started)
                    program.send("q")
                    assert program.finish() == 0
        finally:
            load.kill()
    assert sorted(times)[2] < 0.25, times


@pytest.mark.parametrize("ignore_hup", [False, True])
def test_promise_37_lost_terminal_ends_it(tracetop, tmp_path, ignore_hup):
    capture = tmp_path / "lost.tt"
    with PtyProgram([tracetop, "-w", capture], ignore_hup=ignore_hup) as program:
        program.pump_until(has_rows(program))
        program.hang_up()
        assert program.wait(SECOND + 1) is not None
    assert tt.show(tracetop, "symbols", "-r", capture)[0]["records"] >= 0


def test_blocked_terminal_holds_nothing_up(tracetop, tmp_path):
    """Nobody reads the terminal: recording goes on without loss, and SIGTERM ends it in a second."""
    capture = tmp_path / "blocked.tt"
    with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as load:
        try:
            with PtyProgram([tracetop, "-d", "0.1", "-F", "999", "-w", capture], rows=50, columns=200) as program:
                program.pump_until(has_rows(program))
                size = os.path.getsize(capture)
                # It is not read from now on; what is recorded grows all the same.
                tt.wait_until(lambda: os.path.getsize(capture) > size + 20000, timeout=30, what="more recording")
                before = time.monotonic()
                os.kill(program.pid, signal.SIGTERM)
                assert program.wait(SECOND + 1) == 0
                assert time.monotonic() - before < SECOND + 0.5
        finally:
            load.kill()
    table = tt.show(tracetop, "symbols", "-r", capture)[0]
    assert table["lost"] == 0 and table["records"] > 500


def test_blocked_terminal_gets_a_whole_picture_afterwards(tracetop, build):
    with PtyProgram([tracetop, "-d", "0.1"], rows=50, columns=200) as program:
        program.pump_until(has_rows(program))
        time.sleep(1)  # the time that nobody reads, not one that something is hoped to take
        program.pump_until(lambda: "F1Help" in program.screen(build) and "Symbols" in program.screen(build))
        program.send("q")
        assert program.finish() == 0


def test_terminal_is_as_it_was(tracetop):
    """Modes and screen after quitting, and after a crash."""
    for end in (lambda p: p.send("q"), lambda p: os.kill(p.pid, signal.SIGTERM),
                lambda p: os.kill(p.pid, signal.SIGSEGV), lambda p: os.kill(p.pid, signal.SIGABRT)):
        with PtyProgram([tracetop]) as program:
            before = None
            program.pump_until(has_rows(program))
            end(program)
            program.finish()
            after = termios.tcgetattr(program.master)
            assert after[3] & termios.ECHO and after[3] & termios.ICANON
            assert program.bytes.count(b"\x1b[?1049h") == program.bytes.count(b"\x1b[?1049l")
            assert program.bytes.rfind(b"\x1b[?25h") > program.bytes.rfind(b"\x1b[?25l")
            del before


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A process whose comm, path, library and symbols try to drive the terminal."""
    folder = tmp_path_factory.mktemp("hostile")
    symbol = PAYLOAD.replace(b"\n", b"").replace(b"/", b"")
    plain = b"burn" + b"_" * (len(symbol) - 4)
    source = folder / "hostile.c"
    source.write_bytes(b"""
#include <sys/prctl.h>
static volatile long sink;
__attribute__((noinline)) void %s(void) { for (int i = 0; i < 1000000; i++) sink += i; }
int main(void) { prctl(PR_SET_NAME, "%s"); for (;;) %s(); }
""" % (plain, b"".join(b"\\%03o" % byte for byte in b"]0;\x1b]2;q\x07\xc2\x9b1m\xff"), plain))
    tt.run(["gcc", "-O1", source, "-o", folder / "plain"])
    # No assembler takes such a name: it is put into the finished file.
    program = os.fsencode(folder) + b"/" + symbol
    with open(folder / "plain", "rb") as file, open(program, "wb") as made:
        made.write(file.read().replace(plain, symbol))
    os.chmod(program, 0o755)
    with subprocess.Popen([program]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("view", ["symbols", "processes", "threads", "binaries", "callers"])
def test_promise_15_no_name_drives_the_terminal(tracetop, build, hostile, view):
    with PtyProgram([tracetop, "-F", "299", view], rows=50, columns=200) as program:
        program.pump_until(lambda: b"\\x1b" in program.bytes)
        program.send("\x0c")  # all of it once more
        program.pump(0.5)
        program.send("/")
        program.send("x1b")
        program.send("\r")
        program.send("\r")
        program.pump(0.5)
        screen = program.screen(build)
        program.send("q")
        assert program.finish() == 0
        assert program.forbidden() == []
        assert "\\x1b]52;c;UFdO\\x07" in screen or "\\x1b]2;q" in screen


def test_promise_15_not_in_text_either(tracetop, hostile):
    for view in ("symbols", "processes", "threads", "binaries", "callers"):
        done = subprocess.run([tracetop, "show", view, "--duration", "0.5", "-F", "499"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        assert b"\\x1b" in done.stdout
        for byte in b"\x1b\x07\x7f\x9b\xff":
            assert bytes([byte]) not in done.stdout.replace(b"\xc2\x9b", b"\x9b"), (view, byte)


def test_promise_15_complaints_are_escaped(tracetop):
    for arguments in (["-e", "a\x1b]0;x\x07"], ["-r", "/nowhere/\x1b[2J"], ["\x1b[31mview"],
                      ["-f", "proc.name \x1b[2J"], ["-F", "\x1b[2J"]):
        done = tt.run([tracetop, "show", "symbols", *arguments] if arguments[0].startswith("-")
                      else [tracetop, "show", *arguments, "--duration", "0.1"], check=False)
        assert done.returncode in (1, 2)
        assert "\x1b" not in done.stderr + done.stdout


def test_promise_16_no_name_hides_a_row(tracetop):
    """argv with bytes that are no UTF-8, empty, very long: the process is there, with its number."""
    names = [b"\xff\xff", b"\xe2\x80\xae", b"\n", b" ", b"A" * 15]
    burn = "import ctypes,sys; ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)\nwhile 1: pass"
    loads = [subprocess.Popen(["/usr/bin/python3", "-c", burn, name.hex()]) for name in names]
    try:
        def pids():
            rows = tt.show(tracetop, "processes", "--duration", "1", "-F", "499")[0]["rows"]
            return {row["proc.pid"]: row["proc.name"] for row in rows}
        tt.wait_until(lambda: all(load.pid in pids() for load in loads), timeout=20)
        found = pids()
        assert found[loads[0].pid] == "\\xff\\xff"
        assert found[loads[1].pid] == "\u202e" or found[loads[1].pid] == "\\u{202e}"
        assert found[loads[4].pid] == "A" * 15
    finally:
        for load in loads:
            load.kill()
            load.wait()
