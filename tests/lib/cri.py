# SPDX-License-Identifier: GPL-2.0-or-later
"""Kubernetes' Container Runtime Interface by hand: what a kubelet asks containerd for.

The messages are packed here field by field, so that no compiled definitions are needed: a message
is a dictionary {field: value}, where a value is a number, a text, a message or a list of those.
"""
import hashlib
import io
import json
import os
import tarfile

try:
    import grpc
except ImportError:
    grpc = None

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
SERVICE = "/runtime.v1.RuntimeService/"


def varint(number):
    out = bytearray()
    while True:
        out.append(number & 0x7f | (0x80 if number > 0x7f else 0))
        number >>= 7
        if not number:
            return bytes(out)


def pack(message):
    out = b""
    for field, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(field << 3) + varint(value)
                continue
            data = pack(value) if isinstance(value, dict) else value.encode()
            out += varint(field << 3 | 2) + varint(len(data)) + data
    return out


def take_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def unpack(data):
    """{field: [value, …]}: numbers, and bytes of texts and messages."""
    fields, at = {}, 0
    while at < len(data):
        key, at = take_varint(data, at)
        value, at = take_varint(data, at)
        assert key & 7 in (0, 2), "a field of another kind"
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        fields.setdefault(key >> 3, []).append(value)
    return fields


def labels(of):
    return [{1: name, 2: value} for name, value in of.items()]


def pairs(entries):
    return {one[1][0].decode(): one.get(2, [b""])[0].decode() for one in map(unpack, entries)}


class Cri:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def ask(self, method, message):
        call = self.channel.unary_unary(SERVICE + method, request_serializer=pack, response_deserializer=unpack)
        return call(message, timeout=30)

    def end(self):
        self.channel.close()

    @staticmethod
    def pod_config(name, namespace, uid, marks, logs):
        """A pod on the machine's network, so that no plugin for it is needed."""
        return {1: {1: name, 2: uid, 3: namespace}, 3: logs, 6: labels(marks),
                8: {1: "/kubepods/burstable/pod" + uid, 2: {1: {1: 2}}}}

    def run_pod(self, config):
        return self.ask("RunPodSandbox", {1: config})[1][0].decode()

    def run_container(self, pod, config, name, image, command, marks):
        made = self.ask("CreateContainer", {
            1: pod, 2: {1: {1: name}, 2: {1: image}, 3: list(command), 9: labels(marks), 11: name + ".log"},
            3: config})[1][0].decode()
        self.ask("StartContainer", {1: made})
        return made

    def containers(self):
        """{id: {name, image, state, pod, labels}} as the daemon has them; state 1: it runs."""
        found = {}
        for one in map(unpack, self.ask("ListContainers", {}).get(1, [])):
            found[one[1][0].decode()] = {
                "pod": one[2][0].decode(), "name": unpack(one[3][0])[1][0].decode(),
                "image": unpack(one[4][0])[1][0].decode(), "state": one.get(6, [0])[0],
                "labels": pairs(one.get(8, []))}
        return found

    def pods(self):
        """{id: {name, uid, namespace, labels}} of those that are ready."""
        found = {}
        for one in map(unpack, self.ask("ListPodSandbox", {}).get(1, [])):
            what = unpack(one[2][0])
            found[one[1][0].decode()] = {
                "name": what[1][0].decode(), "uid": what[2][0].decode(), "namespace": what[3][0].decode(),
                "labels": pairs(one.get(5, []))}
        return found

    def remove_pod(self, pod):
        self.ask("StopPodSandbox", {1: pod})
        self.ask("RemovePodSandbox", {1: pod})


def write_image(path, layer, tag, entrypoint):
    """An image as 'docker save' writes one: a layer, how it is run, and its name."""
    with open(layer, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    config = json.dumps({"architecture": MACHINES.get(os.uname().machine, "amd64"), "os": "linux",
                         "config": {"Entrypoint": entrypoint},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest]}})
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}])
    with tarfile.open(path, "w") as image:
        for name, text in (("config.json", config), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            image.addfile(info, io.BytesIO(text.encode()))
        image.add(layer, "layer.tar")
