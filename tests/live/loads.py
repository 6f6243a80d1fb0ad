# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads with known shares, and perf beside tracetop: what several tests of this folder use."""
import hashlib
import os
import re
import signal
import subprocess
import tempfile

import tt

FOLDER = os.path.dirname(os.path.abspath(__file__))
FREQUENCY = 16000


def source(name):
    return os.path.join(FOLDER, name)


def build_c(output, *flags, sources=("load_main.c", "load_burn.c")):
    """Each is a build of its own, though most are the same: a build id is enough to tell names by."""
    if not any("--build-id" in flag for flag in flags):
        flags += (f"-Wl,--build-id=0x{hashlib.sha1(os.fsencode(output)).hexdigest()}",)
    tt.run(["gcc", "-O2", "-fno-omit-frame-pointer", *map(source, sources), "-o", output, *flags])
    return output


class Load:
    """A process of load_main.c or one like it: knows its names, burns when told, stays until ended."""

    def __init__(self, command, seconds):
        self.process = subprocess.Popen([*map(str, command), str(seconds)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.table = {}
        for line in iter(self.process.stdout.readline, "\n"):
            assert line, f"{command} ended early"
            share, name = line.rstrip("\n").split(" ", 1)
            self.table[name] = float(share)
        self.rest()

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def wait(self):
        assert self.process.stdout.readline() == "done\n"
        self.rest()

    def rest(self):
        """Waits until it sleeps, so that nothing more happens in it."""
        def sleeps():
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "S"

        tt.wait_until(sleeps, what="the load's rest")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.end()


class Perf:
    """perf record or stat beside tracetop; it is counting when the constructor comes back."""

    def __init__(self, verb, output, *options):
        self.output = str(output)
        self.debug = self.output + ".debug"
        self.folder = tempfile.mkdtemp(prefix="tt-perf-")
        control, answer = os.path.join(self.folder, "control"), os.path.join(self.folder, "answer")
        os.mkfifo(control)
        os.mkfifo(answer)
        self.process = subprocess.Popen(
            ["perf", "--buildid-dir", self.debug, verb, "-D", "-1", "-o", self.output,
             f"--control=fifo:{control},{answer}", *map(str, options)], stderr=subprocess.PIPE, text=True)
        with open(control, "w", encoding="ascii") as file, open(answer, "rb", buffering=0) as back:
            file.write("enable\n")
            file.flush()
            assert back.read(3) == b"ack"

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        errors = self.process.communicate(timeout=60)[1]
        assert self.process.returncode in (0, -signal.SIGINT), errors

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for name in ("control", "answer"):
            os.unlink(os.path.join(self.folder, name))
        os.rmdir(self.folder)


class PerfStat(Perf):
    def __init__(self, output, *options):
        super().__init__("stat", output, "-x", ",", *options)

    def counts(self):
        """{event: count} when it has stopped."""
        with open(self.output, encoding="utf-8") as file:
            parts = [line.split(",") for line in file if "," in line and not line.startswith("#")]
        return {part[2]: int(part[0]) for part in parts}


class PerfRecord(Perf):
    def __init__(self, output, *options):
        # Without build ids: perf 6.1 dies of one that is longer than its buffer, whoever's it is.
        super().__init__("record", output, "-q", "-B", "-N", *options)

    def report(self, *options):
        """perf report's lines, without comments."""
        text = self.ask("report", "--stdio", *options)
        return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def ask(self, verb, *options):
        """What perf report or script prints of the file."""
        done = tt.run(["perf", "--buildid-dir", self.debug, verb, "-f", "-i", self.output, *options], check=False)
        assert done.returncode == 0, f"perf {verb}: status {done.returncode}: {done.stderr}"
        return done.stdout

    def symbols(self):
        """What perf report says: {pid: {symbol: samples}}."""
        result = {}
        for line in self.report("-g", "none", "--no-children", "--percent-limit", "0", "-F", "sample,pid,sym",
                                "-t", "\t"):
            samples, who, symbol = (part.strip() for part in line.split("\t"))
            pid = int(who.split(":")[0])
            symbol = re.sub(r"^\[.\] ", "", symbol)
            result.setdefault(pid, {}).setdefault(symbol, 0)
            result[pid][symbol] += int(samples)
        return result


class Recording:
    """tracetop record until told to stop; it is sampling when the constructor comes back."""

    def __init__(self, tracetop, path, *options, before=(), **kwargs):
        """@before: a command that execs what stands behind it, such as setpriv."""
        self.path = str(path)
        self.process = subprocess.Popen(
            [*before, tracetop, "record", "-w", self.path, *map(str, options)],
            stderr=subprocess.PIPE, text=True, errors="surrogateescape", **kwargs)
        tt.wait_until(lambda: os.path.exists(self.path) or self.process.poll() is not None,
                      what="the capture")
        assert self.process.poll() is None, self.process.stderr.read()

    def stop(self, number=signal.SIGINT, status=0):
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=30)[1]
        assert self.process.returncode == status, errors
        return errors

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def descriptors(self):
        """What its file descriptors are: anon_inode:[perf_event], anon_inode:bpf-prog…"""
        names = []
        for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                names.append(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
            except FileNotFoundError:
                pass
        return names


