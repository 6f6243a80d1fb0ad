# SPDX-License-Identifier: GPL-2.0-or-later
"""tracetop check: what it says is what perf, bpftool, /proc and tracefs say; it leaves nothing."""
import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import pytest

import tt

TRACEFS = "/sys/kernel/tracing"
FIELDS = ["group", "name", "state", "detail", "reason", "remedy", "purpose"]
CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21,
                "CAP_SYS_RESOURCE": 24, "CAP_SYSLOG": 34, "CAP_PERFMON": 38, "CAP_BPF": 39}
TRACERS = ["nop", "function", "function_graph", "irqsoff", "preemptoff", "preemptirqsoff", "wakeup",
           "wakeup_rt", "wakeup_dl", "hwlat", "osnoise", "timerlat", "blk", "mmiotrace"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it tries what root may do")


def check(tracetop, before=()):
    """The lines of a run, by (group, name)."""
    done = tt.run([*before, tracetop, "check", "--format", "json"])
    lines = json.loads(done.stdout)["check"]
    return {(line["group"], line["name"]): line for line in lines}


@pytest.fixture(scope="module")
def lines(tracetop):
    return check(tracetop)


def state(lines, group, name):
    return lines[group, name]["state"]


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def tracefs_state():
    """All of tracefs that a tracer changes: the list of DESIGN's 'as found'."""
    names = ["current_tracer", "tracing_on", "trace_clock", "trace_options", "set_event", "set_event_pid",
             "tracing_thresh", "buffer_size_kb", "dynamic_events", "kprobe_events", "uprobe_events",
             "synthetic_events", "set_ftrace_filter", "set_graph_function", "max_graph_depth"]
    found = {"instances": sorted(os.listdir(TRACEFS + "/instances"))}
    for name in names:
        try:
            found[name] = read(os.path.join(TRACEFS, name))
        except OSError as error:
            found[name] = error.errno
    return found


def bpf_state():
    """Ids of programs, maps and links; those of other processes that live a moment are left out."""
    return {kind: {(entry["id"], entry.get("name")) for entry in
                   json.loads(tt.run(["bpftool", "--json", kind, "list"]).stdout or "[]")}
            for kind in ("prog", "map", "link")}


# --- form -----------------------------------------------------------------------------------------


def test_formats_say_the_same(tracetop, lines):
    jsonl = [json.loads(line) for line in
             tt.run([tracetop, "check", "--format", "jsonl"]).stdout.splitlines()]
    table = list(csv.reader(io.StringIO(tt.run([tracetop, "check", "--format", "csv"]).stdout)))
    names = list(lines)
    assert [(line["group"], line["name"]) for line in jsonl] == names
    assert table[0] == FIELDS
    assert [tuple(row[:2]) for row in table[1:]] == names
    assert all(list(line) == FIELDS for line in jsonl)
    assert [row[2] for row in table[1:]] == [line["state"] for line in jsonl]


def test_text_is_aligned_and_wrapped(tracetop, lines):
    text = tt.run([tracetop, "check"], env=dict(os.environ, LC_ALL="C.UTF-8")).stdout
    rows = re.findall(r"^  (yes|no|partly) +(\S.*?)(?:  .*|)$", text, re.M)
    assert [name for _, name in rows] == [name for _, name in lines]
    assert [word for word, _ in rows] == [line["state"] for line in lines.values()]
    assert max(map(len, text.split("\n"))) <= 80
    # What explains stands under what it explains, and at no place else.
    states = [word for word, _ in rows]
    counts = [int(number) for number in re.findall(r"\d+", text.rstrip().split("\n")[-1])]
    assert counts == [states.count("yes"), states.count("partly"), states.count("no")]
    assert text.count("why: ") == text.count("do:  ") <= counts[1] + counts[2]
    assert "\x1b" not in text


def test_text_is_as_wide_as_the_terminal(tracetop):
    with tt.Screen(f"{tracetop} check | cat; {tracetop} check", columns=60, rows=50) as screen:
        shown = screen.wait("status=0")
    assert max(len(line.rstrip()) for line in shown.split("\n")) <= 60


def every_line_explains_itself(lines):
    for line in lines.values():
        assert line["state"] in ("yes", "partly", "no"), line
        assert line["purpose"], line
        if line["state"] == "yes":
            assert not line["reason"] and not line["remedy"], line
        else:
            assert line["reason"] and line["remedy"], line


def test_promise_45_every_no_has_a_reason_and_a_remedy(lines):
    every_line_explains_itself(lines)


def test_it_takes_less_than_two_seconds(tracetop):
    times = []
    for _ in range(3):
        begin = time.monotonic()
        tt.run([tracetop, "check"])
        times.append(time.monotonic() - begin)
    assert min(times) < 2, times


# --- others say so too ----------------------------------------------------------------------------


def test_capabilities_are_those_of_proc(lines):
    effective = int(re.search(r"^CapEff:\s*(\w+)", read("/proc/self/status"), re.M).group(1), 16)
    for name, number in CAPABILITIES.items():
        assert state(lines, "rights", name) == ("yes" if effective >> number & 1 else "no"), name


def test_a_dropped_capability_is_missed(tracetop):
    lines = check(tracetop, ["setpriv", "--bounding-set=-perfmon,-sys_admin"])
    assert state(lines, "rights", "CAP_PERFMON") == "no"
    assert "bounding set" in lines["rights", "CAP_PERFMON"]["reason"]
    assert state(lines, "perf", "system-wide") == ("yes" if int(
        read("/proc/sys/kernel/perf_event_paranoid")) <= 0 else "no")
    every_line_explains_itself(lines)


def test_lockdown_is_what_securityfs_says(lines):
    """Read in a mount namespace of its own, where securityfs can be mounted for the purpose."""
    text = tt.run(["unshare", "-m", "sh", "-c",
                   "mount -t securityfs securityfs /sys/kernel/security && "
                   "cat /sys/kernel/security/lockdown || echo '[none]'"]).stdout
    level = re.search(r"\[(\w+)\]", text).group(1)
    line = lines["rights", "not locked down"]
    assert line["detail"] == f"lockdown is {level}"
    assert line["state"] == {"none": "yes", "integrity": "partly", "confidentiality": "no"}[level]


def test_settings_are_those_of_proc(lines):
    for name in ("perf_event_paranoid", "kptr_restrict", "unprivileged_bpf_disabled",
                 "perf_event_mlock_kb", "perf_event_max_sample_rate"):
        value = read("/proc/sys/kernel/" + name).strip()
        assert f"kernel.{name} is {value}" in lines["rights", name]["detail"]
    shown = int(read("/proc/kallsyms").split(" ", 1)[0], 16) != 0
    assert state(lines, "rights", "kptr_restrict") == ("yes" if shown else "no")


@pytest.mark.parametrize("event", ["cycles", "instructions", "cache-references", "cache-misses", "branches",
                                   "branch-misses", "ref-cycles", "page-faults", "context-switches",
                                   "stalled-cycles-frontend", "stalled-cycles-backend"])
def test_events_are_those_that_perf_can_count(lines, event):
    done = tt.run(["perf", "stat", "-x,", "-e", event, "true"])
    fields = [line.split(",") for line in done.stderr.splitlines() if "," in line][0]
    assert state(lines, "perf", event) == ("no" if fields[0] == "<not supported>" else "yes"), fields


def test_a_tracepoint_is_opened_as_perf_opens_it(lines):
    done = tt.run(["perf", "stat", "-e", "task:task_rename", "true"], check=False)
    assert (state(lines, "perf", "tracepoint") == "yes") == (done.returncode == 0)


def test_program_types_are_those_that_bpftool_can_load(lines):
    probed = tt.run(["bpftool", "feature", "probe", "kernel"]).stdout
    for ours, theirs in (("tracepoint", "tracepoint"), ("raw_tp", "raw_tracepoint"),
                         ("perf_event", "perf_event")):
        assert (f"program_type {theirs} is available" in probed) == \
            (state(lines, "BPF", ours) == "yes"), ours
    for ours, theirs in (("ring buffer", "ringbuf"), ("stack trace map", "stack_trace"),
                         ("task storage", "task_storage"), ("hash map", "hash"),
                         ("per-CPU array", "percpu_array")):
        assert (f"map_type {theirs} is available" in probed) == \
            (state(lines, "BPF", ours) == "yes"), ours


def test_btf_is_there_or_not(lines):
    assert (state(lines, "BPF", "BTF") == "yes") == os.path.exists("/sys/kernel/btf/vmlinux")


@pytest.mark.parametrize("tracer", TRACERS)
def test_tracers_are_no_where_they_are_not_listed(lines, tracer):
    """A listed tracer is tried in an instance of the test's own, as far as that is harmless."""
    listed = tracer in read(TRACEFS + "/available_tracers").split()
    if not listed:
        assert state(lines, "ftrace", tracer) == "no"
        assert "CONFIG_" in lines["ftrace", tracer]["remedy"]
        return
    if tracer in ("osnoise", "timerlat", "mmiotrace"):
        assert state(lines, "ftrace", tracer) == "partly"
        assert "not tried" in lines["ftrace", tracer]["reason"]
        return
    instance = f"{TRACEFS}/instances/test-check-{os.getpid()}"
    os.mkdir(instance)
    try:
        expected = "yes"
        with open(instance + "/tracing_on", "w", encoding="ascii") as file:
            file.write("0")
        try:
            if tracer.startswith("function"):
                with open(instance + "/set_ftrace_filter", "w", encoding="ascii") as file:
                    file.write("ksys_sync")
            with open(instance + "/current_tracer", "w", encoding="ascii") as file:
                file.write(tracer)
            with open(instance + "/current_tracer", "w", encoding="ascii") as file:
                file.write("nop")
        except OSError as error:
            expected = "partly" if error.strerror == "Invalid argument" else "no"
    finally:
        os.rmdir(instance)
    assert state(lines, "ftrace", tracer) == expected


@pytest.mark.parametrize("name", ["kprobe_events", "uprobe_events", "synthetic_events"])
def test_dynamic_events_are_no_without_their_file(lines, name):
    ours = "synthetic events" if name == "synthetic_events" else name
    if not os.path.exists(f"{TRACEFS}/{name}"):
        assert state(lines, "ftrace", ours) == "no"
    elif name == "uprobe_events":
        assert state(lines, "ftrace", ours) == "yes"


@pytest.mark.parametrize("pmu", ["kprobe", "uprobe"])
def test_probe_pmus_are_no_where_sysfs_has_none(lines, pmu):
    there = os.path.exists(f"/sys/bus/event_source/devices/{pmu}")
    assert state(lines, "perf", f"{pmu} PMU") == ("yes" if there else "no")


def test_a_kernel_without_kprobes(lines):
    """What is known of such a kernel by hand, and not by the listing that is doubted."""
    if os.path.exists(TRACEFS + "/kprobe_events"):
        pytest.skip("this kernel has kprobes")
    for group, name in (("BPF", "kprobe"), ("BPF", "kprobe_multi"), ("ftrace", "kprobe_events")):
        assert state(lines, group, name) == "no"
    for group, name in (("BPF", "tp_btf"), ("BPF", "raw_tp"), ("BPF", "tracepoint"), ("BPF", "uprobe"),
                        ("BPF", "iter/task"), ("perf", "tracepoint"), ("perf", "uprobe PMU"),
                        ("perf", "system-wide"), ("perf", "call chains"), ("ftrace", "tracepoint"),
                        ("ftrace", "trace_pipe_raw"), ("ftrace", "uprobe_events")):
        assert state(lines, group, name) == "yes", (group, name)


def test_a_listed_tracer_is_not_a_usable_one(lines):
    try:
        with open(TRACEFS + "/set_ftrace_filter", "rb"):
            pytest.skip("function filters can be read here")
    except PermissionError:
        pass
    except FileNotFoundError:
        pytest.skip("this kernel has no function filters")
    assert "function" in read(TRACEFS + "/available_tracers").split()
    assert state(lines, "ftrace", "function") == "no"
    assert state(lines, "ftrace", "function filter") == "no"
    assert "EPERM" in lines["ftrace", "function"]["reason"]
    for name in ("fentry", "fexit"):
        assert state(lines, "BPF", name) == "no"
        assert "EPERM" in lines["BPF", name]["reason"]


# --- odd places -----------------------------------------------------------------------------------


def test_promise_45_nobody(tracetop):
    lines = check(tracetop, NOBODY)
    every_line_explains_itself(lines)
    assert state(lines, "rights", "root") == "no"
    for name in CAPABILITIES:
        assert state(lines, "rights", name) == "no"
    assert state(lines, "BPF", "tp_btf") == "no"
    if (os.stat(TRACEFS).st_mode & 0o077) == 0:
        assert state(lines, "ftrace", "tracefs") == "no"
        assert "EACCES" in lines["ftrace", "tracefs"]["reason"]
    done = tt.run([*NOBODY, "perf", "stat", "-x,", "-e", "cpu-clock:u", "true"], check=False)
    assert (state(lines, "perf", "cpu-clock") != "no") == (done.returncode == 0)


@pytest.mark.parametrize("caps", ["perfmon", "bpf", "bpf,perfmon", "sys_ptrace", "syslog", "sys_admin",
                                  "dac_read_search", "dac_override"])
def test_promise_45_single_capabilities(tracetop, caps):
    """A user who has these and no others."""
    given = ",".join("+" + cap for cap in caps.split(","))
    lines = check(tracetop, [*NOBODY, "--inh-caps=" + given, "--ambient-caps=" + given])
    every_line_explains_itself(lines)
    for name in CAPABILITIES:
        assert state(lines, "rights", name) == ("yes" if name[4:].lower() in caps.split(",") else "no")
    samples = bool({"perfmon", "sys_admin"} & set(caps.split(",")))
    assert state(lines, "perf", "system-wide") == ("yes" if samples or int(
        read("/proc/sys/kernel/perf_event_paranoid")) <= 0 else "no")
    programs = caps in ("bpf,perfmon", "sys_admin")
    assert (state(lines, "BPF", "tp_btf") == "yes") == programs
    assert state(lines, "perf", "ksymbol") == ("yes" if programs else "partly" if samples else "no")


def in_namespace(tracetop, before):
    """In a mount namespace of its own, after a command; the lines, and what is mounted then."""
    script = f'{before} && "$0" check --format jsonl && cat /proc/self/mounts 2>/dev/null; true'
    done = tt.run(["unshare", "-m", "sh", "-c", script, tracetop])
    ours = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    mounts = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    return {(line["group"], line["name"]): line for line in ours}, mounts


def test_promise_45_tracefs_is_not_mounted(tracetop, lines):
    found, mounts = in_namespace(
        tracetop, "umount -a -t tracefs 2>/dev/null; ! grep -q ' tracefs ' /proc/self/mounts")
    assert state(found, "ftrace", "tracefs") == "partly"
    assert "mount -t tracefs" in found["ftrace", "tracefs"]["remedy"]
    assert not [line for line in mounts if " tracefs " in line], "it was mounted"
    for key, line in found.items():  # everything else was found out all the same
        if key != ("ftrace", "tracefs"):
            assert line["state"] == lines[key]["state"], line
    every_line_explains_itself(found)


def test_promise_45_tracefs_is_read_only(tracetop):
    found, _ = in_namespace(tracetop, f"mount -o bind {TRACEFS} {TRACEFS} && mount -o remount,bind,ro {TRACEFS}")
    every_line_explains_itself(found)
    assert state(found, "ftrace", "tracefs") == "yes"
    assert state(found, "ftrace", "own instance") == "no"
    assert "read-only" in found["ftrace", "own instance"]["reason"]


@pytest.mark.parametrize("before", ["umount -l /sys", "mount -t tmpfs none /proc", "mount -t tmpfs none /sys",
                                    "mount --bind /dev/null /proc/kallsyms",
                                    "mount --bind /dev/null /sys/kernel/notes"])
def test_promise_45_parts_of_the_system_are_missing(tracetop, before):
    found, _ = in_namespace(tracetop, before)
    every_line_explains_itself(found)
    if "kallsyms" in before:
        assert state(found, "rights", "kptr_restrict") == "no"
    if "notes" in before:
        assert state(found, "resolving", "kernel build id") == "no"


def test_promise_45_namespaces_are_told(tracetop):
    inside = check(tracetop, ["unshare", "--pid", "--fork", "--mount-proc"])
    assert state(inside, "rights", "pid namespace") == "partly"
    assert "--pid=host" in inside["rights", "pid namespace"]["remedy"]
    every_line_explains_itself(inside)
    # In a chroot the kernel makes no user namespaces.
    if not tt.run(["unshare", "--user", "true"], check=False).returncode:
        rootless = check(tracetop, ["unshare", "--user", "--map-root-user"])
        assert state(rootless, "rights", "user namespace") == "no"
        every_line_explains_itself(rootless)


def test_promise_45_kptr_restrict(tracetop):
    path = "/proc/sys/kernel/kptr_restrict"
    before = read(path)
    try:
        for value in ("0", "1", "2"):
            with open(path, "w", encoding="ascii") as file:
                file.write(value)
            line = check(tracetop)["rights", "kptr_restrict"]
            assert line["detail"].startswith(f"kernel.kptr_restrict is {value}")
            assert line["state"] == ("no" if value == "2" else "yes")
            assert value != "2" or line["remedy"] == "sysctl kernel.kptr_restrict=1"
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


def test_promise_45_perf_event_paranoid(tracetop):
    path = "/proc/sys/kernel/perf_event_paranoid"
    before = read(path)
    try:
        for value, system_wide, own in (("-1", "yes", "yes"), ("1", "no", "yes"), ("2", "no", "partly")):
            with open(path, "w", encoding="ascii") as file:
                file.write(value)
            lines = check(tracetop, NOBODY)
            assert state(lines, "perf", "system-wide") == system_wide, value
            assert state(lines, "perf", "cpu-clock") == own, value
            assert state(lines, "rights", "perf_event_paranoid") == \
                ("yes" if system_wide == "yes" else "partly"), value
            every_line_explains_itself(lines)
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


def test_a_lower_sample_rate_is_told(tracetop):
    """Set low and put back: the kernel does so itself when sampling takes too long."""
    path = "/proc/sys/kernel/perf_event_max_sample_rate"
    before = read(path)
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write("1000")
        line = check(tracetop)["rights", "perf_event_max_sample_rate"]
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)
    assert line["state"] == "partly"
    assert "EINVAL" in line["reason"] and "max_sample_rate" in line["remedy"]


# --- as found -------------------------------------------------------------------------------------


def ended(before, after):
    """What is there and was not, of our name."""
    return {kind: {entry for entry in after[kind] - before[kind] if entry[1] == "tracetop_check"}
            for kind in after}


def test_promise_25_check_leaves_nothing(tracetop):
    trace, bpf, mounts = tracefs_state(), bpf_state(), read("/proc/self/mounts")
    tt.run([tracetop, "check"])
    assert tracefs_state() == trace
    assert read("/proc/self/mounts") == mounts
    # The kernel frees programs and maps a moment after their descriptors are closed.
    tt.wait_until(lambda: not any(ended(bpf, bpf_state()).values()), what="the end of its programs")


def test_promise_46_readonly_writes_in_its_own_instance_only(tracetop, lines, tmp_path):
    """Every file of tracefs that is opened for writing lies below the folder of the instance."""
    trace = tmp_path / "trace"
    tt.run(["strace", "-f", "-y", "-e", "trace=openat,mkdirat,unlinkat", "-o", trace,
            tracetop, "check", "--readonly"])
    written = [line for line in trace.read_text().splitlines()
               if "/tracing" in line and re.search(r"O_WRONLY|O_RDWR|mkdirat|unlinkat", line)]
    assert len(written) > 10
    for line in written:
        assert "/instances/tracetop." in line or 'at(' in line and '"instances/tracetop.' in line, line
    quiet = {(line["group"], line["name"]): line for line in json.loads(
        tt.run([tracetop, "check", "--readonly", "--format", "json"]).stdout)["check"]}
    every_line_explains_itself(quiet)
    changed = {key for key in lines if lines[key]["state"] != quiet[key]["state"]}
    assert changed <= {("ftrace", "kprobe_events"), ("ftrace", "uprobe_events"),
                       ("ftrace", "synthetic events")}


def test_a_signal_in_the_middle_leaves_nothing(tracetop):
    before = tracefs_state()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = subprocess.Popen([tracetop, "check"], stdout=subprocess.DEVNULL)
        tt.wait_until(lambda: len(os.listdir(TRACEFS + "/instances")) > len(before["instances"])
                      or process.poll() is not None, what="its instance")
        process.send_signal(number)
        process.wait(timeout=10)
        assert tracefs_state() == before


def kill_in_the_middle(tracetop):
    """Kills it while its instance is there; the instance's name, or None if it was too late."""
    before = set(os.listdir(TRACEFS + "/instances"))
    process = subprocess.Popen([tracetop, "check"], stdout=subprocess.DEVNULL)
    tt.wait_until(lambda: set(os.listdir(TRACEFS + "/instances")) - before
                  or process.poll() is not None, what="its instance")
    process.kill()
    process.wait(timeout=10)
    left = set(os.listdir(TRACEFS + "/instances")) - before
    return left.pop() if left else None


def test_promise_26_the_next_start_removes_what_a_killed_one_left(tracetop):
    before = tracefs_state()
    name = None
    for _ in range(10):
        name = name or kill_in_the_middle(tracetop)
    assert name, "it was never killed in time"
    assert re.fullmatch(r"tracetop\.\d+\.\d+\.\d+", name)
    tt.run([tracetop, "check"])
    assert tracefs_state() == before


def test_promise_28_instances_of_others_stay(tracetop):
    """Of one that lives, of another pid namespace, and of one that is none of ours."""
    namespace = re.search(r"\d+", os.readlink("/proc/self/ns/pid")).group(0)
    start = read("/proc/self/stat").rsplit(")", 1)[1].split()[19]
    names = [f"tracetop.{namespace}.{os.getpid()}.{start}", "tracetop.1.999999.1", "tracetop.test",
             f"other.{namespace}.999999.1"]
    gone = f"tracetop.{namespace}.{os.getpid()}.{int(start) + 1}"  # its pid is ours by now
    made = []
    try:
        for name in [*names, gone]:
            os.mkdir(f"{TRACEFS}/instances/{name}")
            made.append(name)
        tt.run([tracetop, "check"])
        there = os.listdir(TRACEFS + "/instances")
        assert set(names) <= set(there)
        assert gone not in there
    finally:
        for name in made:
            if os.path.isdir(f"{TRACEFS}/instances/{name}"):
                os.rmdir(f"{TRACEFS}/instances/{name}")


def test_promise_26_probes_of_killed_ones_are_removed(tracetop):
    """A uprobe event in the group of a tracetop that is gone goes; one of a living one stays."""
    namespace = re.search(r"\d+", os.readlink("/proc/self/ns/pid")).group(0)
    start = read("/proc/self/stat").rsplit(")", 1)[1].split()[19]
    mine = f"tracetop_{namespace}_{os.getpid()}_{start}/test"
    gone = f"tracetop_{namespace}_{os.getpid()}_{int(start) + 1}/test"

    def write(text):
        fd = os.open(TRACEFS + "/uprobe_events", os.O_WRONLY)  # truncating would remove others'
        os.write(fd, text.encode() + b"\n")
        os.close(fd)

    for name in (mine, gone):
        write(f"p:{name} /bin/sh:0x1000")
    try:
        tt.run([tracetop, "check"])
        events = read(TRACEFS + "/uprobe_events")
        assert mine in events
        assert gone not in events
    finally:
        for name in (mine, gone):
            if name in read(TRACEFS + "/uprobe_events"):
                write(f"-:{name}")


def test_promise_29_several_at_once(tracetop):
    before = tracefs_state()
    running = [subprocess.Popen([tracetop, "check", "--format", "json"], stdout=subprocess.PIPE, text=True)
               for _ in range(5)]
    for process in running:
        out, _ = process.communicate(timeout=60)
        found = json.loads(out)["check"]
        assert process.returncode == 0
        states = {(line["group"], line["name"]): line["state"] for line in found}
        assert states["ftrace", "own instance"] == states["ftrace", "trace_pipe_raw"] == "yes"
    assert tracefs_state() == before


# --- output that cannot be written ----------------------------------------------------------------


def test_a_full_disk_is_told(tracetop):
    before = tracefs_state()
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([tracetop, "check"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert tracefs_state() == before


def test_a_reader_that_leaves_early_leaves_nothing_behind(tracetop):
    before = tracefs_state()
    tt.run(["sh", "-c", '"$0" check --format jsonl | head -n 1', tracetop])
    tt.wait_until(lambda: tracefs_state() == before, what="the end of its instance")
