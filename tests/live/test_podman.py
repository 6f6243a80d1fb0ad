# SPDX-License-Identifier: GPL-2.0-or-later
"""Podman: root's, a user's, a pod; against what podman ps and podman pod say."""
import json

import pytest
import runtimes
import tt
from runtimes import own, processes, rows

STATES = {"running": "running", "paused": "paused"}


def by_id(tracetop, listed):
    """Rows of containers, by podman's ids of those that are asked for."""
    found = {row["container.id"]: row for row in rows(tracetop, "containers")}
    return {one["Id"]: found.get(one["Id"][:12]) for one in listed}


def compare(tracetop, podman):
    """Names, images, ids and states of containers are those of podman ps; the number of them."""
    listed = json.loads(podman("ps", "-a", "--format", "json"))
    shown = by_id(tracetop, listed)
    users = {row["proc.pid"]: row for row in processes(tracetop)}
    for one in listed:
        row = shown[one["Id"]]
        assert row, f"{one['Names']} is not shown"
        assert (row["container.name"], row["container.image"], row["container.runtime"]) == \
            (one["Names"][0], one["Image"], "podman")
        assert row["container.state"] == STATES[one["State"]]
        assert users[one["Pid"]]["container.name"] == one["Names"][0]
    return len(listed)


def test_podman_names(tracetop, podman):
    name = own("pod1")
    podman.begin(name)
    podman.begin(own("paused"))
    podman("pause", own("paused"))
    assert compare(tracetop, podman) == 2
    podman("rename", name, own("other"))
    assert compare(tracetop, podman) == 2
    podman("unpause", own("paused"))
    assert compare(tracetop, podman) == 2
    podman.remove(own("other"), own("paused"))


def test_rootless_podman_has_names_and_users(tracetop, rootless):
    """It has no cgroup here: conmon's command line tells.  Users are those of the container."""
    pids = {rootless.begin(own("free")): "root", rootless.begin(own("web"), "-u", "1005"): "websvc"}
    with open(f"/proc/{next(iter(pids))}/cgroup", encoding="ascii") as file:
        assert "libpod" not in file.read()
    assert compare(tracetop, rootless) == 2
    shown = {row["proc.pid"]: row["user.name"] for row in processes(tracetop)}
    assert {pid: shown[pid] for pid in pids} == pids
    only = rows(tracetop, "processes", "-c", own("free"))
    assert [row["proc.pid"] for row in only] == [next(iter(pids))]
    rootless.remove(own("free"), own("web"))


def test_promise_44_a_rootless_container_that_is_killed_while_looked_at(tracetop, rootless, folder):
    """It has an end, and who has its name next is another one."""
    name, capture = own("gone"), folder + "/gone.tt"
    with tt.Screen(f"{tracetop} containers -w {capture}", columns=200, rows=50) as screen:
        for _ in range(2):
            rootless.begin(name)
            screen.wait(lambda text: any(name in line and " running " in line for line in text.split("\n")))
            rootless.remove(name)
            screen.wait(lambda text: not any(name in line and " running " in line for line in text.split("\n")))
        screen.keys("q")
        screen.wait("status=0")
    found = [row for row in rows(tracetop, "containers", "-r", capture) if row["container.name"] == name]
    assert len(found) == len({row["container.id"] for row in found}) == 2
    assert {row["container.state"] for row in found} == {"ended"}


@pytest.fixture
def pod(podman, folder):
    """A pod of two containers beside what holds it together."""
    del folder
    name = own("shop")
    podman("pod", "create", "--name", name, "--infra-image", "localhost/bb:latest", "--infra-command",
           " ".join(runtimes.SLEEP), "--network", "none")
    for part in ("front", "back"):
        podman.begin(own(part), "--pod", name)
    yield name
    podman("pod", "rm", "-f", "-t", "0", name)


def test_a_pod_of_podman(tracetop, podman, pod):
    """Its containers are listed, what holds it is not; the pod is shown with them."""
    listed = json.loads(podman("ps", "--pod", "--format", "json"))
    infra = [one for one in listed if one["IsInfra"]]
    ours = [one for one in listed if one["Pod"] and not one["IsInfra"]]
    assert len(infra) == 1 and len(ours) == 2
    shown = by_id(tracetop, listed)
    assert not shown[infra[0]["Id"]]
    assert {shown[one["Id"]]["container.name"] for one in ours} == {own("front"), own("back")}
    pods = [row for row in rows(tracetop, "pods") if row["k8s.pod.name"] == pod]
    assert len(pods) == 1 and pods[0]["k8s.pod.containers"] == 2
    inside = rows(tracetop, "processes", "-f", f"k8s.pod.name = {pod} and not container.is_sandbox = true")
    assert {row["proc.pid"] for row in inside} == {one["Pid"] for one in ours}
    # It runs, and is not among those that ended either.
    table = json.loads(tt.run([tracetop, "list", "containers", "--format", "json"]).stdout)["containers"]
    assert {row["id"]: row["pod"] for row in table if row["id"] in {one["Id"] for one in listed}} == \
        {one["Id"]: pod for one in ours}


def test_a_pod_that_nothing_holds_together(tracetop, podman):
    """Its name is in a database alone: it has its id for a name, and its containers are in it."""
    name = own("loose")
    pod = podman("pod", "create", "--name", name, "--infra=false")
    podman.begin(own("one"), "--pod", name, "--network", "none")
    found = [row for row in rows(tracetop, "pods") if row["k8s.pod.name"] == pod[:12]]
    assert len(found) == 1 and found[0]["k8s.pod.containers"] == 1
    assert [row["container.name"] for row in rows(tracetop, "containers", "-f", f"k8s.pod.uid = {pod}")] == [own("one")]
    podman("pod", "rm", "-f", "-t", "0", name)
