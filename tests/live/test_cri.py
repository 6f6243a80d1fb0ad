# SPDX-License-Identifier: GPL-2.0-or-later
"""containerd as a kubelet uses it: pods, their containers and labels, against the daemon's own answers."""
import os

import pytest
from runtimes import SLEEP, own, rows

RUNNING = 1  # CONTAINER_RUNNING
UID = "1f0c0000-0000-4000-8000-{:012d}"


@pytest.fixture
def pods(kubernetes, folder):
    """Two pods, of which one has two containers; ids of containers by pod and name."""
    _, asked = kubernetes
    made, ids = [], {}
    for number, (name, parts) in enumerate(((own("shop"), ("web", "log")), (own("db"), ("web",)))):
        config = asked.pod_config(name, "prod", UID.format(number + os.getpid()), {"app": name}, folder + "/logs")
        pod = asked.run_pod(config)
        made.append(pod)
        for part in parts:
            ids[name, part] = asked.run_container(
                pod, config, part, "docker.io/library/bb:latest", SLEEP, {"tier": "t-" + part})
    yield ids
    for pod in made:
        asked.remove_pod(pod)


def test_containers_are_as_containerd_has_them(tracetop, kubernetes, pods):
    """Names, images, states; what holds a pod together is none of them."""
    _, asked = kubernetes
    told, sandboxes = asked.containers(), asked.pods()
    shown = {row["container.id"]: row for row in rows(tracetop, "containers")}
    assert set(pods.values()) == set(told)
    for one, what in told.items():
        row = shown[one[:12]]
        assert (row["container.name"], row["container.image"]) == (what["name"], what["image"])
        assert row["container.runtime"] == "containerd"
        assert (row["container.state"] == "running") == (what["state"] == RUNNING)
    assert not {pod[:12] for pod in sandboxes} & set(shown)


def test_pods_are_as_containerd_has_them(tracetop, kubernetes, pods):
    _, asked = kubernetes
    shown = {row["k8s.pod.name"]: row for row in rows(tracetop, "pods")}
    for what in asked.pods().values():
        row = shown[what["name"]]
        assert row["k8s.ns.name"] == what["namespace"] == "prod"
        assert row["k8s.pod.containers"] == len([1 for pod, _ in pods if pod == what["name"]])


def test_filters_by_names_of_kubernetes(tracetop, kubernetes, pods):
    """Containers of the same name in two pods are told apart; the sandbox is in the pod too."""
    del kubernetes

    def names(wanted):
        return sorted(row["container.name"] for row in rows(tracetop, "containers", "-f", wanted))

    assert names(f"k8s.pod.name = {own('shop')}") == ["log", "web"]
    assert names(f"k8s.pod.name in ({own('shop')}, {own('db')}) and k8s.ns.name = prod") == ["log", "web", "web"]
    first = {row["proc.pid"] for row in rows(tracetop, "processes", "-f", f"k8s.pod.name = {own('shop')}")}
    second = {row["proc.pid"] for row in rows(tracetop, "processes", "-f", f"k8s.pod.name = {own('db')}")}
    assert len(first) == 3 and len(second) == 2 and not first & second
    held = rows(tracetop, "processes", "-f", f"k8s.pod.name = {own('shop')} and container.is_sandbox = true")
    assert len(held) == 1 and held[0]["proc.pid"] in first
    uids = {row["k8s.pod.name"] for row in rows(tracetop, "pods", "-f", f"k8s.pod.uid = {UID.format(os.getpid())}")}
    assert uids == {own("shop")}
