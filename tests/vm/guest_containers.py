# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers in a guest: runc starts them, where engines with the systemd driver have them.

runc is given the paths of cgroups that systemd would make, and beside it stands what the engines
write: their files are all that tracetop reads of them.
"""
import base64
import hashlib
import json
import shlex

ROOT = "/tmp/containers"
PROC = {"destination": "/proc", "type": "proc", "source": "proc"}
DEV = {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}
DISK = {"path": "/dev/ram0", "type": "b", "major": 1, "minor": 0}
CAPABILITIES = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]
BURN = ["/bin/busybox", "sh", "-c", "echo go >/tmp/go; exec /usr/bin/load 600 </tmp/go"]
REST = ["/bin/busybox", "sleep", "600"]


def container_id(name):
    return hashlib.sha256(name.encode()).hexdigest()


class Runc:
    """Containers of one guest, all with the same root."""

    def __init__(self, guest):
        self.guest = guest
        self.running = []
        guest.run(f"mkdir -p {ROOT}/root/bin {ROOT}/root/usr/bin {ROOT}/root/tmp {ROOT}/root/proc {ROOT}/root/dev && "
                  f"cp /bin/busybox {ROOT}/root/bin/ && cp /usr/bin/load {ROOT}/root/usr/bin/ && "
                  f"cp -r /lib {ROOT}/root/ && if [ -d /lib64 ]; then cp -r /lib64 {ROOT}/root/; fi")
        self.write(ROOT + "/root/etc/passwd", "root:x:0:0::/:/bin/sh\nwebsvc:x:1005:1005::/:/bin/false\n")

    def write(self, path, content):
        text = content if isinstance(content, str) else json.dumps(content)
        coded = base64.b64encode(text.encode()).decode()
        self.guest.run(f"mkdir -p $(dirname {shlex.quote(path)}) && echo {coded} | base64 -d >{shlex.quote(path)}")

    def bundle(self, ident, cgroup, command, user=0, mapped=0, **resources):
        spaces = ["pid", "mount", "uts", "ipc", "network", "cgroup"] + (["user"] if mapped else [])
        maps = {kind: [{"containerID": 0, "hostID": mapped, "size": 65536}] for kind in ("uidMappings", "gidMappings")}
        self.write(f"{ROOT}/{ident}/config.json", {
            "ociVersion": "1.0.2",
            "process": {"user": {"uid": user, "gid": user}, "args": command, "cwd": "/", "env": ["PATH=/bin"],
                        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}},
            "root": {"path": ROOT + "/root"}, "mounts": [PROC, DEV],
            "linux": {"cgroupsPath": cgroup, "devices": [DISK], **(maps if mapped else {}),
                      "resources": {"devices": [{"allow": True, "access": "rwm"}], **resources},
                      "namespaces": [{"type": kind} for kind in spaces]}})

    def start(self, ident, cgroup, command, **how):
        """Its first process, as the machine numbers it.

        user: its number inside; mapped: what the first of its users is outside, in a user namespace;
        more: resources as the OCI's config.json has them.
        """
        self.bundle(ident, cgroup, command, **how)
        self.running.append(ident)
        self.guest.run(f"runc run --no-pivot -d -b {ROOT}/{ident} {ident} </dev/null >/tmp/runc.out 2>&1 || "
                       "{ cat /tmp/runc.out; exit 1; }")
        return json.loads(self.guest.run(f"runc state {ident}").stdout)["pid"]

    def remove(self, ident):
        self.running.remove(ident)
        self.guest.run(f"runc delete -f {ident}")

    def end(self):
        for ident in list(self.running):
            self.remove(ident)

    # --- what engines write beside ---

    def docker(self, ident, name, image):
        self.write(f"/var/lib/docker/containers/{ident}/config.v2.json", {
            "ID": ident, "Name": "/" + name, "State": {"Running": True}, "Config": {"Image": image}})

    def podman(self, ident, name, image):
        self.write("/var/lib/containers/storage/overlay-containers/containers.json", [
            {"id": ident, "names": [name], "metadata": json.dumps({"image-name": image})}])

    def containerd(self, ident, annotations):
        self.write(f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{ident}/config.json",
                   {"ociVersion": "1.0.2", "annotations": annotations})

    def crio(self, ident, annotations):
        self.write(f"/run/containers/storage/overlay-containers/{ident}/userdata/config.json",
                   {"ociVersion": "1.0.2", "annotations": {"io.container.manager": "cri-o", **annotations}})
