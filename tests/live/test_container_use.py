# SPDX-License-Identifier: GPL-2.0-or-later
"""What containers use beside their cgroups, and what is done about them, against docker, podman and
/proc: network, pausing, shells, pods.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import tt
from runtimes import BUSYBOX, Recording, SLEEP, own, rows

SENDER = """
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
while True:
    out.sendto(b"x" * 1000, ("10.99.7.2", 9))
    time.sleep(0.004)
"""


def containers(tracetop, *options):
    return {row["container.name"]: row for row in rows(tracetop, "containers", *options)}


def inside(pid, *command):
    return tt.run(["nsenter", "-t", str(pid), "-n", *command]).stdout


def counted(pid):
    """Bytes received and sent by all devices but lo, as /proc has them."""
    with open(f"/proc/{pid}/net/dev", encoding="ascii") as file:
        devices = [line.split(":") for line in file if ":" in line]
    numbers = [list(map(int, rest.split())) for name, rest in devices if name.strip() != "lo"]
    return sum(n[0] for n in numbers), sum(n[8] for n in numbers)


@contextlib.contextmanager
def traffic(pid):
    """A device for the network namespace of a process, its peer in ours, and datagrams through it."""
    peer = f"tt{os.getpid() % 100000}"
    inside(pid, "ip", "link", "add", "tt0", "type", "veth", "peer", "name", peer)
    inside(pid, "ip", "link", "set", peer, "netns", str(os.getpid()))
    try:
        tt.run(["ip", "link", "set", peer, "up"])
        inside(pid, "ip", "addr", "add", "10.99.7.1/24", "dev", "tt0")
        inside(pid, "ip", "link", "set", "tt0", "up")
        inside(pid, "ip", "neigh", "add", "10.99.7.2", "lladdr", "02:00:00:00:00:01", "dev", "tt0")
        sender = subprocess.Popen(["nsenter", "-t", str(pid), "-n", "/usr/bin/python3", "-c", SENDER],
                                  stdout=subprocess.PIPE, text=True)
        try:
            assert sender.stdout.readline() == "ready\n"
            yield
        finally:
            sender.kill()
            sender.wait()
    finally:
        subprocess.run(["ip", "link", "del", peer], check=False)


def test_network_is_as_proc_counts_it(tracetop, docker, folder):
    """Of a namespace of its own and of a shared one; not of the machine's; the same on replay."""
    capture, (sends, shares, wide, silent) = folder + "/net.tt", map(own, ("sends", "shares", "wide", "silent"))
    pid = docker.begin(sends)
    docker.begin(silent)
    for name, network in ((shares, f"container:{sends}"), (wide, "host")):
        docker("run", "-d", "--name", name, "--network", network, "bb:latest", *SLEEP)
    with traffic(pid):
        before, began = counted(pid), time.monotonic()
        live = containers(tracetop, "--duration", "2")
        after, ended = counted(pid), time.monotonic()
        with Recording(tracetop, capture):
            lasts = time.monotonic() + 2.5
            tt.wait_until(lambda: time.monotonic() > lasts)
    wanted = (after[1] - before[1]) / (ended - began)
    for found in (live, containers(tracetop, "-r", capture)):
        assert abs(found[sends]["container.net_sent"] - wanted) < wanted / 4
        for field in ("container.net_sent", "container.net_received"):
            assert found[shares][field] == found[sends][field]
            assert found[wide][field] is None
            assert found[silent][field] == 0
    docker.remove(sends, shares, wide, silent)


def test_network_of_a_pod_is_counted_once(tracetop, podman):
    pod, part = own("pod"), own("part")
    podman("pod", "create", "--name", pod, "--infra-image", "localhost/bb:latest", "--infra-command",
           " ".join(SLEEP), "--network", "none")
    try:
        pid = podman.begin(part, "--pod", pod)
        podman.begin(own("other"), "--pod", pod)
        with traffic(pid):
            before, began = counted(pid), time.monotonic()
            shown = {row["k8s.pod.name"]: row for row in rows(tracetop, "pods", "--duration", "2")}
            after, ended = counted(pid), time.monotonic()
        wanted = (after[1] - before[1]) / (ended - began)
        assert abs(shown[pod]["k8s.pod.net_sent"] - wanted) < wanted / 4
    finally:
        podman("pod", "rm", "-f", "-t", "0", pod)


def test_memory_pids_and_restarts(tracetop, docker):
    limited, again = own("limited"), own("again")
    docker.begin(limited, "--memory", "64m", "--pids-limit", "50")
    os.kill(docker.begin(again, "--restart", "always"), signal.SIGKILL)
    tt.wait_until(lambda: docker("inspect", "-f", "{{.RestartCount}} {{.State.Running}}", again) == "1 true", 20,
                  "the restart")
    found = containers(tracetop, "--duration", "1")
    row = found[limited]
    stats = json.loads(docker("stats", "--no-stream", "--format", "{{json .}}", limited))
    assert row["container.memory_limit"] == 64 << 20
    assert row["container.pids_limit"] == 50 and row["container.pids"] == int(stats["PIDs"])
    assert abs(row["container.memory_percent"] - 100 * row["container.memory"] / (64 << 20)) < 0.01
    assert abs(row["container.memory_percent"] - float(stats["MemPerc"].rstrip("%"))) < 2
    assert found[again]["container.restarts"] == 1 and row["container.restarts"] == 0
    docker.remove(limited, again)


def test_without_a_cgroup_its_processes_are_summed_up(tracetop, rootless):
    """Podman of a user has no cgroup here: memory, threads and CPU time are those of /proc."""
    name = own("sums")
    pid = rootless.begin(name, command=(BUSYBOX, "sh", "-c", "while :; do :; done & while :; do :; done"))
    found = containers(tracetop, "--duration", "2")[name]
    pids = tt.run(["pgrep", "--ns", str(pid), "--nslist", "pid"]).stdout.split()
    resident = 0
    for one in pids:
        with open(f"/proc/{one}/statm", encoding="ascii") as file:
            resident += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert len(pids) == 2 and found["container.pids"] == 2
    assert abs(found["container.memory"] - resident) <= resident / 100
    assert found["container.memory_limit"] is None and found["container.memory_percent"] is None
    shown = rows(tracetop, "containers", "--duration", "3", "-f", f"container.name = {name} and container.cpu > 1")
    assert [row["container.pids"] for row in shown] == [2]
    rootless.remove(name)


# --- pausing --------------------------------------------------------------------------------------


def act(screen, key, *said):
    """Chooses an action on the row under the cursor; what the question says; and yes."""
    screen.keys("F8")
    screen.wait("Actions on")
    screen.keys(key)
    asked = screen.wait(lambda text: "y does it" in text and "Finding out" not in text)
    for words in said:
        assert words in "".join(line.strip() for line in asked.split("\n")), asked
    screen.keys("y")


def of_one(tracetop, name):
    return tt.Screen(f"{tracetop} containers -f 'container.name = {name}'", columns=200, rows=30)


def shows(name, state):
    return lambda text: any(line.startswith(name) and f" {state} " in line for line in text.split("\n"))


def test_docker_knows_what_is_paused(tracetop, docker, folder):
    name = own("halts")
    docker.begin(name)
    with of_one(tracetop, name) as screen:
        screen.wait(shows(name, "running"))
        act(screen, "z", f"/pause at {folder}/docker.sock")
        screen.wait("paused by docker")
        assert docker("inspect", "-f", "{{.State.Status}}", name) == "paused"
        screen.wait(shows(name, "paused"))
        act(screen, "z")
        screen.wait("docker refuses")
        act(screen, "u", f"/unpause at {folder}/docker.sock")
        screen.wait("unpaused by docker")
        assert docker("inspect", "-f", "{{.State.Status}}", name) == "running"
        screen.wait(shows(name, "running"))
    docker.remove(name)


def test_promise_34_a_daemon_that_hangs_is_not_waited_for(tracetop, docker):
    """Its cgroup is frozen, and the question and the answer say so; keys are taken meanwhile."""
    name, daemon = own("orphan"), docker.daemon.process.pid
    docker.begin(name)
    with of_one(tracetop, name) as screen:
        screen.wait(shows(name, "running"))
        os.kill(daemon, signal.SIGSTOP)
        try:
            screen.keys("F8")
            screen.wait("Actions on")
            screen.keys("z")
            screen.wait("Finding out")
            screen.keys("Escape")
            screen.wait(lambda text: "Finding out" not in text, timeout=1)
            act(screen, "z", "Freezes the cgroup /docker/", "docker is not told")
            screen.wait("frozen by its cgroup")
            screen.wait(shows(name, "paused"))
            act(screen, "u", "Thaws the cgroup /docker/")
            screen.wait("thawed by its cgroup")
            screen.wait(shows(name, "running"))
        finally:
            os.kill(daemon, signal.SIGCONT)
    docker.remove(name)


def test_podman_knows_what_is_paused(tracetop, podman):
    """Its service does not run: its command is called as its conmon says."""
    name = own("rests")
    podman.begin(name)
    with of_one(tracetop, name) as screen:
        screen.wait(shows(name, "running"))
        act(screen, "z", "Runs: podman --root")
        screen.wait("paused by podman")
        assert podman("inspect", "-f", "{{.State.Status}}", name) == "paused"
        screen.wait(shows(name, "paused"))
        act(screen, "u")
        screen.wait("unpaused by podman")
        assert podman("inspect", "-f", "{{.State.Status}}", name) == "running"
        screen.wait(shows(name, "running"))
    podman.remove(name)


def test_promise_46_nothing_is_paused_under_readonly(tracetop, docker):
    name = own("kept")
    docker.begin(name)
    with tt.Screen(f"{tracetop} --readonly containers -f 'container.name = {name}'", columns=200, rows=30) as screen:
        screen.wait(shows(name, "running"))
        for key in "zuen":
            screen.keys("F8")
            screen.wait("Actions on")
            screen.keys(key)
            screen.wait(lambda text: "Actions on" not in text and "refused by --readonly" in text)
    assert docker("inspect", "-f", "{{.State.Status}}", name) == "running"
    docker.remove(name)


# --- shells ---------------------------------------------------------------------------------------


def test_a_shell_where_there_is_none(tracetop, docker, folder):
    """The message says what else there is; the machine's own tools work in the container's network."""
    os.makedirs(folder + "/E/bin", exist_ok=True)
    shutil.copy(BUSYBOX, folder + "/E/bin/sleep")
    tt.run(["tar", "-C", folder + "/E", "-cf", folder + "/only.tar", "."])
    docker("import", folder + "/only.tar", "only:latest")
    name = own("bare")
    docker("run", "-d", "--name", name, "--network", "none", "only:latest", "/bin/sleep", "1000")
    wanted = os.stat(f"/proc/{docker.pid(name)}/ns/net").st_ino
    with of_one(tracetop, name) as screen:
        screen.wait(shows(name, "running"))
        screen.keys("F8")
        screen.wait("A shell in it")
        screen.keys("e")
        screen.wait("no /bin/sh in the container: F8 n")
        screen.keys("F8")
        screen.wait("Tools of the machine")
        screen.keys("n")
        screen.wait("#")
        screen.type("readlink /proc/thread-self/ns/net")
        screen.keys("Enter")
        screen.wait(f"net:[{wanted}]")
        screen.type("exit 127")
        screen.keys("Enter")
        screen.wait(lambda text: text.startswith("Containers"))
        assert "no /bin/sh" not in screen.text()
    docker.remove(name)


def test_a_shell_where_pids_are_the_machines(tracetop, docker):
    name = own("pids")
    docker.begin(name, "--pid", "host", "--hostname", "widehost")
    with of_one(tracetop, name) as screen:
        screen.wait(shows(name, "running"))
        screen.keys("F8")
        screen.wait("A shell in it")
        screen.keys("e")
        screen.wait("#")
        screen.type(f"{BUSYBOX} hostname")
        screen.keys("Enter")
        screen.wait(lambda text: any(line.strip() == "widehost" for line in text.split("\n")))
        screen.type("exit 0")
        screen.keys("Enter")
        screen.wait(lambda text: text.startswith("Containers"))
    docker.remove(name)


# --- Podman's service -----------------------------------------------------------------------------


def test_a_service_of_podman_tells_names_of_pods_and_is_asked_to_pause(tracetop, podman, folder):
    """The host name of a pod is not always its name; who runs the service is found by its process."""
    pod, part, path = own("named"), own("member"), folder + "/pm.sock"
    podman("pod", "create", "--name", pod, "--hostname", "another", "--infra-image", "localhost/bb:latest",
           "--infra-command", " ".join(SLEEP), "--network", "none")
    podman.begin(part, "--pod", pod)
    assert "another" in {row["k8s.pod.name"] for row in rows(tracetop, "pods")}
    service = subprocess.Popen(["podman", *podman.options, "system", "service", "-t", "120", "unix://" + path],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        tt.wait_until(lambda: os.path.exists(path), 20, "the service")
        names = {row["k8s.pod.name"] for row in rows(tracetop, "pods")}
        assert pod in names and "another" not in names
        with of_one(tracetop, part) as screen:
            screen.wait(shows(part, "running"))
            act(screen, "z", "Asks podman: POST /containers/", f"/pause at {path}")
            screen.wait("paused by podman")
            assert podman("inspect", "-f", "{{.State.Status}}", part) == "paused"
            act(screen, "u")
            screen.wait("unpaused by podman")
    finally:
        service.terminate()
        service.wait(30)
        podman("pod", "rm", "-f", "-t", "0", pod)
