# SPDX-License-Identifier: GPL-2.0-or-later
"""A program in a pseudo terminal of our own: every byte it writes, and terminals that misbehave."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

# What curses sends of itself on xterm-256color: cursor, attributes, modes, character sets, tabs.
ALLOWED = re.compile(
    rb"\x1b\[[0-9;]*[A-Za-z@`]"      # CSI without private parameters: moves, SGR, erase, repeat
    rb"|\x1b\[\?(?:1|7|12|25|1049|2004|1000|1006|1034)(?:;[0-9]+)*[hl]"
    rb"|\x1b\[(?:22|23);0;0t"         # window title stack: saved and restored, never set
    rb"|\x1b[()][B0]|\x1b[=>78M]|[\x0e\x0f]")


class PtyProgram:
    """Runs a command on a pty; reads along as long as .pump() is called."""

    def __init__(self, command, rows=24, columns=80, env=None, ignore_hup=False):
        self.bytes = b""
        self.started = time.monotonic()
        self.pid, self.master = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            if ignore_hup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.environ.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})})
            os.execvp(command[0], [str(part) for part in command])
        self.rows, self.columns = rows, columns
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.ended() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.master is not None:
            os.close(self.master)

    def ended(self):
        """The exit status (negative: a signal), or None."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def pump(self, seconds=0.05):
        """Reads what comes within so long."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left < 0 or not select.select([self.master], [], [], left)[0]:
                return
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.bytes += data

    def pump_until(self, condition, timeout=15):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"it did not come; the screen:\n{self.tail()!r}"
            self.pump()

    def tail(self):
        return self.bytes[-2000:]

    def send(self, data):
        os.write(self.master, data if isinstance(data, bytes) else data.encode())

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def hang_up(self):
        os.close(self.master)
        self.master = None

    def wait(self, timeout):
        """Waits for the end without reading; the exit status, or None when it did not come."""
        end = time.monotonic() + timeout
        while self.ended() is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.ended()

    def finish(self, timeout=5):
        """Reads to the end."""
        end = time.monotonic() + timeout
        while self.ended() is None:
            assert time.monotonic() < end, "it did not end"
            self.pump()
        self.pump(0.1)
        return self.status

    def screen(self, build):
        """What libvterm shows for all bytes so far."""
        return subprocess.run([os.path.join(build, "tests", "tui", "vtdump"), str(self.rows), str(self.columns)],
                              input=self.bytes, stdout=subprocess.PIPE, check=True).stdout.decode()

    def forbidden(self):
        """Bytes that drive a terminal and are not on the list of what curses needs."""
        rest = ALLOWED.sub(b"", self.bytes)
        found = re.findall(rb".{0,20}[\x00-\x06\x0b\x0c\x10-\x1f\x7f].{0,20}", rest)
        text = rest.decode("utf-8", errors="replace")
        if "\ufffd" in text.replace("\ufffd", "", 1):
            found.append(b"bytes that are not UTF-8")
        found += [hex(ord(c)).encode() for c in text
                  if 0x80 <= ord(c) < 0xa0 or 0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069]
        return found
