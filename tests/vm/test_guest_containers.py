# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers where all controllers are version 2's and systemd's names are on cgroups: in the guests."""
import json
import re
import shlex

import pytest
from guest_containers import BURN, REST, Runc, container_id

UID = "1f0c1f3e-0a4b-4d0e-9d5c-3a7a2a1d0001"
POD = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID.replace('-', '_')}.slice"
WEB1, WEB, PAUSE, API, DB = map(container_id, ("web1", "web", "pause", "api", "db"))
PATHS = {"web1": f"/system.slice/docker-{WEB1}.scope", "web": f"{POD}/cri-containerd-{WEB}.scope",
         "api": f"{POD}/crio-{API}.scope", "db": f"/machine.slice/libpod-{DB}.scope", "job1": "/job1"}
CPU_PERCENT = 30
MB = 1 << 20
CGROUPS = "/sys/fs/cgroup"
WRITER = ["/bin/busybox", "sh", "-c", "while /bin/busybox dd if=/dev/zero of=/dev/ram0 bs=64k count=8 oflag=direct; "
          "do /bin/busybox usleep 200000; done 2>/dev/null"]


def show(guest, view, *options, before=""):
    done = guest.run(before + shlex.join(["tracetop", "show", view, "--format", "json", *map(str, options)]))
    return json.loads(done.stdout.splitlines()[-1])


def number(guest, cgroup, file, name=""):
    """A number of a cgroup's file."""
    text = guest.run(f"cat {CGROUPS}{cgroup}/{file}").stdout
    return int(re.search(rf"{name}\s*(\d+)", text).group(1))


def kubernetes(prefix, **values):
    return {prefix + key.replace("_", "-"): value for key, value in values.items()}


class Machine:
    """A guest with a container of each engine; pids: their first processes by name."""

    def __init__(self, guest):
        self.guest = guest
        self.runc = Runc(guest)
        pod = {"sandbox_name": "shop-7d9f", "sandbox_namespace": "prod", "sandbox_uid": UID}
        self.runc.docker(WEB1, "web1", "redis:7")
        self.runc.containerd(WEB, kubernetes("io.kubernetes.cri.", container_name="web", image_name="nginx:1",
                                             container_type="container", **pod))
        self.runc.containerd(PAUSE, kubernetes("io.kubernetes.cri.", container_type="sandbox", **pod))
        self.runc.crio(API, {"io.kubernetes.container.name": "api", "io.kubernetes.pod.name": "api-0",
                             "io.kubernetes.pod.namespace": "stage", "io.kubernetes.cri-o.ImageName": "api:2"})
        self.runc.podman(DB, "db", "pg:15")
        self.pids = {
            "web1": self.runc.start(WEB1, PATHS["web1"], BURN, cpu={"quota": CPU_PERCENT * 1000, "period": 100000},
                                    memory={"limit": 64 * MB}, pids={"limit": 50}),
            "web": self.runc.start(WEB, PATHS["web"], REST),
            "pause": self.runc.start(PAUSE, f"{POD}/cri-containerd-{PAUSE}.scope", REST),
            "api": self.runc.start(API, PATHS["api"], REST, user=1005),
            "db": self.runc.start(DB, PATHS["db"] + "/container", WRITER),
            "job1": self.runc.start("job1", PATHS["job1"], REST),
        }
        guest.run(f"echo {128 * MB} >{CGROUPS}{POD}/memory.max; echo {96 * MB} >{CGROUPS}{PATHS['db']}/memory.max; "
                  f"mkdir {CGROUPS}{POD}/crio-conmon-{API}.scope")
        self.monitor = int(guest.run(
            f"sleep 600 & echo $! >{CGROUPS}{POD}/crio-conmon-{API}.scope/cgroup.procs; echo $!").stdout)

    def end(self):
        self.guest.run(f"kill {self.monitor}")
        self.runc.end()


@pytest.fixture(scope="module")
def machine(guest):
    made = Machine(guest)
    yield made
    made.end()


@pytest.fixture(scope="module")
def containers(machine):
    """What is shown of them, beside what the kernel says of the same time."""
    def look():
        return {name: (number(machine.guest, PATHS[name], "cpu.stat", "usage_usec"),
                       float(machine.guest.run("cat /proc/uptime").stdout.split()[0])) for name in ("web1", "db")}

    before = look()
    shown = show(machine.guest, "containers", "--duration", 4)
    after = look()
    kernel = {name: (after[name][0] - before[name][0]) / (after[name][1] - before[name][1]) / 1e4 for name in before}
    return {row["container.name"]: row for row in shown["rows"]}, kernel


def test_it_is_version_2_alone(guest):
    kinds = {line.split()[2] for line in guest.run("cat /proc/self/mounts").stdout.splitlines()}
    assert "cgroup2" in kinds and "cgroup" not in kinds
    assert {"cpu", "io", "memory", "pids"} <= set(guest.run(f"cat {CGROUPS}/cgroup.controllers").stdout.split())


def test_containers_of_each_engine(machine, containers):
    """The sandbox is none that runs anything, and who looks after one is not in it."""
    rows = {(row["container.name"], row["container.runtime"], row["container.image"], row["container.state"])
            for row in containers[0].values()}
    assert rows == {("web1", "docker", "redis:7", "running"), ("web", "containerd", "nginx:1", "running"),
                    ("api", "cri-o", "api:2", "running"), ("db", "podman", "pg:15", "running"),
                    ("job1", "runc", None, "running")}
    processes = show(machine.guest, "processes", "--duration", 1)["rows"]
    names = {row["proc.pid"]: row["container.name"] for row in processes}
    for name, pid in machine.pids.items():
        assert names[pid] == (PAUSE[:12] if name == "pause" else name)
    assert names[machine.monitor] is None and names[1] is None


def test_cpu_and_what_holds_it_back(containers):
    rows, kernel = containers
    web1 = rows["web1"]
    assert web1["container.cpu"] == pytest.approx(CPU_PERCENT, abs=6)
    assert web1["container.cpu"] == pytest.approx(kernel["web1"], abs=8)  # with tracetop's own start and end
    assert web1["container.cpu_throttled"] > 50
    assert web1["container.psi_cpu"] > 0
    for name in ("web", "api", "job1"):
        assert rows[name]["container.cpu"] < 1 and not rows[name]["container.cpu_throttled"]


def test_memory_and_the_smallest_limit(machine, containers):
    """A limit of the pod's slice is one of its containers."""
    rows, _ = containers
    limits = {name: row["container.memory_limit"] for name, row in rows.items()}
    assert limits == {"web1": 64 * MB, "web": 128 * MB, "api": 128 * MB, "db": 96 * MB, "job1": None}
    for name in ("web1", "web"):
        used = number(machine.guest, PATHS[name], "memory.current")
        inactive = number(machine.guest, PATHS[name], "memory.stat", "inactive_file")
        assert rows[name]["container.memory"] == pytest.approx(used - inactive, rel=0.1, abs=128 << 10)


def test_what_is_written(machine, containers):
    assert containers[0]["db"]["container.io_written"] > 64 << 10
    assert not containers[0]["web"]["container.io_written"]
    assert number(machine.guest, PATHS["db"], "io.stat", "wbytes=") > 1 << 20


def test_cgroups_with_their_limits(machine):
    rows = {row["cgroup.path"]: row for row in show(machine.guest, "cgroups", "--duration", 3)["rows"]}
    row = rows[PATHS["web1"]]
    assert (row["cgroup.pids"], row["cgroup.pids_limit"]) == (1, 50)
    assert row["cgroup.cpu_limit"] == CPU_PERCENT
    assert rows["/system.slice"]["cgroup.cpu"] == pytest.approx(row["cgroup.cpu"], rel=0.1)
    assert rows[POD]["cgroup.memory_limit"] == 128 * MB
    assert rows["/"]["cgroup.cpu"] >= row["cgroup.cpu"]


def test_pods(machine):
    """By namespace and name; the sandbox belongs to its pod."""
    pods = {(row["k8s.ns.name"], row["k8s.pod.name"]): row["k8s.pod.processes"]
            for row in show(machine.guest, "pods", "--duration", 1)["rows"]}
    assert set(pods) == {("prod", "shop-7d9f"), ("stage", "api-0")}
    rows = show(machine.guest, "processes", "--duration", 1, "-f", "k8s.ns.name = prod")["rows"]
    assert {row["proc.pid"] for row in rows} == {machine.pids["web"], machine.pids["pause"]}


def test_narrowed_to_a_container(machine):
    """Another process of the same program, outside, burns as much and is not seen."""
    with machine.guest.load() as stranger:
        rows = show(machine.guest, "processes", "-c", "web1", "--duration", 1)["rows"]
        assert [row["proc.pid"] for row in rows] == [machine.pids["web1"]]
        symbols = show(machine.guest, "symbols", "-c", "web1", "--duration", 4, "-F", 499)
        threads = show(machine.guest, "threads", "-c", "web1", "--duration", 3, "-F", 499)
        said = machine.guest.run("tracetop record -w /tmp/web1.tt -c web1 --duration 2 -F 499 2>&1").stdout
    assert re.search(r"[1-9]\d+ samples in .*, [1-9]\d+ of others left out", said), said  # by the kernel
    assert stranger not in {row["proc.pid"] for row in threads["rows"]}
    assert {row["proc.pid"] for row in threads["rows"] if row["sample.count"]} == {machine.pids["web1"]}
    names = {row["symbol.name"]: row for row in symbols["rows"]}
    assert {"burn_half", "burn_third"} <= set(names), names
    assert names["burn_half"]["dso.name"] == "load"


def test_samples_carry_the_cgroup(machine):
    """The kernel says of each sample which cgroup it is of; it is the container's."""
    assert machine.guest.checked["perf", "cgroup"]["state"] == "yes"
    inode = int(machine.guest.run(f"stat -c %i {CGROUPS}{PATHS['web1']}").stdout)
    rows = show(machine.guest, "processes", "--duration", 3, "-F", 499, "-f", f"cgroup.id = {inode}")["rows"]
    assert [row["proc.pid"] for row in rows] == [machine.pids["web1"]]
    assert rows[0]["sample.count"] > 10


def test_tasks_by_the_iterator(machine):
    """Debian 12's kernel counts pages in another way than later ones; sizes are those of /proc."""
    assert machine.guest.checked["BPF", "iter/task"]["state"] == "yes"
    rows = {row["proc.pid"]: row for row in show(machine.guest, "processes", "--duration", 2)["rows"]}
    for pid in (machine.pids["web1"], machine.pids["web"], 1):
        pages = int(machine.guest.run(f"cat /proc/{pid}/statm").stdout.split()[1])
        assert rows[pid]["proc.rss"] == pytest.approx(4096 * pages, rel=0.01, abs=4096 * 8)
    assert rows[machine.pids["web1"]]["proc.cpu"] == pytest.approx(CPU_PERCENT, abs=6)


def test_users_by_the_files_inside(machine, guest):
    """A number of its own user namespace, and its own passwd file; the machine's has no such name."""
    ident = container_id("mapped")
    machine.runc.docker(ident, "mapped", "redis:7")
    pid = machine.runc.start(ident, f"/system.slice/docker-{ident}.scope", REST, user=1005, mapped=100000)
    try:
        rows = {row["proc.pid"]: row for row in show(guest, "processes", "--duration", 2)["rows"]}
    finally:
        machine.runc.remove(ident)
    assert [rows[one]["user.name"] for one in (1, machine.pids["web"], machine.pids["api"], pid)] \
        == ["root", "root", "websvc", "websvc"]
    assert rows[pid]["container.name"] == "mapped"


def test_who_enters_is_in_it(machine, guest):
    """What nsenter(1) starts keeps its own cgroup: the pid namespace tells."""
    pid = ""
    shell = guest.run(f"nsenter -t {machine.pids['web']} -m -p /bin/busybox sleep 500 >/dev/null 2>&1 & echo $!").stdout
    try:
        found = "grep -l ^/bin/busybox.sleep.500 /proc/[0-9]*/cmdline 2>/dev/null"
        entered = guest.run(f"until {found} >/tmp/entered; do usleep 50000; done; cat /tmp/entered").stdout
        pid = int(entered.split("/")[2])
        assert guest.run(f"cat /proc/{pid}/cgroup").stdout == "0::/\n"
        rows = show(guest, "processes", "-c", "web", "--duration", 1)["rows"]
        # nsenter itself, which waits, is in the mount namespace only.
        assert {row["proc.pid"] for row in rows} - {int(shell)} == {machine.pids["web"], pid}
    finally:
        guest.run(f"kill -9 {shell.strip()} {pid}", check=False)


def record(guest, script, path):
    """A capture of what a script does, from before its beginning to behind its end."""
    pid = guest.run(f"rm -f {path}; tracetop record -w {path} -F 99 --duration 100 >/dev/null 2>/tmp/record.err & "
                    "echo $!").stdout.strip()
    # Programs on exec and exit, and those on cgroups.
    guest.run(f"until [ $(ls -l /proc/{pid}/fd | grep -c 'bpf[_-]link') -ge 6 ]; do usleep 50000; done")
    try:
        script()
    finally:
        guest.run(f"kill {pid}; while [ -d /proc/{pid} ]; do usleep 50000; done")


def test_promise_44_one_that_comes_and_goes(machine, guest):
    """Two lives under one name and one id are two containers; each is named from its first record on."""
    ident, path = container_id("brief"), f"/system.slice/docker-{container_id('brief')}.scope"
    machine.runc.docker(ident, "brief", "redis:7")
    pids = []

    def live_twice():
        for _ in range(2):
            pids.append(machine.runc.start(ident, path, REST))
            guest.run(f"nsenter -t {pids[-1]} -m -p /bin/busybox true", check=False)
            machine.runc.remove(ident)

    record(guest, live_twice, "/tmp/brief.tt")
    rows = show(guest, "containers", "-r", "/tmp/brief.tt", "-f", "container.name = brief")["rows"]
    assert [row["container.state"] for row in rows] == ["ended", "ended"]
    rows = show(guest, "processes", "-r", "/tmp/brief.tt", "-f", "container.name = brief")["rows"]
    assert set(pids) <= {row["proc.pid"] for row in rows}
    rows = show(guest, "processes", "-r", "/tmp/brief.tt", "-f", f"proc.pid = {pids[0]}")["rows"]
    assert [row["container.name"] for row in rows] == ["brief"]


def test_no_short_lived_process_is_missed(machine, guest):
    def burst():
        guest.run("i=0; while [ $i -lt 100 ]; do load </dev/null >/dev/null 2>&1; i=$((i + 1)); done")

    record(guest, burst, "/tmp/burst.tt")
    rows = show(guest, "processes", "-r", "/tmp/burst.tt", "-f", "proc.name = load")["rows"]
    assert len({row["proc.pid"] for row in rows} - {machine.pids["web1"]}) == 100


def test_paused_and_going_on(machine):
    """The kernel knows that it is frozen, whoever did it."""
    guest = machine.guest
    guest.run(f"runc pause {WEB}")
    try:
        rows = {row["container.name"]: row for row in show(guest, "containers", "--duration", 1)["rows"]}
        assert rows["web"]["container.state"] == "paused"
    finally:
        guest.run(f"runc resume {WEB}")
    rows = {row["container.name"]: row for row in show(guest, "containers", "--duration", 1)["rows"]}
    assert rows["web"]["container.state"] == "running"


def test_a_screen_of_containers(machine):
    """On the console, at 80x24: Containers, its processes, and back."""
    with machine.guest.screen() as screen:
        screen.type("clear; tracetop containers; echo status=$?")
        screen.keys("Enter")
        screen.wait(lambda text: "NAME" in text and text.split("NAME")[1].split("\n")[1].startswith("web1") and
                    all(name in text for name in ("api", "db", "job1")), timeout=60)
        screen.keys("Home", "Enter")
        screen.wait(lambda text: "> web1 >" in text and "load" in text, timeout=30)
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers") and "job1" in text)
        screen.keys("F10")
        screen.wait("status=0")
