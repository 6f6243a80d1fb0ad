# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that are folders: /proc, the cgroups, /run and /var/lib as container runtimes leave them."""
import hashlib
import json
import os
import subprocess

STATES = ["unknown", "created", "running", "paused", "ended"]
SANDBOX, PRIVILEGED = 1, 2
HOST_PIDNS, HOST_MNTNS = 4026531836, 4026531841
CONTAINERD = "containerd/io.containerd.runtime.v2.task"
KUBERNETES = "io.kubernetes.cri."
CRIO = "io.kubernetes.cri-o."


def container_id(name):
    """64 hexadecimal digits, the same for the same name."""
    return hashlib.sha256(name.encode()).hexdigest()


class Tree:
    """One machine; process 1 is there, and so is the process that looks."""

    def __init__(self, root):
        self.root = os.fsencode(root)
        self.next_pid = 1000
        for folder in ("proc", "run", "lib", "cgroup"):
            os.makedirs(os.path.join(self.root, folder.encode()))
        self.process("systemd", pid=1, parent=0)
        os.symlink(b"1", os.path.join(self.root, b"proc/self"))

    def place(self, path):
        whole = os.path.join(self.root, os.fsencode(path).lstrip(b"/"))
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        return whole

    def file(self, path, content):
        """Bytes, text, or what is written as JSON."""
        if isinstance(content, str):
            content = content.encode(errors="surrogateescape")
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        with open(self.place(path), "wb") as file:
            file.write(content)

    def link(self, path, target):
        os.symlink(os.fsencode(target), self.place(path))

    # --- processes and cgroups ---

    def cgroup(self, path):
        os.makedirs(self.place("cgroup/" + path.lstrip("/")), exist_ok=True)
        return path

    def process(self, comm, *arguments, cgroup="/", parent=1, pid=None, spaces=None, inner=None, between=(), cwd=None,
                root=None):
        """A process; its number.  spaces: its pid and mount namespaces.  inner: its number in the first;
        between: its numbers in those above that are not the machine's."""
        pid = pid or self.fresh_pid()
        pidns, mntns = spaces or (HOST_PIDNS, HOST_MNTNS)
        if spaces and inner is None:
            inner = 1
        numbers = "\t".join(map(str, [pid, *between, inner] if pidns != HOST_PIDNS else [pid]))
        folder = f"proc/{pid}"
        self.file(f"{folder}/stat", f"{pid} ({comm[:15]}) S {parent} {pid} {pid} 0 -1 4194560 100 0 0 0 10 5 0 0 20 0 "
                                    f"1 0 {100 + pid} 1000000 200 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17\n")
        self.file(f"{folder}/status", f"Name:\t{comm[:15]}\nPid:\t{pid}\nNSpid:\t{numbers}\nThreads:\t1\n")
        self.file(f"{folder}/comm", comm[:15] + "\n")
        self.file(f"{folder}/cmdline", "".join(word + "\0" for word in (comm, *arguments)))
        self.file(f"{folder}/cgroup", f"0::{cgroup}\n")
        self.link(f"{folder}/ns/pid", f"pid:[{pidns}]")
        self.link(f"{folder}/ns/mnt", f"mnt:[{mntns}]")
        self.link(f"{folder}/root", root or "/")
        if cwd:
            self.link(f"{folder}/cwd", os.path.join(os.fsdecode(self.root), cwd))
        self.cgroup(cgroup)
        with open(self.place(f"cgroup/{cgroup.lstrip('/')}/cgroup.procs"), "a", encoding="utf-8") as file:
            file.write(f"{pid}\n")
        return pid

    def fresh_pid(self):
        self.next_pid += 1
        return self.next_pid

    def inside(self, comm, cgroup, parent=1, **more):
        """The first process of a container, in namespaces of its own."""
        pid = self.fresh_pid()
        return self.process(comm, cgroup=cgroup, parent=parent, pid=pid,
                            spaces=(4026540000 + 2 * pid, 4026540001 + 2 * pid), **more)

    # --- what runtimes write ---

    def docker(self, ident, name, image, labels=None, data="lib/docker", **state):
        self.file(f"{data}/containers/{ident}/config.v2.json", {
            "State": {"Running": True, "Paused": False, "OOMKilled": False, "Dead": False, "Pid": 4711, **state},
            "ID": ident, "Created": "2024-01-01T00:00:00Z", "Path": "sleep", "Args": ["1000"],
            "Config": {"Hostname": ident[:12], "Env": ["PATH=/bin"], "Image": image, "Labels": labels or {}},
            "Image": "sha256:" + container_id(image), "Name": "/" + name, "RestartCount": 2})
        self.file(f"{data}/containers/{ident}/hostconfig.json", {"Memory": 0, "Privileged": False})

    def podman(self, *containers, storage="lib/containers/storage", driver="overlay"):
        """The list of all: (id, name, image) of each."""
        self.file(f"{storage}/{driver}-containers/containers.json", [
            {"id": ident, "names": [name], "image": container_id(image), "layer": container_id("layer"),
             "metadata": json.dumps({"image-name": image, "image-id": container_id(image), "name": "before"}),
             "created": "2024-01-01T00:00:00Z"} for ident, name, image in containers])

    def conmon(self, ident, name, cgroup, runtime="/usr/bin/crun", storage="/var/lib/containers/storage"):
        return self.process("conmon", "--api-version", "1", "-c", ident, "-u", ident, "-r", runtime, "-b",
                            f"{storage}/overlay-containers/{ident}/userdata", "-p", "/run/pidfile", "-n", name,
                            cgroup=cgroup)

    def bundle(self, path, annotations=None):
        """config.json of an OCI bundle."""
        self.file(f"{path}/config.json", {"ociVersion": "1.0.2-dev", "process": {"args": ["sleep"]},
                                          "root": {"path": "rootfs"}, "annotations": annotations or {}})

    def shim(self, space, ident, cgroup="/system.slice/containerd.service", state="run/" + CONTAINERD):
        """A shim stands in the bundle of what it was started for."""
        os.makedirs(self.place(f"{state}/{space}/{ident}/."), exist_ok=True)
        return self.process("containerd-shim-runc-v2", "-namespace", space, "-id", ident, "-address",
                            "/run/containerd/containerd.sock", cgroup=cgroup, cwd=f"{state}/{space}/{ident}")

    def pod_of_containerd(self, slice_of, name, image, uid, pod="shop-7d9f", space="prod", parent=1,
                          between=(), state="run/" + CONTAINERD):
        """A sandbox and a container of a pod; slice_of(id): the cgroup.  Their ids."""
        sandbox, ident = container_id(pod + "-sandbox"), container_id(pod + name)
        common = {KUBERNETES + "sandbox-name": pod, KUBERNETES + "sandbox-namespace": space,
                  KUBERNETES + "sandbox-uid": uid, KUBERNETES + "sandbox-id": sandbox}
        self.bundle(f"{state}/k8s.io/{sandbox}", {**common, KUBERNETES + "container-type": "sandbox"})
        self.bundle(f"{state}/k8s.io/{ident}", {
            **common, KUBERNETES + "container-type": "container", KUBERNETES + "container-name": name,
            KUBERNETES + "image-name": image})
        self.inside("pause", slice_of(sandbox), parent=parent, between=between)
        self.inside("redis-server", slice_of(ident), parent=parent, between=between)
        return sandbox, ident

    def crio(self, ident, kind="container", image="", **pod):
        """What CRI-O writes of a container or a sandbox; pod: container_name, pod_name and so on."""
        self.bundle(f"run/containers/storage/overlay-containers/{ident}/userdata", {
            "io.container.manager": "cri-o", CRIO + "ContainerType": kind, CRIO + "ImageName": image,
            **{"io.kubernetes." + name.replace("_", "."): value for name, value in pod.items()}})

    # --- what tracetop makes of it ---

    def table(self, build, *hierarchies):
        done = subprocess.run([os.path.join(build, "tests/unit/container_table"), self.root,
                               *map(str, hierarchies)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return Table([json.loads(line) for line in done.stdout.splitlines()])


class Table:
    """Containers, cgroups and processes, as they were told; texts of any bytes are bytes again."""

    def __init__(self, lines):
        self.containers = {row["number"]: row for row in lines if row["what"] == "container"}
        self.cgroups = {row["path"]: row for row in lines if row["what"] == "cgroup"}
        self.processes = {row["pid"]: row["container"] for row in lines if row["what"] == "process"}
        self.trouble = [row["text"] for row in lines if row["what"] == "trouble"][0]
        for row in self.containers.values():
            row["state"] = STATES[row["state"]]
            row["sandbox"], row["privileged"] = bool(row["flags"] & SANDBOX), bool(row["flags"] & PRIVILEGED)
            row["labels"] = dict(label.split("=", 1) for label in row["labels"].split("\0") if label)

    def rows(self, *columns):
        """Of each container, those columns; sorted."""
        return sorted(tuple(row[column] for column in columns) for row in self.containers.values())

    def only(self):
        assert len(self.containers) == 1, self.containers
        return next(iter(self.containers.values()))

    def named(self, name):
        return [row for row in self.containers.values() if row["name"] == name][0]

    def container_of(self, pid):
        """The name of a process's container; None: the machine's own."""
        number = self.processes[pid]
        return self.containers[number]["name"] if number else None

    def below(self, path):
        number = self.cgroups[path]["container"]
        return self.containers[number]["name"] if number else None

    def helper(self, path):
        """The runtime and the id that a cgroup is a helper's of."""
        return self.cgroups[path]["helper"], self.cgroups[path]["helper_of"]
