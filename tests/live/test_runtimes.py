# SPDX-License-Identifier: GPL-2.0-or-later
"""Runtimes without a daemon that would be asked: runc, LXC, nspawn, ctr, and namespaces alone."""
import json
import os
import shutil
import subprocess

import pytest
import runtimes
import tt
from runtimes import BUSYBOX, SLEEP, named, own, processes, rows

EVIL = "e\x1b[31mvil\x1b]2;x\x07"  # a colour and a title for a terminal that lets itself be told


@pytest.fixture
def bundle(folder):
    """What runc runs."""
    path = folder + "/bundle"
    os.makedirs(path)
    tt.run(["runc", "spec"], cwd=path)
    with open(path + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config["root"] = {"path": folder + "/R", "readonly": False}
    config["process"].pop("rlimits", None)
    config["process"].update(terminal=False, args=list(SLEEP))
    with open(path + "/config.json", "w", encoding="utf-8") as file:
        json.dump(config, file)
    return path


def test_plain_runc(tracetop, bundle):
    """Its id is any text: /run/runc says that it is one."""
    name = own("tt")
    tt.run(["sh", "-c", f"runc run -d -b {bundle} {name} </dev/null >/dev/null 2>&1"])
    try:
        state = json.loads(tt.run(["runc", "state", name]).stdout)
        assert named(tracetop, state["pid"]) == [name]
    finally:
        tt.run(["runc", "delete", "-f", name])


def test_unknown_namespaces(tracetop, folder):
    """A pid and a mount namespace and a root of its own make a container; without the root, none."""
    script = f"echo $$; exec chroot {folder}/R {BUSYBOX} sleep 1000"
    alone = subprocess.Popen(["unshare", "-fpm", "--kill-child", "sh", "-c", script],
                             stdout=subprocess.PIPE, text=True)
    bare = subprocess.Popen(["unshare", "-fpm", "--kill-child", "sleep", "1000"])
    try:
        alone.stdout.readline()
        child = {process: tt.wait_until(lambda process=process: open(
            f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8").read().split())[0]
            for process in (alone, bare)}
        tt.wait_until(lambda: os.readlink(f"/proc/{child[alone]}/root") != "/")
        inode = os.stat(f"/proc/{child[alone]}/ns/pid").st_ino
        assert named(tracetop, child[alone]) == [f"ns:{inode}"]
        assert not named(tracetop, child[bare])
    finally:
        for process in (alone, bare):
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["ttl", EVIL])
def test_lxc(tracetop, folder, name):
    """A name of its may hold what a terminal would obey: it is shown, and does nothing."""
    if not shutil.which("lxc-start"):
        pytest.skip("no lxc-start: apt install lxc")
    name = own(name)
    for path in ("R/proc", "R/sys", "R/dev", f"lxc/{name}"):
        os.makedirs(f"{folder}/{path}", exist_ok=True)
    with open(f"{folder}/lxc/{name}/config", "w", encoding="utf-8") as file:
        file.write(f"lxc.uts.name = ttl\nlxc.rootfs.path = dir:{folder}/R\n"
                   "lxc.net.0.type = empty\nlxc.apparmor.profile = unconfined\n"
                   f"lxc.init.cmd = {BUSYBOX} sleep 1000\n")
    tt.run(["lxc-start", "-P", folder + "/lxc", "-n", name, "-d"])
    try:
        pid = tt.run(["lxc-info", "-P", folder + "/lxc", "-n", name, "-pH"]).stdout
        assert named(tracetop, pid) == [name]
        text = tt.run([tracetop, "show", "containers", "--duration", "0.4"]).stdout
        assert name.replace("\x1b", "\\x1b").replace("\x07", "\\x07")[:16] in text
        assert not set("\x1b\x07") & set(text)
    finally:
        tt.run(["lxc-stop", "-k", "-P", folder + "/lxc", "-n", name])


def test_nspawn(tracetop, folder):
    """Without systemd its cgroup says /payload and no more; the name is on its command line."""
    if not shutil.which("systemd-nspawn"):
        pytest.skip("no systemd-nspawn: apt install systemd-container")
    shutil.copytree(folder + "/R/bin", folder + "/N/bin")
    for path in ("etc", "usr"):
        os.makedirs(f"{folder}/N/{path}")
    with open(folder + "/N/etc/os-release", "w", encoding="utf-8") as file:
        file.write("ID=x\n")
    name = f"ttn{os.getpid()}"
    with open(folder + "/nspawn.log", "w", encoding="utf-8") as log:
        outer = subprocess.Popen(["systemd-nspawn", "--register=no", "--keep-unit", "-M", name, "-D",
                                  folder + "/N", *SLEEP], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        tt.wait_until(lambda: name in {row["container.name"] for row in processes(tracetop)}, 20, name)
    finally:
        outer.terminate()
        outer.wait(20)


def test_ctr_with_names_of_kubernetes(tracetop, containerd, folder):
    """What the CRI plugin writes into a bundle, by hand; containerd's state is where its shim stands."""
    name = own("ttc")
    annotations = {"container-name": "web", "sandbox-name": "shop", "sandbox-namespace": own("prod")}
    containerd("run", "-d", *[word for key, value in annotations.items()
                              for word in ("--annotation", f"io.kubernetes.cri.{key}={value}")],
               "--rootfs", folder + "/R", name, *SLEEP)
    pid = containerd("task", "ls").split("\n")[1].split()[1]
    assert named(tracetop, pid) == ["web"]
    inside = rows(tracetop, "processes", "-f", f"k8s.ns.name = {own('prod')}")
    assert [row["proc.pid"] for row in inside] == [int(pid)]
