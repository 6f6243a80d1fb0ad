# SPDX-License-Identifier: GPL-2.0-or-later
"""tracetop list: events are those of perf, sysfs and tracefs, and what cannot be opened says so;
views and fields are those that can be used.
"""
import csv
import io
import json
import os
import re
import subprocess

import pytest

import tt

TRACEFS = "/sys/kernel/tracing"
PMUS = "/sys/bus/event_source/devices"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
COLUMNS = {"events": ["name", "alias", "group", "why_not"],
           "views": ["id", "name", "help", "file"],
           "fields": ["name", "class", "type", "unit", "records", "help"],
           "keys": ["keys", "help"]}
TRACEPOINT = "Tracepoint event"
# Its own mount namespace, where tracefs is mounted nowhere; then the command.
WITHOUT_TRACEFS = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                   "for at in $(awk '$3 == \"tracefs\" { print $2 }' /proc/self/mounts); do umount $at; done;"
                   " exec \"$@\"", "sh"]


def listed(tracetop, what, *words, before=(), **kwargs):
    """The entries, and the standard error output."""
    done = tt.run([*before, tracetop, "list", what, *words, "--format", "json"], **kwargs)
    return json.loads(done.stdout)[what], done.stderr


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def events(tracetop):
    entries, complaints = listed(tracetop, "events")
    assert complaints == ""
    return entries


def group(entries, *names):
    return {entry["name"]: entry for entry in entries if entry["group"] in names}


# --- events ---------------------------------------------------------------------------------------


def test_tracepoints_are_those_of_tracefs(events):
    wanted = set(read(TRACEFS + "/available_events").split())
    assert set(group(events, TRACEPOINT)) == wanted
    assert all(entry["why_not"] is None for entry in group(events, TRACEPOINT).values())


def test_events_of_pmus_are_those_of_sysfs(events):
    wanted = {f"{pmu}/{name}/" for pmu in os.listdir(PMUS) if os.path.isdir(f"{PMUS}/{pmu}/events")
              for name in os.listdir(f"{PMUS}/{pmu}/events") if "." not in name}
    assert set(group(events, "Kernel PMU event")) == wanted


@pytest.mark.parametrize("kind, name", (("sw", "Software event"), ("hw", "Hardware event"),
                                        ("cache", "Hardware cache event")))
def test_what_perf_lists_is_listed(events, kind, name):
    """perf leaves out what it cannot open; aliases are the same two."""
    done = tt.run(["perf", "list", kind], check=False)
    theirs = {frozenset(names.split(" OR ")) for names, of in
              re.findall(r"^  (\S.*?)\s+\[(.*)\]$", done.stdout, re.M) if of == name}
    ours = {frozenset(filter(None, (entry["name"], entry["alias"]))): entry
            for entry in group(events, name).values()}
    tools = {names for names in theirs if names & {"duration_time", "user_time", "system_time"}}
    assert {names for names, entry in ours.items() if not entry["why_not"]} == theirs - tools


def counted(names, before=()):
    """Of these events, those that perf stat counts on all CPUs."""
    found = set()
    for name in names:
        done = tt.run([*before, "perf", "stat", "-a", "-x;", "-e", name, "--", "true"], check=False)
        if done.returncode == 0 and re.search(r"^\d", done.stderr, re.M):
            found.add(name)
    return found


def test_what_cannot_be_opened_says_why(events):
    tried = {entry["name"]: entry["why_not"] for entry in events if entry["group"] != TRACEPOINT}
    works = counted(tried)
    assert {name for name, why in tried.items() if why is None} == works
    assert all(why.strip() for why in tried.values() if why is not None)


def test_formats_say_the_same(tracetop, events):
    rows = tt.run([tracetop, "list", "events", "--format", "jsonl"]).stdout.splitlines()
    assert [json.loads(row) for row in rows] == events
    table = list(csv.reader(io.StringIO(tt.run([tracetop, "list", "events", "--format", "csv"]).stdout)))
    assert table[0] == COLUMNS["events"]
    assert table[1:] == [[entry[name] or "" for name in COLUMNS["events"]] for entry in events]


def from_text(text):
    """Entries of the list for people: names, group and the reason that the number stands for."""
    body, _, notes = text.partition("\n\n")
    reasons = [" ".join(note.split()) for note in
               re.split(r"^\(\d+\) cannot be opened here: ", notes, flags=re.M)[1:]]
    for line in body.splitlines():
        names, of, number = re.fullmatch(r"  (\S.*?)\s+\[(.*)\](?: \((\d+)\))?", line).groups()
        yield names, of, reasons[int(number) - 1] if number else None


@pytest.mark.parametrize("before", ((), tuple(NOBODY)), ids=("root", "nobody"))
def test_text_says_the_same(tracetop, before):
    entries, _ = listed(tracetop, "events", before=before)
    text = tt.run([*before, tracetop, "list", "events"]).stdout
    assert list(from_text(text)) == [
        (entry["name"] + (f" OR {entry['alias']}" if entry["alias"] else ""), entry["group"],
         entry["why_not"] and " ".join(entry["why_not"].split())) for entry in entries]
    notes = text.partition("\n\n")[2]
    assert all(len(line) <= 80 for line in notes.splitlines())


def test_as_nobody(tracetop, events):
    paranoid = int(read("/proc/sys/kernel/perf_event_paranoid"))
    entries, complaints = listed(tracetop, "events", before=NOBODY)
    assert [entry["name"] for entry in entries] == [
        entry["name"] for entry in events if entry["group"] != TRACEPOINT]
    assert re.search(r"tracepoints are left out: tracefs cannot be read: run as root", complaints)
    if paranoid < 1:
        pytest.skip(f"kernel.perf_event_paranoid is {paranoid}: nobody may sample the machine here")
    for entry in entries:
        assert "Permission denied" in entry["why_not"] and "perf_event_paranoid" in entry["why_not"]
    # perf is refused likewise.
    assert counted(["cpu-clock"], NOBODY) == set()


def test_without_tracefs(tracetop, events):
    """Nobody is told what to mount; root has it mounted, here in a namespace that goes with it."""
    mounts = read("/proc/self/mounts")
    entries, complaints = listed(tracetop, "events", before=[*WITHOUT_TRACEFS, *NOBODY])
    assert not group(entries, TRACEPOINT) and len(entries) > 20
    assert re.search(r"tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing", complaints)
    entries, complaints = listed(tracetop, "events", before=WITHOUT_TRACEFS)
    assert [entry["name"] for entry in entries] == [entry["name"] for entry in events]
    assert complaints == ""
    assert read("/proc/self/mounts") == mounts


def test_an_event_that_is_listed_is_sampled(tracetop, events):
    """One of each group that works here, by its name and by its other name."""
    names = {}
    for entry in events:
        if not entry["why_not"] and entry["name"] not in ("dummy", "bpf-output"):
            names.setdefault(entry["group"], entry["alias"] or entry["name"])
    assert {"Software event", TRACEPOINT} <= set(names)
    names.pop("Kernel PMU event", None)  # msr counts, it does not sample
    for name in (*names.values(), "cs", "page-faults"):
        tt.run([tracetop, "show", "symbols", "-e", name, "--duration", "0.1"])


# --- patterns and ends ----------------------------------------------------------------------------


@pytest.mark.parametrize("pattern, wanted", (
    ("sched:sched_swi*", lambda name, alias: name.startswith("sched:sched_swi")),
    ("SCHED_SWITCH", lambda name, alias: "sched_switch" in name),
    ("faults", lambda name, alias: "faults" in name or "faults" in alias),
    ("cpu-cycles", lambda name, alias: "cpu-cycles" in (name, alias)),
    ("?s", lambda name, alias: alias == "cs" or len(name) == 2 and name[1] == "s"),
))
def test_a_pattern_chooses(tracetop, events, pattern, wanted):
    got, _ = listed(tracetop, "events", pattern)
    assert got and got == [entry for entry in events if wanted(entry["name"], entry["alias"] or "")]


@pytest.mark.parametrize("what", COLUMNS)
def test_nothing_of_that_name(tracetop, what):
    done = tt.run([tracetop, "list", what, "no such thing"], check=False)
    assert (done.returncode, done.stderr) == (1, "tracetop: nothing there has such a name\n")


@pytest.mark.parametrize("form", ("text", "csv", "json", "jsonl"))
@pytest.mark.parametrize("what", COLUMNS)
def test_a_full_disk_is_told(tracetop, what, form):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([tracetop, "list", what, "--format", form], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"writing the list failed" in done.stderr


# --- views, fields, keys --------------------------------------------------------------------------


@pytest.mark.parametrize("what", ("views", "fields", "keys"))
def test_lists_say_the_same_in_all_formats(tracetop, what, tmp_path):
    env = dict(os.environ, XDG_CONFIG_HOME=str(tmp_path))
    entries, _ = listed(tracetop, what, env=env)
    run = [tracetop, "list", what, "--format"]
    rows = tt.run([*run, "jsonl"], env=env).stdout.splitlines()
    table = list(csv.reader(io.StringIO(tt.run([*run, "csv"], env=env).stdout)))
    assert [json.loads(row) for row in rows] == entries and entries
    assert table[0] == COLUMNS[what]
    assert len(table) == len(entries) + 1
    text = tt.run([tracetop, "list", what], env=env).stdout
    for entry in entries:
        first = entry[COLUMNS[what][0]].replace("\\\\", "\\")
        assert re.search(rf"^{re.escape(first)}\s", text, re.M), first


def test_views_are_those_that_there_are(tracetop, source, tmp_path):
    folder = tmp_path / "tracetop" / "views"
    folder.mkdir(parents=True)
    built_in = {name[:-4] for name in os.listdir(source + "/views") if name.endswith(".lua")}
    (folder / "mine.lua").write_text(read(source + "/views/symbols.lua"))
    (folder / "threads.lua").write_text(read(source + "/views/threads.lua"))
    (folder / "wrong.lua").write_text("return {}")
    (folder / "open.lua").write_text(read(source + "/views/symbols.lua"))
    (folder / "open.lua").chmod(0o666)
    entries, complaints = listed(tracetop, "views", env=dict(os.environ, XDG_CONFIG_HOME=str(tmp_path)))
    files = {entry["id"]: entry["file"] for entry in entries}
    assert set(files) == built_in | {"mine"}
    assert {name for name, file in files.items() if file.startswith("/")} == {"mine", "threads"}
    assert files["mine"] == str(folder / "mine.lua")
    assert "wrong.lua" in complaints and "open.lua" in complaints and complaints.count("\n") == 2


def test_each_field_can_be_asked_for(tracetop, build, tmp_path):
    path = tmp_path / "capture"
    tt.run([os.path.join(build, "tests/replay/make_capture"), "small", path])
    entries, _ = listed(tracetop, "fields")
    assert len(entries) > 20
    for entry in entries:
        assert entry["type"] in ("text", "number", "yes/no") and entry["help"] and entry["records"]
        tt.run([tracetop, "show", "symbols", "-r", path, "-f", f"{entry['name']} exists"])
        done = tt.run([tracetop, "show", "symbols", "-r", path, "-f", f"{entry['name']} contains a"], check=False)
        assert (done.returncode == 0) == (entry["type"] == "text"), entry["name"]


def test_a_view_that_is_none_is_answered_with_those_near(tracetop, build, tmp_path):
    path = tmp_path / "capture"
    tt.run([os.path.join(build, "tests/replay/make_capture"), "small", path])
    for name, near in (("procesess", "processes"), ("Symbols", "symbols"), ("cont", "containers"), ("no such", None)):
        done = tt.run([tracetop, "show", name, "-r", path], check=False)
        assert done.returncode == 2 and f"there is no view '{name}'" in done.stderr
        assert (f"did you mean {near}?" in done.stderr) == bool(near) and "tracetop list views" in done.stderr
