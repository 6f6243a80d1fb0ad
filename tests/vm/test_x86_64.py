# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with Debian's kernel on x86_64: no PMU, but kprobes, fentry and all rights."""
import json
import re

import pytest
import tt

BURNERS = {"burn_half", "burn_third", "burn_fifth"}
KERNEL_LOAD = "dd if=/dev/zero of=/dev/null bs=64k >/dev/null 2>&1 & echo $!"
RATE = "/proc/sys/kernel/perf_event_max_sample_rate"


def show(guest, view, *options):
    done = guest.run(" ".join(["tracetop", "show", view, "--format", "json", *options]))
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def symbols(x86_64):
    """What is shown of a load that is the program's own, and one that is the kernel's."""
    pid = x86_64.run(KERNEL_LOAD).stdout.strip()
    try:
        with x86_64.load():
            return show(x86_64, "symbols", "--duration", "6", "-F", "499")
    finally:
        x86_64.run(f"kill {pid}")


def test_without_a_pmu_it_samples_the_clock(symbols):
    assert symbols["event"] == "cpu-clock"
    assert symbols["records"] > 100 and symbols["lost"] == 0


def test_functions_of_a_program_that_ran_before(x86_64, symbols):
    """Its mappings are read as text where the kernel, as Debian 12's, has no PROCMAP_QUERY."""
    of_load = {row["symbol.name"]: row for row in symbols["rows"] if row["dso.name"] == "load"}
    assert BURNERS <= set(of_load)
    assert all(row["symbol.doubt"] is None for row in of_load.values())
    line = x86_64.checked["resolving", "PROCMAP_QUERY"]
    if x86_64.release >= (6, 11):
        assert line["state"] == "yes", line
    else:
        assert line["state"] == "no" and "6.11" in line["remedy"], line


def test_functions_of_the_kernel(x86_64, symbols):
    """Its names are those that the guest's kernel says it has; code without one is a filter's, and rare."""
    names = {line.split()[2] for line in x86_64.run("cat /proc/kallsyms").stdout.splitlines()}
    of_kernel = {row["symbol.name"]: row["sample.percent"] for row in symbols["rows"]
                 if row["symbol.space"] == "k" and row["dso.name"] == "[kernel]"}
    # What is made of a seccomp filter has no name: it is told by where it lies, between two that have.
    unnamed = {name for name in of_kernel if name.startswith("[no symbol] ")}
    assert len(of_kernel) > len(unnamed) and set(of_kernel) - unnamed <= names
    assert sum(of_kernel[name] for name in unnamed) < 1


def test_processes_are_narrowed_in_the_kernel(x86_64):
    """-p: a BPF program is on the event, and samples of others do not reach the capture."""
    with x86_64.load() as wanted, x86_64.load() as other:
        pid = x86_64.run(f"tracetop record -w /tmp/narrow.tt -F 499 -p {wanted} --duration 3 >/dev/null 2>&1 & "
                         "echo $!").stdout.strip()
        x86_64.run(f"until grep -q prog_type /proc/{pid}/fdinfo/* 2>/dev/null; do sleep 0.1; done", timeout=10)
        x86_64.run(f"while [ -d /proc/{pid} ]; do sleep 0.1; done")
        shown = show(x86_64, "processes", "-r", "/tmp/narrow.tt")
    pids = {row["proc.pid"]: row["sample.count"] for row in shown["rows"]}
    assert pids[wanted] > 100 and other not in pids
    assert set(pids) == {wanted}


def test_what_this_kernel_allows(x86_64):
    """Of all that can be probed, what the development machines' kernel has not."""
    lines = x86_64.checked
    for group, name in [("perf", "kprobe PMU"), ("ftrace", "kprobe_events"), ("ftrace", "function"),
                        ("ftrace", "hist trigger"), ("ftrace", "synthetic events"), ("ftrace", "snapshot"),
                        ("BPF", "kprobe"), ("BPF", "fentry"), ("BPF", "fexit"), ("perf", "mmap2 build id"),
                        ("rights", "not locked down")]:
        assert lines[group, name]["state"] == "yes", lines[group, name]
    assert lines["perf", "cycles"]["state"] == "no"
    # An instance of its own cannot have it before.
    assert lines["ftrace", "function_graph"]["state"] == ("yes" if x86_64.release >= (6, 11) else "partly")


def test_probing_left_no_trace(x86_64):
    """Neither instances nor probes nor programs remain of a check with all rights."""
    look = ("cd /sys/kernel/tracing; ls instances; cat dynamic_events current_tracer set_event tracing_on "
            "set_ftrace_filter buffer_size_kb trace_clock; cat enabled_functions | wc -l")
    before = x86_64.run(look).stdout
    x86_64.run("tracetop check")
    assert x86_64.run(look).stdout == before


def test_build_ids_of_mappings(x86_64):
    """A mapping that is made while it records is known by its build id, which is the file's."""
    assert x86_64.checked["perf", "mmap2 build id"]["state"] == "yes"
    notes = tt.run(["readelf", "-n", x86_64.load_program]).stdout
    build_id = re.search(r"Build ID: (\w+)", notes).group(1)
    x86_64.run("tracetop record -w /tmp/ids.tt -F 499 -- sh -c 'echo go | load 2'")
    shown = show(x86_64, "symbols", "-r", "/tmp/ids.tt", "-f", f"'dso.build_id = \"{build_id}\"'")
    assert BURNERS <= {row["symbol.name"] for row in shown["rows"]}
    assert {row["dso.name"] for row in shown["rows"]} == {"load"}


def test_throttling_is_counted_and_shown(x86_64):
    """The kernel pauses an event when its rate is over the limit, which it also lowers by itself."""
    assert x86_64.run("cat /proc/sys/kernel/perf_cpu_time_max_percent").stdout.strip() == "25"
    rate = x86_64.run("cat " + RATE).stdout.strip()
    with x86_64.load(), x86_64.screen() as screen:
        screen.type("clear; tracetop -F 2000; echo status=$?")
        screen.keys("Enter")
        screen.wait("burn_half", timeout=60)
        try:
            x86_64.run(f"echo 250 >{RATE}")
            screen.wait(lambda text: "THROTTLED" in text.split("\n")[0], timeout=30)
            screen.keys("!")
            counted = screen.wait("times throttled")
            screen.keys("Escape")
        finally:
            x86_64.run(f"echo {rate} >{RATE}")
        assert int(re.search(r"times throttled: (\d+)", counted).group(1)) > 0
        screen.keys("F10")
        screen.wait("status=0")
