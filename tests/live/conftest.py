# SPDX-License-Identifier: GPL-2.0-or-later
"""These tests look at the whole machine, and set what root may set."""
import os
import shutil
import subprocess

import cri
import pytest
import runtimes


def pytest_collection_modifyitems(items):
    here = os.path.dirname(os.path.abspath(__file__))
    for item in items:
        if os.geteuid() and str(item.path).startswith(here):
            item.add_marker(pytest.mark.skip(reason="needs root: it samples the whole machine"))


# --- Container runtimes: one of each for a file of tests, in a folder of its own. ---


@pytest.fixture(scope="session")
def may_contain():
    """The kernel does not let runtimes work in a chroot: it makes no user namespaces there either."""
    if os.geteuid():
        pytest.skip("containers are started as root")
    if subprocess.run(["unshare", "--user", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no container can be started in a chroot")


@pytest.fixture(scope="module")
def folder(may_contain):
    del may_contain
    with runtimes.Home() as path:
        yield path


def lent(make, *arguments, **options):
    """A runtime until the end of the block; skipped where it is not installed."""
    try:
        made = make(*arguments, **options)
    except runtimes.Missing as missing:
        pytest.skip(str(missing))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def docker(folder):
    """Its containers live on when it ends."""
    yield from lent(runtimes.Docker, folder, "--live-restore")


@pytest.fixture(scope="module")
def podman(folder):
    yield from lent(runtimes.Podman, folder)


@pytest.fixture(scope="module")
def rootless(folder):
    """Podman of a user who was made for it; it has no cgroup of its own in hybrid setups."""
    if not shutil.which("useradd"):
        pytest.skip("no useradd: apt install passwd")
    user = runtimes.NewUser(folder)
    try:
        yield from lent(runtimes.Podman, folder, user)
    finally:
        user.end()


@pytest.fixture(scope="module")
def containerd(folder):
    yield from lent(runtimes.Containerd, folder)


@pytest.fixture(scope="module")
def kubernetes(folder):
    """containerd with its CRI plugin and two images: (containerd, who asks it)."""
    if not cri.grpc:
        pytest.skip("no grpc in Python: apt install python3-grpcio")
    for made in lent(runtimes.Containerd, folder, cri=True):
        for name, tag, entry in (("pause", "registry.k8s.io/pause:3.6", runtimes.SLEEP),
                                 ("bb", "docker.io/library/bb:latest", ())):
            path = f"{folder}/{name}-image.tar"
            cri.write_image(path, folder + "/bb.tar", tag, list(entry))
            made("images", "import", path, space="k8s.io")
        asked = cri.Cri(made.socket)
        try:
            yield made, asked
        finally:
            for pod in asked.pods():
                asked.remove_pod(pod)
            asked.end()
