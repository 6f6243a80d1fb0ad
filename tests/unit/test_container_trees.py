# SPDX-License-Identifier: GPL-2.0-or-later
"""Which containers there are, and what they are called: each runtime and driver, on trees that are made.

Drivers that this machine has not (systemd, version 2 alone), CRI-O, machined: their paths and files
are as their sources write them.
"""
import os

import pytest
from container_trees import CONTAINERD, HOST_PIDNS, Tree, container_id

WEB, DB, POD = container_id("web"), container_id("db"), container_id("pod")
POD_UID = "1f0c1f3e-0a4b-4d0e-9d5c-3a7a2a1d0001"
STATIC_UID = "0123456789abcdef0123456789abcdef"  # of a pod that a file on the node describes
USER = "/user.slice/user-1000.slice/user@1000.service"
NAMES = ("name", "runtime", "id", "image")
PODS = ("name", "runtime", "pod", "namespace", "uid", "sandbox")


def pod_slice(qos, uid=POD_UID):
    """Of a pod with the systemd driver; qos is "" where it is guaranteed."""
    between = qos + "-" if qos else ""
    above = f"/kubepods-{qos}.slice" if qos else ""
    return f"/kubepods.slice{above}/kubepods-{between}pod{uid.replace('-', '_')}.slice"


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "tree")


# --- Docker ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [f"/docker/{WEB}", f"/shop/{WEB}", f"/system.slice/docker-{WEB}.scope",
                                  f"{USER}/user.slice/docker-{WEB}.scope"])
def test_docker(tree, build, path):
    """With both drivers, a parent that was asked for, and without root."""
    shim = tree.shim("moby", WEB)
    first = tree.inside("redis-server", path, parent=shim)
    second = tree.process("sh", cgroup=path + "/sub", parent=shim, spaces=(4026549000, 4026549001), inner=7)
    tree.docker(WEB, "web1", "redis:7", {"app": "shop", "empty": ""})
    table = tree.table(build)
    assert table.rows(*NAMES) == [("web1", "docker", WEB, "redis:7")]
    row = table.only()
    assert (row["pid1"], row["state"], row["restarts"]) == (first, "running", 2)
    assert row["labels"] == {"app": "shop", "empty": ""}
    assert [table.container_of(pid) for pid in (first, second, shim, 1)] == ["web1", "web1", None, None]


def test_docker_that_keeps_its_data_elsewhere(tree, build):
    """dockerd says where: without root, in a snap, or as it was told."""
    data = os.path.join(os.fsdecode(tree.root), "home/me/.local/share/docker")
    tree.process("dockerd", "--rootless", f"--data-root={data}", cgroup=USER + "/docker.service")
    tree.inside("sleep", f"{USER}/user.slice/docker-{WEB}.scope")
    tree.docker(WEB, "web1", "redis:7", data="home/me/.local/share/docker")
    assert tree.table(build).rows(*NAMES) == [("web1", "docker", WEB, "redis:7")]


def test_docker_with_the_machines_pids(tree, build):
    """--pid=host: its mount namespace is its own, and so is its cgroup."""
    path = f"/system.slice/docker-{WEB}.scope"
    pid = tree.process("agent", cgroup=path, spaces=(HOST_PIDNS, 4026549001))
    tree.docker(WEB, "agent", "agent:1")
    table = tree.table(build)
    assert table.container_of(pid) == "agent" and table.container_of(1) is None
    assert (table.only()["pidns"], table.only()["mntns"]) == (0, 4026549001)


def test_docker_states(tree, build):
    tree.inside("sleep", f"/docker/{WEB}")
    tree.docker(WEB, "web1", "redis:7", Paused=True)
    tree.inside("sleep", f"/docker/{DB}")
    tree.docker(DB, "db", "pg:15")
    tree.file(f"lib/docker/containers/{DB}/hostconfig.json", {"Privileged": True})
    assert tree.table(build).rows("name", "state", "privileged") == [
        ("db", "running", True), ("web1", "paused", False)]


def test_a_container_that_nobody_names(tree, build):
    """Its id is known all the same."""
    pid = tree.inside("sleep", f"/system.slice/docker-{WEB}.scope")
    table = tree.table(build)
    assert table.rows(*NAMES) == [("", "docker", WEB, "")]
    assert table.only()["pid1"] == pid


# --- Podman ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, conmon, below", [
    (f"/libpod_parent/libpod-{WEB}", "/libpod_parent/conmon", ""),
    (f"/libpod_parent/{POD}/libpod-{WEB}", "/libpod_parent/conmon", ""),
    (f"/machine.slice/libpod-{WEB}.scope", f"/machine.slice/libpod-conmon-{WEB}.scope", "/container"),
    (f"/machine.slice/machine-libpod_pod_{POD}.slice/libpod-{WEB}.scope",
     f"/machine.slice/libpod-conmon-{WEB}.scope", "/container"),
    (f"/system.slice/web.service/libpod-payload-{WEB}", "/system.slice/web.service/runtime", ""),
])
def test_podman(tree, build, path, conmon, below):
    """With both drivers, in a pod or not, as a unit of its own (quadlet); crun runs it one below."""
    monitor = tree.conmon(WEB, "before", conmon, storage=os.path.join(os.fsdecode(tree.root), "lib/containers/storage"))
    first = tree.inside("redis-server", path + below, parent=monitor)
    tree.podman((DB, "db", "pg:15"), (WEB, "web4", "redis:7"))
    table = tree.table(build)
    assert table.rows(*NAMES) == [("web4", "podman", WEB, "redis:7")]
    assert table.only()["pid1"] == first
    assert (table.container_of(first), table.container_of(monitor)) == ("web4", None)
    if conmon.endswith(".scope"):
        assert table.helper(conmon) == ("podman", WEB)


@pytest.mark.parametrize("path", [f"{USER}/user.slice/libpod-{WEB}.scope/container",
                                  f"{USER}/user.slice/user-libpod_pod_{POD}.slice/libpod-{WEB}.scope/container"])
def test_podman_without_root(tree, build, path):
    """Its storage is in a home: conmon says where."""
    storage = os.path.join(os.fsdecode(tree.root), "home/me/.local/share/containers/storage")
    monitor = tree.conmon(WEB, "before", f"{USER}/user.slice/libpod-conmon-{WEB}.scope", storage=storage)
    tree.inside("redis-server", path, parent=monitor)
    tree.podman((WEB, "web5", "redis:7"), storage="home/me/.local/share/containers/storage")
    assert tree.table(build).rows(*NAMES) == [("web5", "podman", WEB, "redis:7")]


def test_podman_without_a_cgroup(tree, build):
    """Without root on version 1: the process that looks after it is all that tells."""
    monitor = tree.conmon(WEB, "web6", "/", storage="/nowhere")
    first = tree.inside("sleep", "/", parent=monitor, root=os.fsdecode(tree.root))
    other = tree.process("sh", parent=first, spaces=(4026540000 + 2 * first, 4026540001 + 2 * first), inner=2)
    table = tree.table(build)
    assert table.rows("name", "runtime", "id") == [("web6", "podman", WEB)]
    assert [table.container_of(pid) for pid in (first, other, monitor)] == ["web6", "web6", None]


# --- containerd, Kubernetes -----------------------------------------------------------------------

def test_ctr(tree, build):
    """Any text is an id: a state that goes with it makes it one."""
    tree.bundle(f"run/{CONTAINERD}/default/job1", {"team": "a"})
    shim = tree.shim("default", "job1")
    first = tree.inside("sleep", "/default/job1", parent=shim)
    tree.process("sleep", cgroup="/default/job2")
    table = tree.table(build)
    assert table.rows(*NAMES) == [("job1", "containerd", "job1", "")]
    assert table.only()["labels"] == {"team": "a"}
    assert table.container_of(first) == "job1"


@pytest.mark.parametrize("path", [f"/default/{WEB}", f"/system.slice/nerdctl-{WEB}.scope",
                                  f"{USER}/user.slice/nerdctl-{WEB}.scope"])
def test_nerdctl(tree, build, path):
    tree.bundle(f"run/{CONTAINERD}/default/{WEB}", {"nerdctl/name": "web7", "nerdctl/namespace": "default"})
    tree.inside("sleep", path, parent=tree.shim("default", WEB))
    assert tree.table(build).rows("name", "runtime", "id") == [("web7", "nerdctl", WEB)]


@pytest.mark.parametrize("slice_of, uid", [
    (lambda ident: f"/kubepods/burstable/pod{POD_UID}/{ident}", POD_UID),
    (lambda ident: f"/kubepods/pod{POD_UID}/{ident}", POD_UID),
    (lambda ident: f"/kubepods/besteffort/pod{STATIC_UID}/{ident}", STATIC_UID),
    (lambda ident: f"{pod_slice('burstable')}/cri-containerd-{ident}.scope", POD_UID),
    (lambda ident: f"{pod_slice('')}/cri-containerd-{ident}.scope", POD_UID),
    (lambda ident: f"{pod_slice('besteffort', STATIC_UID)}/cri-containerd-{ident}.scope", STATIC_UID),
    (lambda ident: f"/system.slice/containerd.service/kubepods-burstable-pod{POD_UID.replace('-', '_')}.slice"
                   f":cri-containerd:{ident}", POD_UID),
], ids=["cgroupfs", "guaranteed", "static", "systemd", "systemd-guaranteed", "systemd-static", "mismatch"])
def test_kubernetes_on_containerd(tree, build, slice_of, uid):
    """A pod has one shim, which stands in the bundle of the sandbox."""
    shim = tree.shim("k8s.io", container_id("shop-7d9f-sandbox"))
    tree.pod_of_containerd(slice_of, "web", "docker.io/library/redis:7", uid, parent=shim)
    table = tree.table(build)
    assert table.rows(*PODS) == [("", "containerd", "shop-7d9f", "prod", uid, True),
                                 ("web", "containerd", "shop-7d9f", "prod", uid, False)]
    assert table.named("web")["image"] == "docker.io/library/redis:7"
    assert table.container_of(shim) is None


def test_k3s(tree, build):
    """Its containerd has its state elsewhere; a pod whose name is another's, in another namespace."""
    state = "run/k3s/containerd/io.containerd.runtime.v2.task"
    tree.pod_of_containerd(lambda ident: f"/kubepods/burstable/pod{POD_UID}/{ident}", "web", "redis:7", POD_UID,
                           state=state)
    assert [row["pod"] for row in tree.table(build).containers.values()] == ["shop-7d9f", "shop-7d9f"]


@pytest.mark.parametrize("scope, conmon", [
    (f"/kubepods/burstable/pod{POD_UID}/crio-{WEB}", f"/kubepods/burstable/pod{POD_UID}/crio-conmon-{WEB}"),
    (f"{pod_slice('burstable')}/crio-{WEB}.scope", f"{pod_slice('burstable')}/crio-conmon-{WEB}.scope"),
    (f"{pod_slice('')}/crio-{WEB}.scope/container", f"{pod_slice('')}/crio-conmon-{WEB}.scope"),
])
def test_kubernetes_on_crio(tree, build, scope, conmon):
    tree.crio(WEB, image="quay.io/redis:7", container_name="web", pod_name="shop", pod_namespace="prod",
              pod_uid=POD_UID)
    monitor = tree.process("conmon", "-c", WEB, "-n", "k8s_web_shop", cgroup=conmon)
    first = tree.inside("redis-server", scope, parent=monitor)
    table = tree.table(build)
    assert table.rows(*NAMES) == [("web", "cri-o", WEB, "quay.io/redis:7")]
    assert table.rows(*PODS)[0][2:] == ("shop", "prod", POD_UID, False)
    assert table.only()["pid1"] == first
    assert table.container_of(monitor) is None
    assert table.helper(conmon) == ("cri-o", WEB)


def test_crio_without_a_pod(tree, build):
    """And a sandbox, whose process does nothing."""
    tree.crio(WEB, "sandbox", pod_name="shop", pod_namespace="prod")
    tree.inside("pause", f"/crio/crio-{WEB}")
    assert tree.table(build).rows("runtime", "pod", "namespace", "sandbox") == [("cri-o", "shop", "prod", True)]


@pytest.mark.parametrize("path", [f"/kubepods/burstable/pod{POD_UID}/{WEB}",
                                  f"{pod_slice('burstable')}/docker-{WEB}.scope"])
def test_kubernetes_on_docker(tree, build, path):
    """cri-dockerd writes labels."""
    tree.docker(WEB, "k8s_web_shop_prod_0", "redis:7", {
        "io.kubernetes.container.name": "web", "io.kubernetes.pod.name": "shop",
        "io.kubernetes.pod.namespace": "prod", "io.kubernetes.docker.type": "container"})
    tree.inside("redis-server", path)
    assert tree.table(build).rows(*PODS) == [("web", "docker", "shop", "prod", POD_UID, False)]


def test_kind(tree, build):
    """A node that is a container: what runs in it is told by its own shim, in its own mount namespace."""
    node = f"/docker/{DB}"
    tree.docker(DB, "kind-control-plane", "kindest/node:v1")
    first = tree.inside("systemd", node + "/init.scope")
    shim = tree.shim("k8s.io", container_id("shop-7d9f-sandbox"), cgroup=node + "/kubelet.slice/containerd.service",
                     state="inner/io.containerd.runtime.v2.task")
    tree.pod_of_containerd(lambda ident: f"{node}/kubelet/kubepods/burstable/pod{POD_UID}/{ident}", "web", "redis:7",
                           POD_UID, parent=shim, between=(77,), state="inner/io.containerd.runtime.v2.task")
    table = tree.table(build)
    assert table.rows("name", "pod", "runtime") == [
        ("", "shop-7d9f", "containerd"), ("kind-control-plane", "", "docker"), ("web", "shop-7d9f", "containerd")]
    assert table.container_of(shim) == table.container_of(first) == "kind-control-plane"
    assert table.named("kind-control-plane")["pid1"] == first
    assert table.container_of(table.named("web")["pid1"]) == "web"


# --- system containers ----------------------------------------------------------------------------

@pytest.mark.parametrize("path, name", [
    ("/lxc.payload.web", "web"), ("/lxc.payload.shop_web", "shop_web"), ("/lxc/web", "web"),
    ("/lxc.payload/web", "web"), ("/lxc/101/ns", "101")])
def test_lxc(tree, build, path, name):
    """LXC before and after 4, a project of LXD or Incus, Proxmox; systemd runs in them."""
    monitor = tree.process("lxc-start", cgroup=f"/lxc.monitor.{name}")
    first = tree.inside("systemd", path + "/init.scope", parent=monitor)
    below = tree.process("sshd", cgroup=path + "/system.slice/ssh.service", parent=first,
                         spaces=(4026540000 + 2 * first, 4026540001 + 2 * first), inner=30)
    table = tree.table(build)
    assert table.rows("name", "runtime", "id", "pid1") == [(name, "lxc", name, first)]
    assert [table.container_of(pid) for pid in (first, below, monitor)] == [name, name, None]
    assert table.helper(f"/lxc.monitor.{name}") == ("lxc", name)


@pytest.mark.parametrize("unit, runtime, name", [
    ("machine-web.scope", "nspawn", "web"), ("machine-my\\x2dweb.scope", "nspawn", "my-web"),
    ("systemd-nspawn@my\\x2dweb.service", "nspawn", "my-web"),
    ("machine-lxc\\x2d4711\\x2dmy\\x2dweb.scope", "lxc", "my-web")])
def test_machines(tree, build, unit, runtime, name):
    """machined's, with what looks after it beside it; libvirt's."""
    supervisor = tree.process("systemd-nspawn", "-M", name, cgroup=f"/machine.slice/{unit}/supervisor")
    first = tree.inside("systemd", f"/machine.slice/{unit}/payload/init.scope", parent=supervisor)
    table = tree.table(build)
    assert table.rows("name", "runtime", "pid1") == [(name, runtime, first)]
    assert table.container_of(first) == name
    assert table.container_of(supervisor) is None
    assert table.helper(f"/machine.slice/{unit}/supervisor")[0] == "nspawn"


def test_nspawn_without_machined(tree, build):
    """Its cgroup says nothing, its process does."""
    supervisor = tree.process("systemd-nspawn", "-M", "web", "-D", "/srv/web", cgroup="/supervisor")
    first = tree.inside("sh", "/payload", parent=supervisor)
    table = tree.table(build)
    assert table.rows("name", "runtime") == [("web", "nspawn")]
    assert [table.container_of(pid) for pid in (first, supervisor)] == ["web", None]


# --- runc, and others -----------------------------------------------------------------------------

@pytest.mark.parametrize("state", ["run/runc/job1/state.json", "run/crun/job1/status"])
def test_runc_by_hand(tree, build, state):
    tree.file(state, {"id": "job1", "init_process_pid": 4711})
    tree.inside("sleep", "/job1")
    assert tree.table(build).rows("name", "runtime", "id") == [("job1", "runc", "job1")]


def test_runc_with_systemd(tree, build):
    tree.file(f"run/runc/{WEB}/state.json", {"id": WEB})
    tree.inside("sleep", f"/user.slice/runc-{WEB}.scope")
    assert tree.table(build).rows("name", "runtime", "id") == [(WEB, "runc", WEB)]


def test_ecs(tree, build):
    """On a machine of its own and on Fargate."""
    fargate = "0123456789abcdef0123456789abcdef-1234567890"
    tree.docker(WEB, "ecs-task-web", "redis:7")
    tree.inside("redis-server", f"/ecs/0123456789abcdef0123456789abcdef/{WEB}")
    tree.inside("app", f"/ecs/0123456789abcdef0123456789abcdef/{fargate}")
    assert tree.table(build).rows("name", "runtime", "id") == [
        ("", "ecs", fargate), ("ecs-task-web", "docker", WEB)]


def test_what_no_runtime_tells_of(tree, build):
    """Namespaces and a root of its own make a container; namespaces alone do not."""
    own = tree.inside("init", "/", root=os.fsdecode(tree.root))
    unshared = tree.inside("sh", "/user.slice/user-0.slice/session-1.scope")
    table = tree.table(build)
    space = f"ns:{4026540000 + 2 * own}"
    assert table.rows("name", "id", "pid1") == [(space, space, own)]
    assert table.container_of(unshared) is None


# --- what is none ---------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [
    "/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-1234.scope",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.gimp.GIMP-4711.scope",
    "/system.slice/systemd-resolved.service", "/user.slice/user-0.slice/session-1.scope", "/init.scope",
    "/user.slice/user-1000.slice/user@1000.service/init.scope", "/system.slice/docker.service",
    "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "/supervised/0123456789abcdef0123456789abcdef",
    "/kubepods/burstable", "/system.slice/libpod-notanid.scope"])
def test_what_is_no_container(tree, build, path):
    """With mount and pid namespaces of their own, as browsers, PrivateTmp= and flatpak make them."""
    pid = tree.process("app", cgroup=path, spaces=(4026549000, 4026549001), inner=2)
    plain = tree.process("plain", cgroup=path)
    table = tree.table(build)
    assert not table.containers
    assert table.container_of(pid) is None and table.container_of(plain) is None


# --- more than one of it --------------------------------------------------------------------------

def test_hybrid_machines_have_each_once(tree, build):
    """The same container in version 2 and in version 1 is one, and version 2 says where it is."""
    tree.docker(WEB, "web1", "redis:7")
    tree.inside("redis-server", f"/docker/{WEB}")
    for hierarchies in ((0, 8), (8, 0), (8,)):
        table = tree.table(build, *hierarchies)
        assert table.rows("name", "hierarchy") == [("web1", 0 if 0 in hierarchies else 8)]


def test_all_at_once(tree, build):
    """Each finds its own."""
    tree.docker(WEB, "web1", "redis:7")
    tree.inside("redis-server", f"/system.slice/docker-{WEB}.scope")
    tree.podman((DB, "db", "pg:15"))
    tree.inside("postgres", f"/machine.slice/libpod-{DB}.scope/container")
    tree.pod_of_containerd(lambda ident: f"{pod_slice('')}/cri-containerd-{ident}.scope", "web", "redis:7", POD_UID)
    tree.inside("systemd", "/lxc.payload.box/init.scope")
    tree.bundle(f"run/{CONTAINERD}/default/job1")
    tree.inside("sleep", "/default/job1")
    assert tree.table(build).rows("name", "runtime") == [
        ("", "containerd"), ("box", "lxc"), ("db", "podman"), ("job1", "containerd"), ("web", "containerd"),
        ("web1", "docker")]


def test_it_says_when_it_cannot_tell(tree, build):
    """From a cgroup namespace below, paths begin with what is above."""
    tree.file("proc/1/cgroup", "0::/../docker/x\n")
    assert "cgroup namespace" in tree.table(build).trouble


# --- hostile names --------------------------------------------------------------------------------

def test_hostile_names(tree, build):
    """Bytes are kept as they are, within bounds: whoever shows them makes them harmless."""
    esc, broken = "a\x1b]0;x\x07\nb\x9b", "\udcff\udcc0"
    tree.inside("sh", f"/lxc.payload.{esc}{broken}")
    tree.docker(WEB, "web\x1b[2J\n" + 4000 * "n", 4000 * "i", {"big": 4096 * "x", "ok": "\x1b[31m", "n\nl": "1"})
    tree.inside("sh", f"/docker/{WEB}")
    tree.file(f"lib/docker/containers/{DB}/config.v2.json",
              b'{"Name": "/d\xff\xfeb", "Config": {"Image": "\xc0\x80", "Labels": {"a": "\x9b\xff"}}}')
    tree.inside("sh", f"/docker/{DB}")
    table = tree.table(build)
    assert len(table.containers) == 3
    by_id = {row["id"]: row for row in table.containers.values()}
    lxc = (esc + broken).encode(errors="surrogateescape").decode("latin-1")
    assert by_id[lxc]["name"] == lxc
    assert by_id[WEB]["name"].startswith("web\x1b[2J\nnnn") and len(by_id[WEB]["name"]) == 256
    assert len(by_id[WEB]["image"]) == 512
    assert by_id[WEB]["labels"] == {"ok": "\x1b[31m", "n\nl": "1"}
    assert by_id[DB]["name"] in ("", "d\xff\xfeb")


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"\0" * 4096, b"[" * 100000, b'{"Name": "/x"' + b" " * (1 << 20),
    b'{"Name": {"Name": "/x"}, "Config": "\xff"}',
], ids=["empty", "cut", "list", "nul", "deep", "long", "types"])
def test_files_that_are_broken(tree, build, content):
    """There is a container all the same; what is told of it comes from elsewhere, or not at all."""
    for path in (f"lib/docker/containers/{WEB}/config.v2.json", f"run/{CONTAINERD}/moby/{WEB}/config.json",
                 "lib/containers/storage/overlay-containers/containers.json", f"run/runc/{WEB}/state.json"):
        tree.file(path, content)
    tree.inside("sh", f"/custom/{WEB}")
    row = tree.table(build).only()
    assert row["id"] == WEB and row["name"] in ("", WEB)


def test_links_and_pipes_are_not_followed(tree, build):
    """Nothing is waited for, and what a link points to is not read."""
    tree.file("secret.json", b'{"Name": "/stolen"}')
    tree.link(f"lib/docker/containers/{WEB}/config.v2.json", os.path.join(os.fsdecode(tree.root), "secret.json"))
    tree.inside("sh", f"/docker/{WEB}")
    os.mkfifo(tree.place(f"lib/docker/containers/{DB}/config.v2.json"))
    tree.inside("sh", f"/docker/{DB}")
    assert tree.table(build).rows("name", "runtime") == [("", "docker"), ("", "docker")]
