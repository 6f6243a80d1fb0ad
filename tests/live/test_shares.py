# SPDX-License-Identifier: GPL-2.0-or-later
"""Known shares: three functions that take 50, 30 and 20 %, in every kind of binary, beside perf."""
import os
import re
import shutil
import signal

import pytest
import tt
from loads import FREQUENCY, Load, PerfRecord, Recording, build_c, source

SAMPLES = 10000           # of each load, at least
SECONDS = 1.15 * SAMPLES / FREQUENCY
POINTS = 2                # that a share may differ from perf report's

# How the load is built: names here are the tests' names.
C_BUILDS = {
    "no_pie": ["-no-pie"],
    "pie": ["-pie", "-fPIE"],
    "static": ["-static", "-no-pie"],
    "static_pie": ["-static-pie", "-fPIE"],
    "base_address": ["-no-pie", "-Wl,-Ttext-segment=0x10000000"],
    "text_elsewhere": ["-no-pie", "-Wl,-Ttext=0x5550040"],
    "one_segment": ["-pie", "-fPIE", "-Wl,-z,noseparate-code"],
    "lld": ["-pie", "-fPIE", "-fuse-ld=lld"],
    "no_build_id": ["-pie", "-fPIE", "-Wl,--build-id=none"],
}
LIBRARIES = {
    "library": ["-Wl,-z,separate-code"],
    "library_one_segment": ["-Wl,-z,noseparate-code"],
    "library_prelinked": ["-Wl,-Ttext-segment=0x7000000"],
    "library_of_large_pages": ["-Wl,-z,max-page-size=0x200000"],
}
RUST = {"rust_v0": "v0", "rust_legacy": "legacy"}


def build_library(folder, name, flags, *defines):
    """A program that has its functions in a library beside it."""
    folder.mkdir(exist_ok=True)
    library = folder / "libburn.so"
    build_c(library, "-shared", "-fPIC", *flags, *defines, sources=["load_burn.c"])
    return build_c(folder / name, str(library), "-Wl,-rpath,$ORIGIN", sources=["load_main.c"])


def build_rust(path, mangling):
    """Both manglings are there in every version; naming one is not stable in all."""
    tt.run(["rustc", "-O", "-C", f"symbol-mangling-version={mangling}", "-Z", "unstable-options", "-C",
            "force-frame-pointers=yes", "--crate-name", "load", source("load.rs"), "-o", path],
           env=dict(os.environ, RUSTC_BOOTSTRAP="1"))
    return path


def start_in_namespace(folder):
    """A program that only its own mount namespace has; here another build of it has its path."""
    inside = folder / "inside"
    inside.mkdir()
    build_c(inside / "load", "-DROTATE")
    build_c(folder / "hidden")
    script = 'mount -t tmpfs tmpfs "$1" && cp "$2" "$1/load" && exec "$1/load" "$3"'
    return Load(["unshare", "-m", "sh", "-c", script, "sh", inside, folder / "hidden"], SECONDS)


def start_replaced(folder):
    """A program whose path is another build's by the time it burns."""
    shutil.copy(build_c(folder / "load"), folder / "kept")
    build_c(folder / "other", "-DROTATE")
    load = Load([folder / "load"], SECONDS)
    os.rename(folder / "other", folder / "load")
    return load


def start_replaced_library(folder):
    program = build_library(folder / "now", "load", [])
    shutil.copy(folder / "now" / "libburn.so", folder / "kept")
    build_library(folder / "next", "load", [], "-DROTATE")
    load = Load([program], SECONDS)
    os.rename(folder / "next" / "libburn.so", folder / "now" / "libburn.so")
    return load


def start_deleted(folder):
    shutil.copy(build_c(folder / "load"), folder / "kept")
    load = Load([folder / "load"], SECONDS)
    os.unlink(folder / "load")
    return load


MOVED = {"other_namespace": start_in_namespace, "deleted": start_deleted, "replaced": start_replaced,
         "replaced_library": start_replaced_library}
LATE = "started_while_recording"
MISSING = [] if shutil.which("ld.lld") else ["lld"]
ALL = [*C_BUILDS, *LIBRARIES, "cplusplus", *RUST, *MOVED, LATE]


def start(variant, folder):
    """Builds and starts a load; it waits for its word."""
    folder.mkdir()
    path = folder / "load"
    if variant in MOVED:
        return MOVED[variant](folder)
    if variant in LIBRARIES:
        return Load([build_library(folder, "load", LIBRARIES[variant])], SECONDS)
    if variant in RUST:
        return Load([build_rust(path, RUST[variant])], SECONDS)
    if variant == "cplusplus":
        return Load([tt.compile_c(source("load.cc"), path, "-O2", compiler="g++")], SECONDS)
    return Load([build_c(path, *C_BUILDS.get(variant, []))], SECONDS)


class Measured:
    """All loads under one recording of tracetop and one of perf, which ran at the same time."""

    def __init__(self, tracetop, folder):
        self.tracetop = tracetop
        self.folder = folder
        self.capture = folder / "shares.tt"
        self.loads = {variant: start(variant, folder / variant) for variant in ALL
                      if variant != LATE and variant not in MISSING}
        with Recording(tracetop, self.capture, "-F", FREQUENCY, "-g", "none") as recording, \
                PerfRecord(folder / "shares.perf", "-a", "-e", "cpu-clock", "-F", FREQUENCY) as perf:
            self.loads[LATE] = start(LATE, folder / LATE)
            for load in self.loads.values():
                load.go()
            for load in self.loads.values():
                load.wait()
            recording.stop()
            perf.stop()
            self.perf = perf
            self.perf_symbols = perf.symbols()

    def rows(self, variant):
        """tracetop's rows of symbols of one load."""
        shown = tt.show(self.tracetop, "symbols", "-r", self.capture, "-f",
                        f"proc.pid = {self.loads[variant].pid}")
        return shown[0]["rows"]

    def end(self):
        for load in self.loads.values():
            load.end()


@pytest.fixture(scope="module")
def measured(tracetop, tmp_path_factory):
    measured = Measured(tracetop, tmp_path_factory.mktemp("shares"))
    yield measured
    measured.end()


def counts_of(load, samples):
    """Samples of the load's own functions, by the names of its table."""
    # How v0 writes a method, and how Rust itself does.
    plain = {name.replace("<load::inner::Burner>", "load::inner::Burner"): count
             for name, count in samples.items()}
    return {name: plain.get(name, 0) for name in load.table}


def spelled(load, samples):
    """Names of perf, some releases of which demangle less, or say what a function takes, by the load's table."""
    names = list(samples)
    plain = tt.run(["c++filt"], input="\n".join(names) + "\n").stdout.split("\n")
    result = {}
    for name, shown in zip(names, plain):
        shown = re.sub(r"\[[0-9a-f]+\]", "", shown).replace("<load::inner::Burner>", "load::inner::Burner")
        wanted = next((one for one in load.table if re.search(rf"(^|\s){re.escape(one)}($|[(\s])", shown)), name)
        result[wanted] = result.get(wanted, 0) + samples[name]
    return result


def perf_counts(measured, variant):
    """perf report's samples of a load's functions, and of all that the process did."""
    samples = measured.perf_symbols[measured.loads[variant].pid]
    kept = measured.folder / variant / "kept"
    if kept.exists():
        # perf has no names of files that are gone: what it shows then is an address in the file.
        functions = functions_of(kept)
        named = {}
        for name, count in samples.items():
            at = int(name, 16) if name.startswith("0x") else -1
            name = next((f for f, start, size in functions if start <= at < start + size), name)
            named[name] = named.get(name, 0) + count
        samples = named
    load = measured.loads[variant]
    return counts_of(load, spelled(load, samples)), sum(samples.values())


def functions_of(path):
    lines = tt.run(["nm", "-S", path]).stdout.splitlines()
    parts = [line.split() for line in lines if len(line.split()) == 4]
    return [(name, int(start, 16), int(size, 16)) for start, size, _, name in parts]


@pytest.mark.parametrize("variant", ALL)
def test_known_shares(measured, variant):
    """Names are the load's own, shares perf report's."""
    if variant in MISSING:
        pytest.skip("the linker lld is not installed")
    load = measured.loads[variant]
    rows = measured.rows(variant)
    counted = sum(row["sample.count"] for row in rows)
    assert counted >= SAMPLES
    names = [row["symbol.name"] for row in rows]
    assert len(names) == len(set(names)) or variant == LATE, "a function has two rows"
    percent = counts_of(load, {row["symbol.name"]: row["sample.percent"] for row in rows})
    theirs, all_of_perf = perf_counts(measured, variant)
    for name, known in load.table.items():
        by_perf = 100 * theirs[name] / all_of_perf
        assert abs(percent[name] - by_perf) < POINTS, f"{name}: perf report says {by_perf}"
        of_the_load = 100 * percent[name] / sum(percent.values())
        assert abs(of_the_load - known) < POINTS, f"{name}: the load says {known}"
    assert {row["dso.name"].replace(" (deleted)", "") for row in rows[:3]} <= {"load", "libburn.so"}
    assert all(row["symbol.doubt"] is None for row in rows[:3])


def test_builds_are_what_they_are_called(measured):
    """The layouts differ as they are meant to."""
    def header(variant, name="load"):
        return tt.run(["readelf", "-hWl", measured.folder / variant / name]).stdout

    assert "EXEC" in header("no_pie") and "DYN" in header("pie")
    assert "INTERP" not in header("static") and "EXEC" in header("static")
    assert "INTERP" not in header("static_pie") and "DYN" in header("static_pie")
    assert "0x0000000010000000" in header("base_address")
    assert "0x0000000007000000" in header("library_prelinked", "libburn.so")
    assert "Build ID" not in tt.run(["readelf", "-nW", measured.folder / "no_build_id" / "load"]).stdout
    rust = [tt.run(["nm", measured.folder / name / "load"]).stdout for name in RUST]
    assert "_RNvMNt" in rust[0] and "_ZN4load5inner" in rust[1]


def test_shares_live(tracetop, measured, tmp_path):
    """show without a capture prints the same shares."""
    with Load([build_c(tmp_path / "load")], 60) as load:
        load.go()
        shown = tt.show(tracetop, "symbols", "--duration", "1.5", "-F", "2000", "-f",
                        f"proc.pid = {load.pid}")[0]
        percent = {row["symbol.name"]: row["sample.percent"] for row in shown["rows"]}
        for name, known in load.table.items():
            assert abs(percent[name] - known) < 2 * POINTS


def gone(tracetop, folder, replace, *flags):
    """A program that ran and ended, and whose path was taken, before tracetop came to look."""
    build_c(folder / "load", *flags)
    build_c(folder / "other", "-DROTATE", *flags)
    with Recording(tracetop, folder / "gone.tt", "-F", "2000") as recording:
        os.kill(recording.process.pid, signal.SIGSTOP)
        load = Load([folder / "load"], 0.3)
        load.go()
        load.wait()
        load.end()
        replace(folder / "other", folder / "load")
        os.kill(recording.process.pid, signal.SIGCONT)
        recording.stop()
    rows = tt.show(tracetop, "symbols", "-r", folder / "gone.tt", "-f", f"proc.pid = {load.pid}")[0]["rows"]
    return [row for row in rows if row["dso.name"] == "load"]


@pytest.mark.parametrize("build_id", ["build_id", "no_build_id"])
def test_never_a_name_of_another_build(tracetop, tmp_path, build_id):
    """Gone and replaced: addresses, and the word replaced."""
    flags = ["-Wl,--build-id=none"] if build_id == "no_build_id" else []
    rows = gone(tracetop, tmp_path, os.rename, *flags)
    assert sum(row["sample.count"] for row in rows) > 300
    assert not any("burn" in row["symbol.name"] for row in rows)
    assert {row["symbol.doubt"] for row in rows} == {"replaced"}


def test_a_name_that_nothing_proves_says_unverified(tracetop, tmp_path):
    """Written over in place, without a build id: it may be, so it is marked."""
    rows = gone(tracetop, tmp_path, shutil.copyfile, "-Wl,--build-id=none")
    assert {row["symbol.doubt"] for row in rows} == {"unverified"}


def test_a_stripped_program_says_so(tracetop, tmp_path):
    """No name is made up for what has no symbol; the row says why."""
    with Load([build_c(tmp_path / "load", "-s")], 60) as load:
        load.go()
        shown = tt.show(tracetop, "symbols", "--duration", "0.5", "-F", "999", "-f",
                        f"proc.pid = {load.pid} and dso.name = load")[0]
    assert sum(row["sample.count"] for row in shown["rows"]) > 100
    assert {row["symbol.doubt"] for row in shown["rows"]} == {"stripped"}
    assert all(row["symbol.name"].startswith("[no symbol] 0x") for row in shown["rows"])
