# SPDX-License-Identifier: GPL-2.0-or-later
"""What all suites share: C tests as pytest items, the programs under test, the last line.

Environment: TRACETOP_BUILD, the build folder (default: the current one); TRACETOP_SANITIZED=1 when
it was built with sanitizers, where only suites without a kernel or a clock run.
"""
import os
import re
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))

BUILD = os.path.abspath(os.environ.get("TRACETOP_BUILD", "."))
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNIT_TIMEOUT = 120


def pytest_collect_file(parent, file_path):
    """A C file of tests/unit is a cmocka program of the build; each of its tests is an item."""
    if file_path.suffix == ".c" and file_path.parent.name == "unit" and file_path.name.startswith("test_"):
        return UnitProgram.from_parent(parent, path=file_path)
    return None


class UnitProgram(pytest.File):
    def collect(self):
        program = os.path.join(BUILD, "tests", "unit", self.path.stem)
        run = UnitRun(program)
        # The names of a program's tests are in its source: they are listed without running it.
        names = re.findall(r"cmocka_unit_test(?:_[a-z]+)?\((\w+)", self.path.read_text())
        for name in names:
            yield UnitTest.from_parent(self, name=name, run=run)


class UnitRun:
    """A program is run once; its tests are read from what it prints (TAP)."""

    def __init__(self, program):
        self.program = program
        self.lines = None

    def result(self, name):
        if self.lines is None:
            self.start()
        for ok, test in self.lines:
            if test == name:
                return ok
        return None

    def start(self):
        env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", TRACETOP_SOURCE=SOURCE)
        self.lines = []
        self.output = f"{self.program} is not there: is it among UNIT_TESTS of Makefile.am?"
        if not os.path.exists(self.program):
            return
        done = subprocess.run([self.program], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=UNIT_TIMEOUT, check=False)
        self.output = done.stdout
        self.lines = [(m.group(1) == "ok", m.group(2))
                      for m in re.finditer(r"^(ok|not ok) \d+ - (\w+)", done.stdout, re.M)]


class UnitTest(pytest.Item):
    def __init__(self, *, run, **kwargs):
        super().__init__(**kwargs)
        self.unit = run

    def runtest(self):
        if not self.unit.result(self.name):
            raise UnitFailure(self.unit.output)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, UnitFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, self.name


class UnitFailure(Exception):
    pass


@pytest.fixture(scope="session")
def source():
    """The source tree."""
    return SOURCE


@pytest.fixture(scope="session")
def build():
    """The build folder."""
    return BUILD


@pytest.fixture(scope="session")
def tracetop():
    """The program under test."""
    return os.path.join(BUILD, "tracetop")


LAST_LINE = []


def pytest_terminal_summary(terminalreporter):
    counts = {kind: len(terminalreporter.stats.get(kind, []))
              for kind in ("passed", "failed", "error", "skipped")}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        terminalreporter.write_line(f"skipped {report.nodeid}: {reason}")
    LAST_LINE.append(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, "
                     f"{counts['skipped']} skipped")


def pytest_unconfigure():
    """Behind everything else that pytest prints."""
    for line in LAST_LINE:
        print(line)
