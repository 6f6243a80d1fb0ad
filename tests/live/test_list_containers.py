# SPDX-License-Identifier: GPL-2.0-or-later
"""tracetop list containers, against docker ps -a and podman ps -a."""
import csv
import io
import json
import os
import signal
import time

import runtimes
import tt
from runtimes import BUSYBOX


def listed(tracetop, *options):
    done = tt.run([tracetop, "list", "containers", "--format", "json", *options])
    return {row["name"]: row for row in json.loads(done.stdout)["containers"]}


def test_docker_ps(tracetop, docker):
    """Those that run, one that is paused, one that ended, one that was never started."""
    names = {what: runtimes.own("ls" + what) for what in ("runs", "paused", "ended", "made")}
    docker.begin(names["runs"])
    docker.begin(names["paused"])
    docker("pause", names["paused"])
    docker("run", "--name", names["ended"], "--network", "none", "bb:latest", BUSYBOX, "sh", "-c", "exit 7", check=False)
    docker("create", "--name", names["made"], "--network", "none", "bb:latest", BUSYBOX, "true")
    found = listed(tracetop)
    wanted = {one["Name"][1:]: one for one in json.loads(docker("inspect", *docker("ps", "-aq").split()))}
    assert set(wanted) <= set(found)
    for name, one in wanted.items():
        row = found[name]
        assert (row["id"], row["state"], row["runtime"], row["image"]) == \
            (one["Id"], one["State"]["Status"], "docker", one["Config"]["Image"])
        assert row["pid"] == (one["State"]["Pid"] or None) and row["created"] == one["Created"]
        assert row["started"] == (None if row["state"] == "created" else one["State"]["StartedAt"])
    assert found[names["ended"]]["exit_code"] == 7 and found[names["runs"]]["exit_code"] is None
    shown = {row["container.name"] for row in runtimes.rows(tracetop, "containers")}
    assert shown >= {name for name, one in wanted.items() if one["State"]["Running"]}
    text = tt.run([tracetop, "list", "containers", names["ended"]]).stdout.split("\n")
    assert text[1].split()[:4] == [names["ended"], found[names["ended"]]["id"][:12], "exited", "7"]
    table = list(csv.DictReader(io.StringIO(tt.run([tracetop, "list", "containers", "--format", "csv"]).stdout)))
    assert {row["name"]: row["state"] for row in table if row["name"] in wanted} == \
        {name: one["State"]["Status"] for name, one in wanted.items()}
    # Numbers are numbers, and columns stand below one another.
    lines = tt.run([tracetop, "list", "containers", "--format", "csv"]).stdout.split("\n")
    assert [line for line in lines if f",{found[names['runs']]['pid']},," in line]
    lines = tt.run([tracetop, "list", "containers"]).stdout.split("\n")
    assert {line[lines[0].index(" ID "):][1:13] for line in lines[1:] if line} >= {one["Id"][:12] for one in wanted.values()}
    docker("unpause", names["paused"])
    docker.remove(*names.values())


def test_promise_20_the_list_waits_for_no_daemon(tracetop, docker):
    name = runtimes.own("lswaits")
    pid = docker.begin(name)
    os.kill(docker.daemon.process.pid, signal.SIGSTOP)
    try:
        since = time.monotonic()
        assert listed(tracetop)[name]["pid"] == pid
        assert time.monotonic() - since < 4
    finally:
        os.kill(docker.daemon.process.pid, signal.SIGCONT)
    docker.remove(name)


def test_podman_ps(tracetop, podman):
    names = [runtimes.own("pls" + what) for what in ("runs", "ended", "made")]
    podman.begin(names[0])
    podman("run", "--name", names[1], "--network", "none", "localhost/bb:latest", BUSYBOX, "true")
    podman("create", "--name", names[2], "--network", "none", "localhost/bb:latest", BUSYBOX, "true")
    found = listed(tracetop)
    for one in json.loads(podman("ps", "-a", "--format", "json")):
        row = found[one["Names"][0]]
        assert (row["id"], row["state"], row["runtime"], row["image"]) == \
            (one["Id"], one["State"], "podman", one["Image"])
        assert row["pid"] == (one["Pid"] or None)
    podman.remove(*names)


def test_none_is_no_failure(tracetop):
    done = tt.run([tracetop, "list", "containers", "--format", "json"])
    assert isinstance(json.loads(done.stdout)["containers"], list)
    done = tt.run([tracetop, "list", "containers", "no such name"], check=False)
    assert done.returncode == 1 and "nothing there has such a name" in done.stderr
