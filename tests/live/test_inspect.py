# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracetop tells of a container and of its log, against docker inspect, docker logs and their
like.
"""
import json
import os
import signal
import subprocess

import runtimes
import tt
from runtimes import BUSYBOX

TALK = (BUSYBOX, "sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; echo bad $i >&2; sleep 1; done")


def told(tracetop, name, *options):
    """{section: {name: value}} of a container."""
    rows = runtimes.rows(tracetop, "inspect", "-c", name, "--duration", "1", *options)
    found = {}
    for row in rows:
        found.setdefault(row["detail.section"], {})[row["detail.name"]] = row["detail.value"]
    return found


def lines(tracetop, name, *options):
    rows = runtimes.rows(tracetop, "log", "-c", name, "--duration", "1", *options)
    return [(row["detail.value"], row["detail.name"]) for row in
            sorted(rows, key=lambda row: row["detail.number"])]


def test_docker_inspect(tracetop, docker, folder):
    name = runtimes.own("seen")
    os.makedirs(folder + "/data", exist_ok=True)
    docker.begin(name, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "-v", folder + "/data:/data:ro",
                 "-e", "SECRET=do-not-show", "-l", "app=shop", "--cap-drop", "NET_RAW", "-p", "8080:80",
                 "--expose", "443", "--restart", "on-failure:3", "--ulimit", "nofile=512:512")
    wanted = json.loads(docker("inspect", name))[0]
    found = told(tracetop, name)
    state, limits = found["state"], found["limits"]
    assert (state["name"], state["id"], state["state"]) == (name, wanted["Id"], wanted["State"]["Status"])
    assert int(state["pid"]) == wanted["State"]["Pid"] and state["runtime"] == "docker"
    assert (state["started"], state["created"]) == (wanted["State"]["StartedAt"], wanted["Created"])
    assert state["restart policy"] == "on-failure, at most 3" and state["restarts"] == "0"
    assert (found["image"]["name"], found["image"]["id"]) == ("bb:latest", wanted["Image"])
    assert found["process"]["command"] == " ".join([wanted["Path"], *wanted["Args"]])
    assert limits["memory"] == limits["memory in force"] == "67108864 (64 MiB)"
    assert limits["cpus"] == limits["cpus in force"] == "0.5"
    assert limits["pids"] == limits["pids in force"] == "50"
    assert limits["ulimit nofile"] == "512, hard 512"
    mount = wanted["Mounts"][0]
    assert found["mounts"] == {"/data": f"{mount['Source']}, ro, bind, {mount['Propagation']}"}
    assert "443/tcp" in found["ports"] and "80/tcp" in found["ports"]
    names = {variable.split("=")[0] for variable in wanted["Config"]["Env"]}
    assert set(found["environment"]) == names and not any(found["environment"].values())
    assert "do-not-show" not in json.dumps(found)
    assert found["labels"] == {"app": "shop"} and found["security"]["capabilities dropped"] == \
        ", ".join(wanted["HostConfig"]["CapDrop"])
    assert found["log"]["driver"] == "json-file" and found["log"]["path"] == wanted["LogPath"]
    assert found["network"]["mode"] == "none"
    assert found["namespaces"]["pid"] == os.readlink(f"/proc/{wanted['State']['Pid']}/ns/pid")
    docker.remove(name)


def test_docker_stopped_is_not_missed(tracetop, docker):
    """Promise 20: all of it is in files."""
    name = runtimes.own("alone")
    docker.begin(name, command=TALK)
    wanted = json.loads(docker("inspect", name))[0]
    os.kill(docker.daemon.process.pid, signal.SIGSTOP)
    try:
        found = told(tracetop, name)
        assert found["state"]["id"] == wanted["Id"]
        assert ("stdout", "line 1") in lines(tracetop, name)
    finally:
        os.kill(docker.daemon.process.pid, signal.SIGCONT)
    docker.remove(name)


def logged(docker, name):
    """What docker logs has, by stream."""
    done = docker.run("logs", name)
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_docker_log(tracetop, docker):
    name = runtimes.own("talks")
    script = "i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo out $i; done; sleep 1; echo oops >&2; sleep 1; printf 'a\\033[31mb\\377\\n'; sleep 1000"
    docker.begin(name, command=(BUSYBOX, "sh", "-c", script))
    tt.wait_until(lambda: logged(docker, name)[1] and len(logged(docker, name)[0]) == 1501, what="the log")
    out, err = logged(docker, name)
    found = lines(tracetop, name)
    assert [text for stream, text in found if stream == "stdout"][:-1] == out[-1 - len(found) + 2:-1]
    assert [text for stream, text in found if stream == "stderr"] == err == ["oops"]
    assert len(found) == 1000 and "a\x1b[31mb\ufffd" in [text for _, text in found[-2:]]
    docker.remove(name)


def test_no_log_is_said(tracetop, docker):
    name = runtimes.own("mute")
    docker.begin(name, "--log-driver", "none")
    assert lines(tracetop, name) == [("", "(no log file: the log driver is none, nothing is kept)")]
    docker.remove(name)


def test_a_log_is_followed_through_rotation(tracetop, docker, folder):
    """Every line once, in order, while Docker begins a new file again and again."""
    name = runtimes.own("turns")
    script = "i=0; while [ $i -lt 900 ]; do i=$((i+1)); echo $i; [ $((i%20)) = 0 ] && sleep 0.1; done; sleep 1000"
    capture = f"{folder}/turns.tt"
    docker("create", "--name", name, "--network", "none", "--log-opt", "max-size=2k", "--log-opt", "max-file=3",
           "bb:latest", BUSYBOX, "sh", "-c", script)
    follower = subprocess.Popen([tracetop, "show", "log", "-w", capture, "--duration", "9", "--format", "json",
                                 "-f", f"container.name = '{name}'"], stdout=subprocess.PIPE, text=True)
    docker("start", name)
    rows = [row for line in follower.communicate()[0].splitlines() for row in json.loads(line)["rows"]]
    found = [int(row["detail.name"]) for row in sorted(rows, key=lambda row: row["detail.number"])]
    odd = [(a, b) for a, b in zip(found, found[1:]) if b != a + 1]
    assert (odd, found[-1]) == ([], 900) and found[0] < 900
    replayed = runtimes.rows(tracetop, "log", "-r", capture, "-f", f"container.name = '{name}'")
    assert sorted(int(row["detail.name"]) for row in replayed) == found
    docker.remove(name)


def test_podman_inspect_and_log(tracetop, podman):
    name = runtimes.own("podded")
    podman.begin(name, "-e", "SECRET=do-not-show", "-v", "/tmp:/data:ro", "--log-driver", "k8s-file", command=TALK)
    wanted = json.loads(podman("inspect", name))[0]
    found = told(tracetop, name)
    state = found["state"]
    assert (state["name"], state["id"], state["runtime"]) == (name, wanted["Id"], "podman")
    assert int(state["pid"]) == wanted["State"]["Pid"]
    assert found["mounts"]["/data"].startswith("/tmp, bind") and " ro," in found["mounts"]["/data"]
    assert "SECRET" in found["environment"] and "do-not-show" not in json.dumps(found)
    assert found["image"]["name"] == "localhost/bb:latest"
    assert found["process"]["command"].startswith(BUSYBOX + " sh -c i=0")
    assert found["log"]["path"] == wanted["HostConfig"]["LogConfig"]["Path"]
    tt.wait_until(lambda: "line 2" in podman("logs", name), what="the log")
    assert lines(tracetop, name)[:1] == [("stdout", "line 1")]
    podman.remove(name)


def test_kubernetes(tracetop, kubernetes, folder):
    """As a kubelet has containerd write it: a folder of logs a pod, in it one a container."""
    _, asked = kubernetes
    logs = folder + "/podlogs"
    os.makedirs(logs + "/inspected", exist_ok=True)
    pod = asked.pod_config(runtimes.own("shop"), "prod", "1f0c3e8a-0000-4000-8000-0123456789ab", {}, logs)
    box = asked.run_pod(pod)
    made = asked.ask("CreateContainer", {1: box, 2: {
        1: {1: "inspected"}, 2: {1: "docker.io/library/bb:latest"}, 3: list(TALK), 11: "inspected/0.log"}, 3: pod})[1][0].decode()
    asked.ask("StartContainer", {1: made})
    tt.wait_until(lambda: os.path.getsize(logs + "/inspected/0.log"), what="the log")
    found = told(tracetop, made[:20])
    assert (found["state"]["name"], found["state"]["id"]) == ("inspected", made)
    assert (found["state"]["pod"], found["state"]["namespace"]) == (runtimes.own("shop"), "prod")
    assert found["image"]["name"] == "docker.io/library/bb:latest" and found["log"]["path"] == logs + "/inspected/0.log"
    assert ("stdout", "line 1") in lines(tracetop, made[:20])


def test_rootless_podman(tracetop, rootless):
    """One that may have no cgroup of its own, and whose files are in its user's folder."""
    name = runtimes.own("rootless")
    pid = rootless.begin(name, "--log-driver", "k8s-file", "-e", "SECRET=do-not-show", command=TALK)
    found = told(tracetop, name)
    assert (found["state"]["name"], int(found["state"]["pid"])) == (name, pid)
    assert found["image"]["name"] == "localhost/bb:latest" and "SECRET" in found["environment"]
    assert "do-not-show" not in json.dumps(found)
    assert ("stdout", "line 1") in lines(tracetop, name)
    rootless.remove(name)


def test_what_is_not_known_is_told_by_proc(tracetop, folder):
    """A container of an unknown runtime: what its process and its cgroup say."""
    script = f"echo $$; exec chroot {folder}/R {BUSYBOX} sleep 1000"
    own = subprocess.Popen(["unshare", "-fpmun", "--kill-child", "sh", "-c", script], stdout=subprocess.PIPE,
                           env={"PATH": os.environ["PATH"], "TOKEN": "do-not-show"}, text=True)
    try:
        own.stdout.readline()
        child = tt.wait_until(lambda: open(f"/proc/{own.pid}/task/{own.pid}/children", encoding="utf-8").read().split())[0]
        tt.wait_until(lambda: os.readlink(f"/proc/{child}/root") != "/")
        name = f"ns:{os.stat(f'/proc/{child}/ns/pid').st_ino}"
        found = told(tracetop, name)
        assert found["state"]["pid"] == child and found["process"]["command"] == f"{BUSYBOX} sleep 1000"
        assert set(found["environment"]) >= {"PATH", "TOKEN"} and "do-not-show" not in json.dumps(found)
        assert found["network"]["devices"] == "lo"
        assert found["namespaces"]["user"].endswith(", the machine's")
        assert lines(tracetop, name) == [("", "(no log file: what runs it is not known)")]
    finally:
        own.kill()
        own.wait()


def test_a_walk_to_what_inspect_tells_and_to_the_log(tracetop, docker):
    name = runtimes.own("walked")
    docker.begin(name, "-l", "team=shop", command=TALK)
    with tt.Screen(f"{tracetop} containers -c {name}", columns=120, rows=40) as screen:
        screen.wait(name)
        screen.keys("F1")
        screen.wait(lambda text: "Keys of this view" in text and "Inspect: " in text)
        screen.keys("Escape")
        screen.keys("i")
        screen.wait(lambda text: text.startswith("Inspect") and "restart policy" in text and "bb:latest" in text)
        screen.keys("End")
        screen.wait("team")
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers") and name in text)
        screen.keys("l")
        shown = screen.wait(lambda text: text.startswith("Log") and " line 3" in text)
        rows = [line for line in shown.split("\n") if " line " in line]
        assert [row.split()[-1] for row in rows] == [str(i + 1) for i in range(len(rows))], "oldest first"
        last = len(rows)
        screen.wait(f" line {last + 2}")
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers") and name in text)
    docker.remove(name)


def test_an_empty_log_is_said_to_be_empty(tracetop, docker):
    """What a view of details lacks is said of what it is about: a container, a process, or none."""
    name = runtimes.own("silent")
    docker.begin(name)
    with tt.Screen(f"{tracetop} containers -c {name}", columns=120, rows=40) as screen:
        screen.wait(name)
        screen.keys("l")
        text = screen.wait(lambda text: text.startswith("Log") and "The log is empty so far" in text)
        assert "one process" not in text
        screen.keys("BSpace")
        screen.wait(lambda text: text.startswith("Containers"))
    with tt.Screen(f"{tracetop} log", columns=120, rows=40) as screen:
        screen.wait("This is about one container: go to the Containers")
    with tt.Screen(f"{tracetop} files", columns=120, rows=40) as screen:
        screen.wait("This is about one process: go to the Processes")
    docker.remove(name)
