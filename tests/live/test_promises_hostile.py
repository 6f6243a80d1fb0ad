# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons, files and mounts that lie, flood or hang: no name is worth a stop of the screen."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
import runtimes
import tt
from pty_screen import PtyProgram

HERE = os.path.dirname(os.path.abspath(__file__))
UNIFIED = "/sys/fs/cgroup/unified" if os.path.exists("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
ID = "5eed" * 16
# Private /run and /var/lib of tracetop alone: where it looks for daemons and their files.
PLACE = ('mount --make-rprivate / && mount --rbind "$0/run" /run && mount --rbind "$0/lib" /var/lib && exec "$@"')


class Shelf(contextlib.ExitStack):
    """A folder with run/ and lib/, and a process in a cgroup that only a container of Docker has."""

    def __enter__(self):
        super().__enter__()
        self.path = tempfile.mkdtemp(prefix="tth", dir="/dev/shm")
        self.callback(shutil.rmtree, self.path, ignore_errors=True)
        self.files = f"{self.path}/lib/docker/containers/{ID}"
        os.makedirs(self.path + "/run")
        os.makedirs(self.files)
        self.cgroup = f"{UNIFIED}/docker/{ID}"
        made = not os.path.exists(UNIFIED + "/docker")
        os.makedirs(self.cgroup)
        if made:
            self.callback(remove, UNIFIED + "/docker")
        self.callback(remove, self.cgroup)
        self.process = self.enter_context(runner("sleep", "1000"))
        with open(self.cgroup + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(self.process.pid))
        return self

    def command(self, *words):
        """Words, run where the shelf stands in for /run and /var/lib."""
        return ["unshare", "-m", "sh", "-c", PLACE, self.path, *words]

    def name(self, tracetop, *options):
        """What the container is called, the seconds it took, and the most memory (kB)."""
        began = time.monotonic()
        pid = os.posix_spawnp("unshare", self.command(
            tracetop, "show", "containers", "--duration", "1", "--format", "json",
            "-f", f'container.id startswith {ID[:12]}', *options), os.environ,
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, self.path + "/out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)])
        _, status, usage = os.wait4(pid, 0)
        took = time.monotonic() - began
        with open(self.path + "/out", encoding="utf-8", errors="surrogateescape") as file:
            found = [json.loads(line) for line in file]
        assert status == 0
        rows = [row for part in found for row in part.get("rows", [part])]
        assert len(rows) == 1, rows
        return rows[0]["container.name"], took, usage.ru_maxrss


def remove(cgroup):
    tt.wait_until(lambda: not os.path.exists(cgroup) or rmdir(cgroup), what=f"the end of {cgroup}")


def rmdir(path):
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def runner(*words, **options):
    with subprocess.Popen(words, **options) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def shelf():
    with Shelf() as made:
        yield made


# --- 20: local sockets ----------------------------------------------------------------------------


def answer(body):
    return b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def endless(client):
    """10 GB, or as much as is taken."""
    block, sent = b" " * (1 << 20), 0
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\n{\"Name\":\"")
    while sent < 10 << 30:
        client.sendall(block)
        sent += len(block)


def silent(client):
    while client.recv(4096):
        pass


def byte_by_byte(client):
    for byte in answer(b'{"Name":"/slow","Id":"' + ID.encode() + b'"' + b" " * 10000 + b"}"):
        client.sendall(bytes([byte]))
        time.sleep(0.02)


def says(body):
    return lambda client: client.sendall(answer(body))


MANNERS = {
    "endless": endless, "silent": silent, "byte by byte": byte_by_byte,
    "no JSON": says(b"\x00\xff{{{]"),
    "half of it": says(b'{"Name":"/half","Id":"' + ID.encode()),
    "deep": says(b'{"Name":' + b"[" * 100000 + b"]" * 100000 + b"}"),
    "many": says(b"[" + b",".join(b'{"Name":"/n%d"}' % n for n in range(100000)) + b"]"),
    "a long name": says(b'{"Name":"/' + b"x" * 900000 + b'"}'),
    "no HTTP": lambda client: client.sendall(os.urandom(4096)),
    "hangs up": lambda client: None,
}


@contextlib.contextmanager
def daemon(path, manner):
    """Serves every connection in that manner; how many there were is in the list given."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    met = []

    def serve_one(client):
        with contextlib.suppress(OSError), client:
            client.recv(4096)
            manner(client)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client = server.accept()[0]
                met.append(client)
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield met
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)
        os.unlink(path)


@pytest.fixture(scope="module")
def usual(tracetop):
    """The most memory of a look at the same machine with a daemon that says no."""
    with Shelf() as made, daemon(made.path + "/run/docker.sock", MANNERS["hangs up"]):
        return made.name(tracetop)[1:]


@pytest.mark.parametrize("manner", MANNERS)
def test_promise_20_whatever_a_daemon_answers(tracetop, shelf, usual, manner):
    with daemon(shelf.path + "/run/docker.sock", MANNERS[manner]) as met:
        name, took, memory = shelf.name(tracetop)
    assert met, "it was not asked: the test proves nothing"
    if manner != "a long name":
        assert name in (ID, ID[:12])
    assert len(name) <= 256
    assert took < usual[0] + 2.5
    assert memory < usual[1] + (16 << 10)


def test_promise_20_a_daemon_is_believed_where_it_answers(tracetop, shelf):
    """Else the tests above prove nothing: the same way leads to a name."""
    with daemon(shelf.path + "/run/docker.sock", says(b'{"Name":"/honest","Id":"' + ID.encode() + b'"}')):
        assert shelf.name(tracetop)[0] == "honest"


# --- 20: the same in files ------------------------------------------------------------------------


def huge(path):
    with open(path, "w", encoding="ascii") as file:
        file.truncate(1 << 30)


def crowd(path):
    os.mkdir(path)
    for number in range(100000):
        os.mknod(f"{path}/{number}")


def deep(path):
    with open(path, "wb") as file:
        file.write(b'{"Name":' + b"[" * 100000 + b"]" * 100000 + b"}")


FILES = {
    "huge": huge, "fifo": os.mkfifo, "crowd": crowd, "deep": deep,
    "device": lambda path: os.mknod(path, 0o20666, os.makedev(1, 5)),
    "loop": lambda path: os.symlink(path, path),
    "socket": lambda path: os.mknod(path, 0o140600),
}


@pytest.mark.parametrize("kind", FILES)
def test_promise_20_whatever_stands_where_its_file_should(tracetop, shelf, usual, kind):
    FILES[kind](shelf.files + "/config.v2.json")
    name, took, memory = shelf.name(tracetop)
    assert name in (ID, ID[:12])
    assert took < usual[0] + 2.5
    assert memory < usual[1] + (16 << 10)


def test_promise_20_many_containers_that_are_none(tracetop, shelf, usual):
    """100,000 folders beside the one that is meant."""
    for number in range(100000):
        os.mkdir(f"{os.path.dirname(shelf.files)}/{number:064x}")
    _, took, memory = shelf.name(tracetop)
    assert took < usual[0] + 2.5
    assert memory < usual[1] + (16 << 10)


# --- 34: what hangs -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hang_program(tmp_path_factory):
    return tt.compile_c(HERE + "/load_hang.c", str(tmp_path_factory.mktemp("hang") / "load_hang"))


@contextlib.contextmanager
def hung(program, folder):
    """A folder that whoever looks into it waits for."""
    with runner(program, folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()
            if not said:
                pytest.skip("FUSE cannot be mounted: no /dev/fuse")
            yield process
        finally:
            process.stdin.close()
            process.wait(10)


def echo_times(program, keys=(b"x", b"\x7f"), count=100):
    """Seconds from a key, typed behind Search, to what it changes on the screen, sorted."""
    delays = []
    program.send("/")
    program.pump(0.3)
    for number in range(count):
        program.pump(0.02)
        before, start = len(program.bytes), time.monotonic()
        program.send(keys[number % len(keys)])
        while len(program.bytes) == before and time.monotonic() - start < 2:
            program.pump(0.001)
        delays.append(time.monotonic() - start)
    return sorted(delays)


def stays_quick(command, ready, *keys):
    """Keys are echoed within 100 ms, whatever was opened before, and it ends when it is told to."""
    with PtyProgram(command, rows=40, columns=160) as program:
        program.pump_until(lambda: ready in program.bytes, timeout=20)
        for key in keys:
            program.send(key)
            program.pump(0.3)
        delays = echo_times(program)
        program.send("\r")
        program.pump(0.2)
        program.send("q")
        began = time.monotonic()
        program.finish(timeout=10)
        ended = time.monotonic() - began
    # The first of a hundred may fall on a picture that is being made for all rows.
    assert delays[98] <= 0.1, delays[-10:]
    assert ended < 2
    return delays


@pytest.mark.parametrize("view", ["containers", "processes"])
def test_promise_34_a_container_whose_root_hangs(tracetop, shelf, hang_program, view):
    """
    Its /proc/PID/root leads to FUSE that never answers; so does the folder of its files.  It has no
    libraries: two who wait for the same name cannot even be killed (d_alloc_parallel() of the kernel).
    """
    os.mkdir(shelf.path + "/root")
    with hung(hang_program, shelf.files), hung(hang_program, shelf.path + "/root"):
        inside = shelf.enter_context(runner(
            "unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c",
            f"mount --bind {shelf.path}/root /etc && exec {runtimes.BUSYBOX} sleep 1000"))
        with open(shelf.cgroup + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(inside.pid))
        stays_quick(shelf.command(tracetop, view), b"PID" if view == "processes" else b"STATE")


def test_promise_34_names_of_others_come_beside_one_that_hangs(tracetop, shelf, hang_program):
    """One container's files hang: another one's name is found all the same."""
    other = "feed" * 16
    path = shelf.path + "/lib/docker/containers/" + other
    os.mkdir(path)
    with open(path + "/config.v2.json", "w", encoding="ascii") as file:
        # No letter is where the id has it: the terminal is sent what has changed, and no more.
        json.dump({"ID": other, "Name": "/soup"}, file)
    with hung(hang_program, shelf.files):
        with PtyProgram(shelf.command(tracetop, "containers"), rows=40, columns=160) as program:
            program.pump_until(lambda: ID[:12].encode() in program.bytes)
            cgroup = f"{UNIFIED}/docker/{other}"
            os.mkdir(cgroup)
            shelf.callback(remove, cgroup)
            process = shelf.enter_context(runner("sleep", "1000"))
            with open(cgroup + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(process.pid))
            program.pump_until(lambda: b"soup" in program.bytes, timeout=10)
            program.send("q")
            program.finish(timeout=3)


def open_view(screen, view):
    """Of the row that the cursor is on."""
    screen.keys("F2", "Tab", "Home")
    listed = [line.split("  ")[0].strip() for line in screen.wait("Enter opens").split("\n")]
    names = [name for name in listed[listed.index("Views") + 1:] if name]
    screen.keys(*["Down"] * names.index(view), "Enter")


def keys_are_echoed(screen):
    """Seen through tmux, which takes some ms for each look of its own."""
    screen.keys("/")
    screen.wait("Search:")
    for count in range(1, 20):
        screen.keys("x")
        screen.wait("Search: " + "x" * count, timeout=0.3)
    screen.keys("Escape")
    screen.wait(lambda text: "Search:" not in text)


MAPS = r"""
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
	int made = 0;
	for (; made < 60000; made++)
		if (mmap(NULL, 4096, made & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			break;
	printf("%d\n", made);
	fflush(stdout);
	pause();
}
"""


def test_promise_34_sixty_thousand_mappings(tracetop, tmp_path):
    program = tt.compile_c(MAPS, str(tmp_path / "mapper"))
    with runner(program, stdout=subprocess.PIPE, text=True) as process:
        assert int(process.stdout.readline()) > 50000
        with tt.Screen(f"{tracetop} processes -f 'proc.pid = {process.pid}'", columns=160, rows=50) as screen:
            screen.wait("mapper")
            open_view(screen, "Maps")
            screen.wait("> Maps")
            keys_are_echoed(screen)
            screen.keys("q")
            screen.wait("status=0", timeout=2)


def test_promise_34_a_frozen_cgroup(tracetop, shelf):
    """Who is in it stands still in the kernel; looking at his processes does not."""
    frozen = shelf.cgroup + "/cgroup.freeze"
    with open(frozen, "w", encoding="ascii") as file:
        file.write("1")
    try:
        tt.wait_until(lambda: "frozen 1" in open(shelf.cgroup + "/cgroup.events", encoding="ascii").read(),
                      what="the freezer")
        stays_quick(shelf.command(tracetop, "containers"), b"STATE")
        for view in ("Environment", "Maps", "Open files"):
            with tt.Screen(f"{tracetop} processes -f 'proc.pid = {shelf.process.pid}'", columns=160, rows=50) as screen:
                screen.wait("sleep 1000")
                open_view(screen, view)
                screen.wait("> " + view)
                keys_are_echoed(screen)
                screen.keys("q")
                screen.wait("status=0", timeout=2)
    finally:
        with open(frozen, "w", encoding="ascii") as file:
            file.write("0")


@pytest.mark.parametrize("manner", ["silent", "byte by byte", "endless"])
def test_promise_34_a_slow_daemon(tracetop, shelf, manner):
    with daemon(shelf.path + "/run/docker.sock", MANNERS[manner]):
        stays_quick(shelf.command(tracetop, "containers"), b"STATE")


def test_promise_34_a_process_that_is_stopped(tracetop, shelf):
    shelf.process.send_signal(signal.SIGSTOP)
    stays_quick(shelf.command(tracetop, "processes", "-p", str(shelf.process.pid)), b"PID")
