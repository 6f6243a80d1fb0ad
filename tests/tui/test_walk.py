# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways people go: by keyboard alone, in tmux, at 80x24 and other sizes."""
import os
import re
import subprocess

import pytest
import tt

BURNER = r"""
#include <stdint.h>
static volatile uint64_t sink;
__attribute__((noinline)) void burn_much(void) { for (int i = 0; i < 5000000; i++) sink += i; }
__attribute__((noinline)) void burn_some(void) { for (int i = 0; i < 1666667; i++) sink += i; }
__attribute__((noinline)) void work(void) { burn_much(); burn_some(); }
int main(void) { for (;;) work(); }
"""


@pytest.fixture(scope="module")
def burner(tmp_path_factory):
    """A process named burner: three quarters in burn_much, one in burn_some."""
    program = tt.compile_c(BURNER, tmp_path_factory.mktemp("load") / "burner", "-O0", "-g")
    with subprocess.Popen([program]) as process:
        yield process
        process.kill()


def body(screen):
    """The rows below the titles of columns, which stand below the meters if there is room for them."""
    lines = screen.split("\n")
    title = next((i for i, line in enumerate(lines) if re.search(r"SHARE|CHILDREN|CPU%", line) and i), 2)
    return lines[title + 1:-3]


def test_the_walk(tracetop, burner, tmp_path):
    """Symbols, Callers, back, filter, sort, columns, help, record, quit, replay."""
    capture = tmp_path / "walk.tt"
    with tt.Screen(f"{tracetop} -F 499") as screen:
        first = screen.wait("burn_much")
        assert "Symbols" in first.split("\n")[0] and "live" in first.split("\n")[0]
        assert "cpu-clock" in first and "no PMU" in first
        screen.wait(lambda text: "burn_much" in body(text)[0])
        screen.keys("Enter")
        callers = screen.wait("who calls it")
        callers = screen.wait(lambda text: "main" in text and "work" in text)
        rows = [line for line in body(callers) if line.strip()]
        assert "burn_much" in rows[0] and "work" in rows[1] and "main" in rows[2]
        assert "Symbols > burn_much > Callers" in callers
        screen.keys("t")
        screen.wait("what it calls")
        screen.keys("BSpace")
        screen.wait(lambda text: "Callers" not in text and "burn_some" in text)
        screen.keys("F4")
        screen.type("proc.name = burner and symbol.name contains burn_")
        screen.keys("Enter")
        screen.wait(lambda text: "filter: proc.name" in text and "burn_some" in text
                    and all("burn_" in line for line in body(text) if "%" in line))
        screen.keys("F6", "Down", "Down", "Down", "Enter")
        screen.wait(lambda text: re.search(r"SYMBOL.?\u25b3", text) and "burn_much" in body(text)[0])
        screen.keys("I")
        screen.wait(lambda text: "burn_some" in body(text)[0])
        screen.keys("F7")
        screen.wait("[x] SAMPLES")
        screen.keys("Down", "Space")
        screen.wait("[ ] SAMPLES")
        screen.keys("Escape")
        screen.wait(lambda text: "SAMPLES" not in text and "burn_some" in text)
        screen.keys("F1")
        assert "Help" in screen.wait("Keys")
        screen.keys("Escape")
        screen.wait(lambda text: "burn_some" in text)
        screen.keys("w", "C-u")
        screen.type(str(capture))
        screen.keys("Enter")
        screen.wait("REC ")
        screen.keys("F10")
        screen.wait("status=0")
    assert oct(os.stat(capture).st_mode & 0o777) == "0o600"
    with tt.Screen(f"{tracetop} -r {capture}") as screen:
        replay = screen.wait("burn_much")
        assert "walk.tt" in replay.split("\n")[0] and "live" not in replay.split("\n")[0]
        screen.keys("Enter")
        screen.wait(lambda text: "work" in text and "main" in text)
        screen.keys("e")
        screen.type("x")
        screen.keys("Enter")
        screen.wait("this is a capture")
        screen.keys("Escape", "q")
        screen.wait("status=0")


def test_views_by_the_picker(tracetop, burner):
    """F2 opens a view for all, with Tab for the row; Backspace comes back."""
    with tt.Screen(f"{tracetop} -F 299", columns=100, rows=30) as screen:
        screen.wait("burn_much")
        screen.keys("F2")
        listed = screen.wait("Enter opens")
        for name in ("Binaries", "Callers", "Processes", "Symbols", "Threads"):
            assert name in listed
        names = [line.split("  ")[0].strip() for line in listed.split("\n")]
        screen.keys("Home", *["Down"] * (names.index("Processes") - names.index("Binaries")), "Enter")
        screen.wait(lambda text: text.startswith("Processes") and "burner" in text)
        screen.keys("/")
        screen.type("burner")
        screen.keys("Enter", "F2", "Home", "Tab")
        screen.wait("For: burner(")
        screen.keys("Enter")
        binaries = screen.wait(lambda text: "Processes > burner(" in text and "PATH" in text and "/burner" in text)
        assert "proven" in binaries
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Processes") and "> burner(" not in text)


def test_search(tracetop, burner):
    with tt.Screen(f"{tracetop} -F 299") as screen:
        screen.wait("burn_some")
        screen.keys("/")
        screen.type("burn_so")
        screen.keys("Enter", "p")
        screen.wait("FROZEN")
        marked = [line for line in screen.escapes().split("\n") if "burn_some" in line]
        assert marked and "\x1b[" in marked[0]


def test_what_is_typed_is_seen(tracetop):
    """Letters of several bytes and of two cells; the cursor stands behind them, the error under them."""
    with tt.Screen(f"{tracetop}", columns=120, env={"LC_ALL": "C.UTF-8"}) as screen:
        screen.wait("SAMPLES")
        screen.keys("F4")
        screen.type('proc.name = "é日本語" and proc.nome = 1')
        screen.keys("Enter")
        text = screen.wait("no field has this name")
        typed, error = [line for line in text.split("\n") if "é日本語" in line or "no field" in line][::-1]
        before = typed.split("proc.nome")[0]
        assert error.index("v no field") == len(before) + 3  # three letters take two cells each
        column = int(screen.tmux("display-message", "-p", "#{cursor_x}"))
        assert column == len(typed.rstrip()) + 3
        screen.keys("Escape")
        screen.keys("q")
        screen.wait("status=0")


def test_change_event_and_frequency(tracetop, burner):
    with tt.Screen(f"{tracetop}") as screen:
        screen.wait("99Hz")
        screen.keys("F", "C-u")
        screen.type("250")
        screen.keys("Enter")
        screen.wait("250Hz")
        screen.keys("e", "C-u")
        screen.type("no-such-event")
        screen.keys("Enter")
        screen.wait("is not an event")
        screen.keys("C-u")
        screen.type("context-switches/period=1/")
        screen.keys("Enter")
        screen.wait(lambda text: "context-switches" in text.split("\n")[0] and "k schedule " in text)


def test_freeze_and_time(tracetop, burner):
    with tt.Screen(f"{tracetop} -d 0.5") as screen:
        screen.wait("burn_much")
        screen.keys("p")
        frozen = screen.wait("FROZEN")
        screen.keys("p")
        screen.wait(lambda text: "FROZEN" not in text)
        screen.wait(lambda text: text.split("\n")[3:20] != frozen.split("\n")[3:20])
        screen.keys("[", "[")
        screen.wait("PAST")
        screen.keys("0")
        screen.wait(lambda text: "PAST" not in text)


@pytest.mark.parametrize("columns,rows", [(40, 10), (60, 12), (80, 24), (132, 43), (200, 50), (500, 60)])
def test_any_size(tracetop, burner, columns, rows):
    with tt.Screen(tracetop, columns=columns, rows=rows) as screen:
        text = screen.wait("burn_much" if columns > 40 else "burn_")
        lines = text.split("\n")
        assert lines[0].startswith("Symbols")
        assert lines[rows - 1].startswith("F1")
        # The last key of the bar is there, however narrow: shortened and never cut.
        assert "F10" in lines[rows - 1]
        assert all(len(line) <= columns for line in lines)


def test_resize_storm(tracetop, burner):
    with tt.Screen(f"{tracetop} -F 299") as screen:
        screen.wait("burn_much")
        for columns, rows in [(1, 1), (2, 2), (40, 10), (500, 200), (3, 50), (200, 3), (79, 23), (10, 10)] * 3:
            screen.resize(columns, rows)
        screen.resize(80, 24)
        screen.wait(lambda text: "burn_much" in text and "F1Help" in text)
        screen.keys("q")
        screen.wait("status=0")


def test_plain_terminals(tracetop, burner):
    """No colours, no UTF-8, an old terminal: the same things stand there."""
    for env, option in [({"NO_COLOR": "1"}, ""), ({}, "--mono"), ({"LC_ALL": "C"}, ""), ({}, "--ascii"),
                        ({"TERM": "vt100"}, ""), ({"TERM": "linux"}, ""), ({"TERM": "screen"}, "")]:
        settings = " ".join(f"{name}={value}" for name, value in env.items())
        with tt.Screen(f"env {settings} {tracetop} {option}") as screen:
            text = screen.wait("burn_much")
            assert "F1Help" in text
            if option == "--ascii" or env.get("LC_ALL") == "C":
                assert all(ord(c) < 128 for c in text)
            if env.get("NO_COLOR") or option == "--mono":
                assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7])m", screen.escapes())
            screen.keys("q")
            screen.wait("status=0")


def test_refused_terminals(tracetop):
    for name in ("dumb", "no-such-terminal"):
        with tt.Screen(f"env TERM={name} {tracetop}", columns=200) as screen:
            said = screen.wait("status=1")
            assert f"TERM='{name}' is not known here or has no screen" in said
            assert "tracetop show VIEW works" in said
    done = tt.run([tracetop], check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "tracetop show" in done.stderr


def test_suspend_and_resume(tracetop, burner):
    with tt.Screen("PS1='shell> ' bash --norc -i") as screen:
        screen.wait("shell>")
        screen.type(f"{tracetop}\n")
        screen.wait("burn_much")
        screen.keys("C-z")
        screen.wait("Stopped")
        screen.type("fg\n")
        screen.wait(lambda text: "burn_much" in text and "F1Help" in text)
        # Arrows are keys at once, not Escape and '[', which would go back in time.
        screen.keys("Down", "F1")
        assert "PAST" not in screen.wait("Help: arrows scroll")
        screen.keys("Escape", "q")
        screen.wait(lambda text: "shell>" in text and "F1Help" not in text)
