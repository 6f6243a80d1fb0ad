# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes on the screen: the tree, what is known of one, and what is done about it."""
import os
import re
import signal
import subprocess
import sys

import pytest
import tt


@pytest.fixture
def victim(tmp_path):
    """A process with a file open and a variable set, and a child."""
    code = "import subprocess, time; file = open('a file of its own', 'w'); " \
           "child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE,
                          env=dict(os.environ, VARIABLE_OF_THE_VICTIM="its value")) as process:
        process.child = int(process.stdout.readline())
        yield process
        process.kill()
        os.kill(process.child, signal.SIGKILL)


def find(screen, victim):
    """The screen narrowed to the victim and its child."""
    screen.keys("F4")
    screen.type(f"proc.pid in ({victim.pid}, {victim.child})")
    screen.keys("Enter")
    screen.wait(lambda text: f" {victim.pid} " in text and f" {victim.child} " in text)


def test_a_tree_of_processes(tracetop, victim):
    with tt.Screen(f"{tracetop} processes", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        find(screen, victim)
        screen.keys("F5")
        text = screen.wait("Processes (tree)")
        lines = screen.wait(lambda text: "(tree)" in text and "sleep 600" in text).split("\n")
        parent = next(i for i, line in enumerate(lines) if f" {victim.pid} " in line)
        assert "\u25be " in lines[parent] and f" {victim.child} " in lines[parent + 1]
        assert lines[parent + 1].index("sleep 600") > lines[parent].index("\u25be")
        screen.keys("Home", "Space")
        screen.wait(lambda text: "\u25b8 " in text and "sleep 600" not in text)
        screen.keys("F5")
        screen.wait(lambda text: "(tree)" not in text and "sleep 600" in text)
        assert text


@pytest.mark.parametrize("view, wanted", [("Open files", "a file of its own"), ("Environment", "VARIABLE_OF_THE_VICTIM"),
                                          ("Limits", "Max open files"), ("Maps", "[heap]"), ("Namespaces", "pid:["),
                                          ("Cgroup of a process", "/")])
def test_what_is_known_of_a_process(tracetop, victim, view, wanted):
    with tt.Screen(f"{tracetop} processes", columns=160, rows=50) as screen:
        screen.wait("COMMAND")
        find(screen, victim)
        screen.keys("/")
        screen.type(str(victim.pid))
        screen.keys("Enter", "F2", "Tab", "Home")
        listed = [line.split("  ")[0].strip() for line in screen.wait("Enter opens").split("\n")]
        names = [name for name in listed[listed.index("Views") + 1:] if name]
        screen.keys(*["Down"] * names.index(view), "Enter")
        screen.wait(lambda text: f"({victim.pid}) > {view}" in text and wanted in text)


def test_a_signal_is_asked_about_and_sent(tracetop, victim):
    with tt.Screen(f"{tracetop} processes", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        find(screen, victim)
        screen.keys("/")
        screen.type(str(victim.pid))
        screen.keys("Enter", "F9")
        screen.wait("SIGTERM")
        screen.keys("Enter")
        screen.wait("y does it")
        screen.keys("n")
        screen.wait(lambda text: "y does it" not in text)
        assert victim.poll() is None
        screen.keys("F9", "Enter")
        screen.wait("y does it")
        screen.keys("y")
        tt.wait_until(lambda: victim.poll() is not None, what="the end of the victim")
        assert victim.returncode == -signal.SIGTERM


def test_nice_and_cpus(tracetop, victim):
    with tt.Screen(f"{tracetop} processes", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        find(screen, victim)
        screen.keys("/")
        screen.type(str(victim.pid))
        # What cannot be is refused where it is typed, before anything is asked about.
        for letter, wrong, why, text in (("n", "50", "from -20 to 19", "5"), ("c", "0,1000", "there is no CPU 1000", "0"),
                                         ("c", "0-", "numbers and ranges", "0")):
            screen.keys("Enter" if letter == "n" else "F8")
            if letter == "n":
                screen.keys("F8")
            screen.wait("Enter chooses")
            screen.keys(letter)
            screen.type(wrong)
            screen.keys("Enter")
            screen.wait(why)
            screen.keys("C-u")
            screen.type(text)
            screen.keys("Enter")
            screen.wait("y does it")
            screen.keys("y")
        tt.wait_until(lambda: os.getpriority(os.PRIO_PROCESS, victim.pid) == 5, what="the nice value")
        tt.wait_until(lambda: os.sched_getaffinity(victim.pid) == {0}, what="the CPUs")


def test_promise_46_readonly_refuses(tracetop, victim):
    with tt.Screen(f"{tracetop} --readonly processes", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        find(screen, victim)
        screen.keys("F9")
        screen.wait("refused by --readonly")
        assert victim.poll() is None


def test_meters(tracetop):
    with tt.Screen(f"{tracetop}", columns=120, rows=30) as screen:
        text = screen.wait(lambda text: "Mem[" in text and "load " in text)
        total = int(next(line for line in open("/proc/meminfo", encoding="ascii") if "MemTotal" in line).split()[1])
        assert f"/{total / 2**20:.3g}G]" in text
        assert text.count("%]") == os.cpu_count()
        # In a usual terminal nothing is cut: the figures take two lines.
        screen.resize(80, 24)
        screen.wait(lambda text: re.search(r"^[0-9]+ tasks  net in .* out .*  disk r .* w [0-9]", text, re.M))
        screen.keys("M")
        screen.wait(lambda text: "Mem[" not in text)


def own_pid(screen):
    """The tracetop on the screen: the one that holds its terminal."""
    shell = screen.tmux("list-panes", "-F", "#{pane_pid}").strip()
    return int(tt.run(["pgrep", "-P", shell, "-x", "tracetop"]).stdout)


def test_promise_36_tracetop_is_listed_marked_and_excludable(tracetop):
    with tt.Screen(f"{tracetop} processes -f 'proc.name = tracetop'", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        own = own_pid(screen)
        screen.wait(f" *{own} ")
        screen.keys("F1")
        screen.wait("proc.is_self")
        screen.keys("Escape", "F4")
        screen.type("not proc.is_self = true")
        screen.keys("Enter")
        screen.wait(lambda text: "not proc.is_self" in text and "COMMAND" in text and str(own) not in text)


def test_letters_go_to_an_entry_of_a_list(tracetop):
    """To a word that begins so, else to one that has it; one that no entry has is not taken."""
    with tt.Screen(f"{tracetop} processes", columns=120, rows=30) as screen:
        screen.wait("COMMAND")
        screen.keys("F2")
        screen.wait("Enter opens")
        screen.type("symq")
        screen.wait(lambda text: " Views: sym " in text and "Functions by the time" in text)
        screen.keys("BSpace", "BSpace", "BSpace")
        screen.type("open")
        screen.wait("What a process has open.")
        screen.keys("Down")
        screen.wait(lambda text: " Views " in text and " Views: " not in text)
        screen.type("user")
        screen.keys("Enter")
        screen.wait(lambda text: text.startswith("Users"))
        screen.keys("F6")
        screen.wait("Sort by")
        screen.type("rs")
        screen.keys("Enter")
        screen.wait(lambda text: re.search("RSS[\u25bd\u25b3]", text))
