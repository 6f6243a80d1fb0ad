# SPDX-License-Identifier: GPL-2.0-or-later
"""Running tracetop and its peers from tests: programs, loads, screens in tmux."""
import json
import os
import shutil
import subprocess
import tempfile
import time


def wait_until(condition, timeout=10.0, what="the condition"):
    """Waits for a condition and returns what it gave; an assertion fails when it does not come."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {timeout} s"
        time.sleep(0.02)


def run(command, timeout=60, check=True, **kwargs):
    """A command to its end; text of both outputs in .stdout and .stderr."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="surrogateescape",
                          timeout=timeout, check=False, **kwargs)
    if check:
        assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def show(tracetop, view, *options, **kwargs):
    """tracetop show VIEW --format json …: a list of the objects printed."""
    done = run([tracetop, "show", view, "--format", "json", *options], **kwargs)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compile_c(source, output, *flags, compiler="gcc"):
    """Compiles a program text (or file) to a path."""
    if not os.path.exists(str(source)):
        suffix = ".cc" if "++" in compiler else ".c"
        with tempfile.NamedTemporaryFile("w", suffix=suffix, delete=False) as file:
            file.write(source)
        run([compiler, file.name, "-o", output, *flags])
        os.unlink(file.name)
    else:
        run([compiler, source, "-o", output, *flags])
    return output


class Screen:
    """A program in a tmux of its own: keys in, screen out."""

    def __init__(self, command, columns=80, rows=24, env=None):
        self.folder = tempfile.mkdtemp(prefix="tt-")
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows),
                  *[part for name, value in (env or {}).items() for part in ("-e", f"{name}={value}")],
                  f"{command}; echo \"status=$?\"; exec sleep 600")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.folder + "/tmux", "-u", "-f", "/dev/null", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=30, check=False).stdout

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.tmux("kill-server")
        shutil.rmtree(self.folder)

    def text(self):
        return self.tmux("capture-pane", "-p")

    def lines(self):
        return self.text().split("\n")

    def escapes(self):
        """The screen with its attributes."""
        return self.tmux("capture-pane", "-p", "-e")

    def keys(self, *keys):
        for key in keys:
            self.tmux("send-keys", key)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait(self, wanted, timeout=15):
        """Waits until the screen has a text, or a function of the screen is true; the screen."""
        found = wanted if callable(wanted) else lambda screen: wanted in screen
        end = time.monotonic() + timeout
        while True:
            screen = self.text()
            if found(screen):
                return screen
            assert time.monotonic() < end, f"the screen never had {wanted!r}; it has:\n{screen}"
            time.sleep(0.05)
