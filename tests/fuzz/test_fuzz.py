# SPDX-License-Identifier: GPL-2.0-or-later
"""Each fuzz target for a while, from seeds that are made here: nothing may crash, leak, hang or take
more memory than it should.  TRACETOP_FUZZ_SECONDS gives each of them longer than the ten of the
check; what is found is left in the folder that the failure names.
"""
import json
import os
import struct
import subprocess

import pytest

import tt

SECONDS = int(os.environ.get("TRACETOP_FUZZ_SECONDS", "10"))
RUNS = 100000 if SECONDS <= 10 else -1
MEMORY_MB = 1024
HEADER = 16  # of a capture
SANITIZED = os.environ.get("TRACETOP_SANITIZED") == "1"

pytestmark = pytest.mark.skipif(
    not SANITIZED, reason="fuzz targets are built with --enable-sanitize --enable-fuzz only")


# --- seeds ----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def captures(build, tmp_path_factory):
    """The bytes of captures that tests/replay/make_capture writes."""
    folder = tmp_path_factory.mktemp("captures")
    made = {}
    for scene in ("plain", "small", "hostile"):
        tt.run([os.path.join(build, "tests/replay/make_capture"), scene, folder / scene])
        made[scene] = (folder / scene).read_bytes()
    return made


def chunks_of(capture):
    """The sealed chunks of a capture."""
    at = HEADER
    while capture[at:at + 4] == b"tTch":
        size = struct.unpack_from("<I", capture, at + 8)[0]
        yield capture[at:at + size]
        at += size


def elf_files(folder):
    """Small ones of every sort."""
    text = "void first(void) {}\nvoid second(void) { first(); }\nvoid _start(void) { second(); }\n"
    flags = {"static": ["-static"], "shared": ["-shared", "-fPIC"], "relocatable": ["-c"],
             "stripped": ["-static", "-s"], "id": ["-static", "-Wl,--build-id=sha1"]}
    for name, more in flags.items():
        path = str(folder / ("elf-" + name))
        tt.compile_c(text, path, "-nostdlib", "-O1", *more)
        with open(path, "rb") as file:
            yield file.read()


KALLSYMS = b"""ffffffff81000000 T _stext
ffffffff81000000 t startup_64
ffffffff81000100 T do_syscall_64
ffffffff81000300 W clear_page_erms
ffffffff81000300 T clear_page
ffffffff81000400 D data_between
ffffffffc0000000 t ext4_read\t[ext4]
ffffffffc0000100 t _ZN3foo3barEv\t[rust]
ffffffffc0000200 t _RNvCs1234_7mycrate3foo\t[rust]
ffffffffc0000300 t bpf_prog_6deef7357e7b4530\t[bpf]
"""
NO_KALLSYMS = b"0000000000000000 T _stext\n0000000000000000 t startup_64\n"


def perf_record(kind, misc, body):
    """A record of a ring, its body padded to 8 bytes."""
    body += bytes(-len(body) % 8)
    return struct.pack("<IHH", kind, misc, len(body) + 8) + body


def perf_rings():
    """What fuzz_perf takes: where the rings stand, a watermark, then a record of each type."""
    trailer = struct.pack("<IIQIIQ", 100, 101, 1000, 1, 0, 1)
    chain = struct.pack("<Q4Q", 4, 2**64 - 128, 0xffffffff81000100, 2**64 - 512, 0x401000)
    records = [perf_record(9, 2, struct.pack("<QQIIQIIQ", event, 0x401000, 100, 101, 1000 + event,
                                             1, 0, 10101010) + more)
               for event, more in ((0, b""), (1, chain), (2, chain + struct.pack("<Q", 7)))]
    place = struct.pack("<IIQQQ", 100, 101, 0x400000, 0x1000, 0)
    build_id = struct.pack("<B3x20s", 20, b"b" * 20)
    records += [perf_record(kind, misc, body + trailer) for kind, misc, body in (
        (10, 2, place + struct.pack("<IIQQII", 8, 1, 1234, 0, 5, 2) + b"/usr/bin/spin\0\0\0"),
        (10, 2 | 1 << 14, place + build_id + struct.pack("<II", 5, 2) + b"/usr/bin/spin\0\0\0"),
        (3, 1 << 13, struct.pack("<II", 100, 100) + b"spin\0\0\0\0"),
        (7, 0, struct.pack("<IIIIQ", 102, 100, 102, 100, 1000)),
        (4, 0, struct.pack("<IIIIQ", 102, 100, 102, 100, 1000)),
        (2, 0, struct.pack("<QQ", 1, 17)), (13, 0, struct.pack("<Q", 9)),
        (5, 0, struct.pack("<QQQ", 1000, 1, 1)),
        (17, 0, struct.pack("<QIHH", 0xffffffffc0000000, 256, 1, 0) + b"bpf_prog_1\0\0\0\0\0\0"),
        (19, 0, struct.pack("<Q", 7) + b"/system.slice\0\0\0"))]
    yield bytes(8) + struct.pack("<Q", 1001) + b"".join(records)
    for record in records:
        yield b"\x7f" + bytes(7) + struct.pack("<Q", 2**63) + record * 2


def answers():
    """What fuzz_answers takes: what was asked, then messages of a child with their sizes."""
    def message(answer, count, rest=b""):
        text = struct.pack("<IIII20sI", answer, 1, count, 20, b"b" * 20, 0) + rest
        return struct.pack("<H", len(text)) + text
    symbol = struct.pack("<QQIIII", 0x1000, 0x1800, 4, 8, 6, 0) + b"main_Z4mainv[ext4]" + bytes(6)
    for asked in range(4):
        for answer in range(5):
            yield bytes([asked]) + message(answer, 6, b"broken")
        yield bytes([asked]) + message(5, 2, symbol * 2) + message(5, 2, symbol * 2)


CONTAINER_ID = "0123456789abcdef"
ANNOTATIONS = {"io.kubernetes.cri.container-name": "web", "io.kubernetes.cri.sandbox-name": "shop",
               "io.kubernetes.cri.container-type": "sandbox", "nerdctl/name": "n", "io.kubernetes.pod.uid": "1f0c"}
DOCKER = {"Name": "/web1", "Config": {"Image": "redis:7", "Labels": {"a": "b", **ANNOTATIONS}}, "RestartCount": 3,
          "State": {"Running": True, "Paused": False}, "HostConfig": {"Privileged": True}}
STAT = b"4711 (a) b) S 1 4711 4711 0 -1 4194560 100 0 7 0 10 5 0 0 20 -5 3 0 1000 9000000 200 18446744073709551615 1\n"


def containers():
    """What fuzz_container takes: which parser, then what a file or a socket has."""
    podman = [{"id": CONTAINER_ID, "names": ["web4"],
               "metadata": json.dumps({"image-name": "redis:7", "name": "before"})}]
    texts = [DOCKER, {"Privileged": True}, podman, {"ociVersion": "1.0.2", "annotations": ANNOTATIONS},
             {"id": "job1", "init_process_pid": 1}]
    for which, value in enumerate(texts):
        yield bytes([which]) + json.dumps(value).encode()
    yield b"\x05HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n" + json.dumps(DOCKER).encode()
    yield b"\x05HTTP/1.1 404 Not Found\r\n\r\n"
    yield b"\x06" + json.dumps({**DOCKER, "Mounts": [{"Source": "/a", "Destination": "/b", "RW": True}], "HostConfig": {
        "Memory": 1 << 26, "NanoCpus": 5 * 10**8, "Binds": ["/a:/b:ro"],
        "PortBindings": {"80/tcp": [{"HostPort": "8"}]}},
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "10.0.0.2"}}}}).encode()
    yield b"\x07" + json.dumps({"ociVersion": "1.0.2", "process": {"args": ["a", "--password", "b"], "env": ["A=b"]},
                                "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
                                "linux": {"resources": {"memory": {"limit": 1}, "cpu": {"quota": 5, "period": 9}},
                                          "namespaces": [{"type": "pid"}]}, "annotations": ANNOTATIONS}).encode()


def cgroups():
    """What fuzz_cgroup takes: the files in the order of enum cgroup_file, paths, tables of mounts."""
    stat = b"usage_usec 7000\nuser_usec 5000\nsystem_usec 2000\nnr_periods 4\nnr_throttled 1\nthrottled_usec 3\n"
    pressure = b"some avg10=1.00 avg60=0.00 avg300=0.00 total=11\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n"
    memory = b"anon 5\nfile 4\nkernel 3\ninactive_file 3\n"
    files = [stat, b"50000 100000\n", b"4096\n", memory, b"max\n", b"oom 3\noom_kill 4\n",
             b"8:0 rbytes=100 wbytes=20 rios=1 wios=2\n", b"3\n", b"50\n", pressure, pressure, pressure, b"7\n", b"5\n",
             b"2\n", b"nr_periods 8\nnr_throttled 2\nthrottled_time 5\n", b"-1\n", b"100000\n", b"700\n",
             b"hierarchical_memory_limit 4096\ntotal_inactive_file 2\n", b"oom_kill 6\n",
             b"8:0 Read 10\n8:0 Write 20\nTotal 30\n", b"2\n", b"max\n"]
    for which, text in enumerate(files):
        yield bytes([which]) + text
    ident, uid = CONTAINER_ID.encode() * 4, b"1f0c1f3e_0a4b_4d0e_9d5c_3a7a2a1d0001"
    for path in (b"/docker/" + ident, b"/system.slice/docker-" + ident + b".scope", b"/lxc.payload.web/init.scope",
                 b"/kubepods.slice/kubepods-pod" + uid + b".slice/cri-containerd-" + ident + b".scope",
                 b"/system.slice/containerd.service/kubepods-pod" + uid + b".slice:cri-containerd:" + ident,
                 b"/machine.slice/machine-my\\x2dweb.scope/payload", b"/machine.slice/libpod-conmon-" + ident,
                 b"/../kubepods/burstable/pod" + uid + b"/crio-" + ident, b"/machine-lxc\\x2d4711\\x2dweb.scope",
                 b"/ecs/" + ident[:32] + b"/" + ident[:32] + b"-1234567890"):
        yield bytes([len(files)]) + path
    mounts = b"22 1 0:20 / /cg rw - cgroup2 cgroup2 rw\n30 22 0:27 / /c\\040 rw - cgroup c rw,cpu\n"
    table = b"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\nmemory\t5\t1\t1\npids\t0\t1\t1\n"
    yield bytes([len(files) + 1]) + mounts + b"\n" * (len(table) - len(mounts)) + table


SEEDS = {
    "cgroup": cgroups,
    "container": containers,
    "passwd": lambda: [b"\0root:x:0:0:root:/root:/bin/sh\nweb:x:5:5::/:/bin/false\n", b"\0::5:\na:x:5",
                       b"\x01         0       1001          1\n         1     100000      65536\n"],
    "process": lambda: [b"\0" + STAT, b"\x01Name:\tx\nPid:\t9\nNSpid:\t31492\t7\t1\n",
                        b"\x02conmon\0-c\0" + CONTAINER_ID.encode() + b"\0--data-root=/x\0-namespace\0"],
    "redact": lambda: [b"mysql\0--password=hunter2\0", b"tool\0--api-key\0hunter2\0y", b"A_TOKEN=x\0",
                       b"psql\0postgres://me:hunter2@db/x\0", b"curl\0http://host:80/a@b"],
    "usage": lambda: [STAT, b"rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\n"],
}


def seeds_of(target, captures, folder, source):
    """Some inputs of the kind that a target takes."""
    if target in SEEDS:
        return list(SEEDS[target]())
    if target == "answers":
        return list(answers())
    if target == "capture":
        return [bytes([index]) + captures[scene] for scene in ("small", "hostile") for index in (0, 1)]
    if target == "child":
        addresses = struct.pack("<16Q", *range(0x1000, 0x1010))
        return [bytes([1, how]) + addresses + text for how, text in
                [(0, KALLSYMS), (0, NO_KALLSYMS)] + [(1, elf) for elf in elf_files(folder)]]
    if target == "chunk":
        return [chunk for capture in captures.values() for chunk in chunks_of(capture)]
    if target == "elf":
        return list(elf_files(folder))
    if target == "event":
        return [b"cycles", b"cpu-clock:u", b"page-faults/period=7,stack/:kp", b"r1a8", b"nope",
                b"L1-dcache-load-misses", b"sched:sched_switch/nostack/", b"cpu/config=0x3c,freq=9/",
                b"software/config=1/", b"msr/tsc/", b"sched:../../x", b"/", b"a:b:c"]
    if target == "filter":
        return [b"proc.name = bash and (symbol.name contains ma or not thread.tid in (1, 2))",
                b"evt.latency >= 1ms and sample.idle = false or dso.path glob '/usr/*[a-z]'",
                b"thread.name icontains \"W\\\"o\" and evt.type != sample", b"not not evt.cpu < 3",
                b"sample.weight > 1.5k or proc.pid exists", b"((evt.cpu = 0))", b" "]
    if target == "kallsyms":
        return [KALLSYMS, NO_KALLSYMS]
    if target == "maps":
        with open("/proc/self/maps", "rb") as file:
            return [file.read(4000), b"400000-401000 r-xp 00000000 08:01 99 /a\\012b (deleted)\n"]
    if target == "perf":
        return list(perf_rings())
    views = os.path.join(source, "views")
    return [open(os.path.join(views, name), "rb").read()
            for name in os.listdir(views) if name.endswith(".lua")]


def words_of(target, tracetop):
    """Words that the fuzzer would not come by itself."""
    fields = json.loads(tt.run([tracetop, "list", "fields", "--format", "json"]).stdout)
    names = [field["name"] for field in fields["fields"]]
    if target == "filter":
        return names + ["and", "or", "not", "in", "exists", "contains", "icontains", "startswith",
                        "endswith", "glob", "!=", "<=", ">=", "true", "1ms", "4k"]
    if target == "view":
        return names + ["return", "columns", "filter", "key", "label", "path", "panel", "expand",
                        "drill", "agg", "of", "sort", "width", "stack.callers", "stack.callees",
                        "tree", "p99", "distinct", "function", "while true do", "string.rep"]
    if target == "container":
        return ["Name", "Config", "Image", "Labels", "State", "Paused", "names", "metadata", "ociVersion",
                "annotations", CONTAINER_ID, *ANNOTATIONS]
    if target == "cgroup":
        return ["docker-", ".scope", ".slice", "libpod-", "crio-", ":cri-containerd:", "machine-", "lxc.payload.",
                "kubepods-", "pod", "/..", "payload", "supervisor", CONTAINER_ID * 4, " total=", " rbytes="]
    return []


# --- runs -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("target", ["answers", "capture", "cgroup", "child", "chunk", "container", "elf", "event",
                                    "filter", "kallsyms", "maps", "passwd", "perf", "process", "redact", "usage",
                                    "view"])
def test_promise_14_and_47_no_input_breaks(target, build, source, tracetop, captures, tmp_path):
    program = os.path.join(build, "tests/fuzz/fuzz_" + target)
    assert os.path.exists(program), "configure with CC=clang --enable-sanitize --enable-fuzz"
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds = seeds_of(target, captures, tmp_path, source)
    assert seeds
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    command = [program, f"-runs={RUNS}", f"-max_total_time={SECONDS}", "-timeout=10", "-seed=1",
               f"-rss_limit_mb={MEMORY_MB}", "-max_len=16384", "-print_final_stats=1",
               f"-artifact_prefix={tmp_path}/", str(corpus)]
    words = words_of(target, tracetop)
    if words:
        (tmp_path / "words").write_text("".join(f'"{word}"\n' for word in words))
        command.insert(-1, f"-dict={tmp_path}/words")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=SECONDS + 120, env=dict(os.environ, HOME="/nonexistent"))
    text = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"in {tmp_path}:\n{text[-6000:]}"
    assert f"Done {len(seeds)} " not in text, "it never went on from its seeds"
