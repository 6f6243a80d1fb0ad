# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests: machines that QEMU emulates, with Debian's kernel, tracetop and a load in them.

Nothing is virtualised (no KVM): a guest is slow, and the same wherever it runs.
"""
import base64
import collections
import contextlib
import functools
import glob
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile

import tt
from initramfs import Initramfs
from packages import Packages, Unavailable

HERE = os.path.dirname(os.path.abspath(__file__))
LIVE = os.path.join(os.path.dirname(HERE), "live")
MODULES = ["virtio_pci", "virtio_console", "brd"]  # brd: disks of memory, to have I/O
WARM_UP = 180  # seconds that a guest may take until it answers, on a busy machine

# debian: the architecture's name in Debian.  cpus: one where two are much slower than one.
# pmu: whether QEMU emulates one.
Kind = collections.namedtuple("Kind", "debian triplet qemu console cpus pmu")
KINDS = {
    "x86_64": Kind("amd64", "x86_64-linux-gnu", ["qemu-system-x86_64", "-cpu", "max"], "ttyS0", 1, False),
    "arm64": Kind("arm64", "aarch64-linux-gnu",
                  ["qemu-system-aarch64", "-M", "virt", "-cpu", "max,sve=off,pauth=off"], "ttyAMA0", 2, True),
}
Done = collections.namedtuple("Done", "status stdout stderr")


def needed_libraries(source):
    """The packages that tracetop is compiled with: bootstrap has the list."""
    with open(os.path.join(source, "bootstrap"), encoding="utf-8") as file:
        needs = re.search(r'^needs_run="(.*?)"', file.read(), re.M | re.S).group(1)
    return re.findall(r"[\w.+-]+-dev\b", needs)


def required(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed")


class Maker:
    """Makes what a guest boots: out of a build, the source, and a folder for what can be kept."""

    def __init__(self, name, source, build):
        self.kind = KINDS[name]
        self.native = os.uname().machine == self.kind.triplet.split("-", maxsplit=1)[0]
        self.source = source
        self.build = build
        self.folder = os.path.join(build, "vm", name)
        required(self.kind.qemu[0], "cpio", "apt-get", "dpkg-deb", "readelf")
        self.kernel = self.packages("kernel", f"linux-image-{self.kind.debian}", "busybox-static")
        self.runtime = self.packages("runtime", "runc")
        self.root = "/"
        self.compiler = ["gcc"]
        if not self.native:
            cross = self.kind.triplet + "-gcc"
            required(cross)
            self.root = self.packages("root", "linux-perf", *needed_libraries(source))
            self.compiler = [cross, "--sysroot=" + self.root]

    def packages(self, name, *wanted):
        return Packages(os.path.join(self.folder, "packages"), self.kind.debian).unpacked(name, *wanted)

    def tracetop(self):
        """The program under test: that of the build, or one for the guest's processor."""
        if self.native:
            return os.path.join(self.build, "tracetop")
        folder = os.path.join(self.folder, "build")
        os.makedirs(folder, exist_ok=True)
        libraries = os.path.join(self.root, "usr/lib", self.kind.triplet, "pkgconfig")
        environment = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=self.root, PKG_CONFIG_PATH="",
                           PKG_CONFIG_LIBDIR=f"{libraries}:{self.root}/usr/share/pkgconfig")
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            environment.pop(name, None)
        if not os.path.exists(os.path.join(folder, "config.status")):
            headers = os.path.join(self.root, "usr/include")
            tt.run([os.path.join(self.source, "configure"), "-q", "--enable-werror", "--host=" + self.kind.triplet,
                    "CC=" + shlex.join(self.compiler),
                    f"BPF_SYSTEM_INCLUDES=-idirafter {headers}/{self.kind.triplet} -idirafter {headers}"],
                   cwd=folder, env=environment, timeout=300)
        tt.run(["make", "-s", f"-j{os.cpu_count()}", "all"], cwd=folder, env=environment, timeout=600)
        return os.path.join(folder, "tracetop")

    def load_program(self):
        return os.path.join(self.folder, "load")

    def load(self):
        path = self.load_program()
        tt.run([*self.compiler, "-O2", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer",
                f"{LIVE}/load_main.c", f"{LIVE}/load_burn.c", "-o", path])
        return path

    def perf(self):
        """To compare with, where there is a PMU."""
        if not self.native:
            return os.path.join(self.root, "usr/bin/perf")
        required("perf")
        return shutil.which("perf")

    def initramfs(self):
        made = Initramfs(os.path.join(self.folder, "tree"), self.root, self.kind.triplet)
        made.add(glob.glob(f"{self.kernel}/**/bin/busybox", recursive=True)[0], "/bin/busybox")
        made.add_program(self.tracetop(), "/usr/bin/tracetop")
        made.add_program(self.load(), "/usr/bin/load")
        made.searched.append(os.path.join(self.runtime, "usr/lib", self.kind.triplet))
        made.add_program(os.path.join(self.runtime, "usr/sbin/runc"), "/usr/bin/runc")
        if self.kind.pmu:
            made.add_program(self.perf(), "/usr/bin/perf")
        made.add_modules(os.path.join(self.kernel, "lib", "modules"), *MODULES)
        return made.pack(os.path.join(self.folder, "initramfs"))

    def image(self):
        return glob.glob(os.path.join(self.kernel, "boot", "vmlinuz-*"))[0]


class Guest:
    """A guest that runs until it is left."""

    def __init__(self, name, source, build):
        maker = Maker(name, source, build)
        initramfs = maker.initramfs()
        self.name = name
        self.load_program = maker.load_program()
        self.kind = maker.kind
        self.console = "/dev/" + self.kind.console
        self.log = os.path.join(maker.folder, "console.log")
        self.folder = tempfile.mkdtemp(prefix="tt-vm-")  # the names of sockets have to be short
        self.port = None
        self.process = None
        try:
            self.start(maker.image(), initramfs)
            self.await_agent()
        except BaseException:
            self.end()
            raise

    def start(self, image, initramfs):
        def channel(name, *options):
            return ",".join(["socket", f"id={name}", f"path={self.folder}/{name}", "server=on", "wait=off", *options])

        words = f"console={self.kind.console} panic=-1 quiet"
        self.process = subprocess.Popen(
            [*self.kind.qemu, "-accel", "tcg,thread=multi", "-smp", str(self.kind.cpus), "-m", "768",
             "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none",
             "-chardev", channel("console", "logfile=" + self.log), "-serial", "chardev:console",
             "-device", "virtio-serial-pci", "-chardev", channel("agent"),
             "-device", "virtserialport,chardev=agent,name=agent",
             "-kernel", image, "-initrd", initramfs, "-append", words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def await_agent(self):
        path = self.folder + "/agent"
        tt.wait_until(lambda: os.path.exists(path) or self.process.poll() is not None, what="QEMU")
        assert self.process.poll() is None, self.process.stderr.read().decode()
        self.port = socket.socket(socket.AF_UNIX)
        self.port.connect(path)
        self.port.settimeout(WARM_UP)
        try:
            assert self.line() == b"ready"
        except (TimeoutError, AssertionError):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise AssertionError(f"the {self.name} guest does not answer:\n{file.read()[-3000:]}") from None

    def take(self, length):
        taken = bytearray()
        while len(taken) < length:
            part = self.port.recv(min(length - len(taken), 1 << 20))
            assert part, "the guest has ended"
            taken += part
        return bytes(taken)

    def line(self):
        taken = bytearray()
        while not taken.endswith(b"\n"):
            taken += self.take(1)
        return bytes(taken[:-1])

    def run(self, script, timeout=60, check=True):
        """A shell script, in the guest, to its end."""
        limited = f"exec timeout -s KILL {timeout} sh -c {shlex.quote(script)}"
        self.port.settimeout(timeout + 30)
        self.port.sendall(base64.b64encode(limited.encode()) + b"\n")
        status, out, err = map(int, self.line().split())
        done = Done(status, self.take(out).decode(errors="surrogateescape"),
                    self.take(err).decode(errors="surrogateescape"))
        assert not check or status == 0, f"{script}: status {status}\n{done.stdout}{done.stderr}"
        return done

    @contextlib.contextmanager
    def load(self, seconds=600):
        """The load of tests/live, burning so much CPU time; its process id."""
        pid = self.run(f"echo go | load {seconds} >/dev/null 2>&1 & echo $!").stdout.strip()
        try:
            yield int(pid)
        finally:
            self.run(f"kill -9 {pid}", check=False)

    @functools.cached_property
    def release(self):
        """The version of its kernel, as in (6, 1)."""
        return tuple(map(int, self.run("uname -r").stdout.split(".")[:2]))

    @functools.cached_property
    def checked(self):
        """What tracetop check says there: {(group, name): line}."""
        lines = json.loads(self.run("tracetop check --format json").stdout)["check"]
        return {(line["group"], line["name"]): line for line in lines}

    def fetch(self, path, copy):
        """A file of the guest's, here."""
        with open(copy, "wb") as file:
            file.write(base64.b64decode(self.run(f"base64 {shlex.quote(path)}").stdout))
        return copy

    def screen(self):
        """Its console, in tmux: a shell at a prompt, which knows how large the screen is."""
        self.run(f"stty -F {self.console} sane rows 24 cols 80")
        screen = tt.Screen(f"{os.path.join(HERE, 'console.py')} {self.folder}/console")
        try:
            screen.wait("guest#")
        except AssertionError:
            screen.__exit__()
            raise
        return screen

    def end(self):
        """Only ever this very process."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stderr.close()
        if self.port:
            self.port.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()
