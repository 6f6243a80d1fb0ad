# SPDX-License-Identifier: GPL-2.0-or-later
"""tracetop in a container itself, among the machine's processes or its own."""
import os

import pytest
import runtimes
import tt
from runtimes import own

# All that Docker may be asked for: --privileged takes capabilities too that we may not have.
LEFT_OUT = {"cap_bpf", "cap_perfmon", "cap_checkpoint_restore"}
UNCONFINED = [word for what in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")
              for word in ("--security-opt", what)]


def capabilities():
    with open("/proc/self/status", encoding="ascii") as file:
        held = int(next(line for line in file if line.startswith("CapBnd")).split()[1], 16)
    names = tt.run(["setpriv", "--list-caps"]).stdout.split()
    wanted = [name for bit, name in enumerate(names) if held >> bit & 1 and "cap_" + name not in LEFT_OUT]
    return [word for name in wanted for word in ("--cap-add", name.upper())]


@pytest.fixture(scope="module")
def shown_inside(folder, docker, tracetop):
    """Runs tracetop in a container that has its libraries: rows, and what it complains of."""
    for path in ("usr", "lib", "lib64", "tt"):
        os.makedirs(f"{folder}/R/{path}", exist_ok=True)
    tt.run(["tar", "-C", folder + "/R", "-cf", folder + "/bb.tar", "."])
    docker("import", folder + "/bb.tar", "lib:latest")
    mounts = [word for path in ("/usr", "/lib", "/lib64") if os.path.exists(path)
              for word in ("-v", f"{path}:{path}:ro")]

    def run(*options, view="containers"):
        return docker.run("run", "--rm", "--network", "none", *capabilities(), *UNCONFINED, *mounts, "-v",
                          f"{os.path.dirname(tracetop)}:/tt:ro", *options, "lib:latest", "/tt/tracetop", "show",
                          view, "--duration", "0.5", "--format", "json", check=False)
    return run


@pytest.fixture(scope="module")
def seen(docker):
    """A container that is to be seen from within the other."""
    yield docker.begin(own("seen"), "--memory", "64m"), own("seen")
    docker.remove(own("seen"))


def rows_of(done):
    assert not done.returncode, done.stderr
    return [row for line in done.stdout.splitlines() for row in tt.json.loads(line)["rows"]]


@pytest.mark.parametrize("namespace", ["host", "private"])
@pytest.mark.parametrize("root", [(), ("-v", "/:/host:ro")], ids=["alone", "host-root"])
def test_among_the_processes_of_the_machine(shown_inside, seen, namespace, root):
    """Names are there in any case, from files as daemons see them; usage where cgroups are to be seen."""
    _, name = seen
    done = shown_inside("--pid", "host", "--cgroupns", namespace, *root)
    found = [row for row in rows_of(done) if row["container.name"] == name]
    assert len(found) == 1 and found[0]["container.image"] == "bb:latest"
    assert found[0]["container.runtime"] == "docker"
    looks = bool(root) or can_look_into_1()
    assert (found[0]["container.memory_limit"] == 64 << 20) == looks
    assert ("-v /:/host" in done.stderr) != looks, done.stderr


def can_look_into_1():
    try:
        return bool(os.readlink("/proc/1/ns/mnt"))
    except OSError:
        return False


def test_alone_with_its_own_processes(shown_inside, seen):
    """It says what is missing, and how to have it."""
    _, name = seen
    done = shown_inside()
    assert not done.returncode
    assert name not in done.stdout
    assert "pid namespace" in done.stderr and "--pid=host" in done.stderr


# What Docker mounts read-only is made writable, so that a daemon in a container can start others.
DAEMON = ("for i in /sys/fs/cgroup/*; do /bin/busybox mount -o remount,bind,rw $i; done; exec dockerd "
          "--iptables=false --ip6tables=false --bridge=none --storage-driver=vfs -H unix:///t/inner.sock")


def test_docker_in_docker(folder, docker, tracetop):
    """The inner one has its name from the files of the inner daemon, and its processes are its own."""
    for path in ("usr", "lib", "lib64", "tmp", "run", "var/lib"):
        os.makedirs(f"{folder}/R/{path}", exist_ok=True)
    tt.run(["tar", "-C", folder + "/R", "-cf", folder + "/bb.tar", "."])
    docker("import", folder + "/bb.tar", "outer:latest")
    mounts = [word for path in ("/usr", "/lib", "/lib64") if os.path.exists(path)
              for word in ("-v", f"{path}:{path}:ro")]
    docker("run", "-d", "--name", own("outer"), "--network", "none", *capabilities(), *UNCONFINED, *mounts, "-v",
           folder + ":/t", "-e", "PATH=/usr/sbin:/usr/bin:/usr/local/bin", "outer:latest", runtimes.BUSYBOX, "sh",
           "-c", DAEMON)

    def inner(*words, **kwargs):
        return tt.run(["docker", "-H", f"unix://{folder}/inner.sock", *words], **kwargs)
    try:
        tt.wait_until(lambda: not inner("ps", check=False).returncode, 30, "the inner daemon")
        inner("import", folder + "/bb.tar", "bb:latest")
        inner("run", "-d", "--name", own("inner"), "--network", "none", "bb:latest", *runtimes.SLEEP)
        found = {row["container.name"]: row for row in runtimes.rows(tracetop, "containers")}
        assert found[own("inner")]["container.image"] == "bb:latest"
        assert found[own("inner")]["container.processes"] == 1
        pids = {row["proc.name"] for row in runtimes.rows(tracetop, "processes", "-c", own("outer"))}
        assert "dockerd" in pids and "busybox" not in pids
    finally:
        docker.remove(own("outer"))
