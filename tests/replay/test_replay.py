# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that make_capture wrote, shown: in every view and format as tests/replay/expected says
(TRACETOP_EXPECT=write writes these files anew: read the difference), cut, damaged, and hostile.
"""
import csv
import io
import json
import os
import re
import struct
import subprocess
import unicodedata

import pytest

import tt

HERE = os.path.dirname(os.path.abspath(__file__))
VIEWS = ("symbols", "callers", "processes", "threads", "binaries")
FORMATS = ("text", "csv", "json", "jsonl")
HEADER = 16  # of a capture
START_NS = 1700001000 * 10**9  # of the plain scene, since 1970
TIMEOUT = 60

ODD_VIEW = """
return {
  name = "Odd", help = "Columns that no view of ours has.",
  filter = "sample.weight exists",
  key = { "proc.pid", "evt.cpu" }, label = "proc.name",
  columns = {
    { "PID", "proc.pid", sort = "asc" },
    { "CPU", "evt.cpu" },
    { "RATE", "sample.count", agg = "rate" },
    { "MEAN", "sample.weight", agg = "avg" },
    { "LEAST", "sample.weight", agg = "min" },
    { "MOST", "sample.weight", agg = "max" },
    { "HALF", "sample.weight", agg = "p50" },
    { "THREADS", "thread.tid", agg = "distinct" },
    { "LAST", "thread.name", agg = "last", width = "rest" },
  },
}
"""

# More than the views as they are: filters, slices of time, other columns and orders.
CASES = {
    "filter-frames": ("symbols", "-f", "symbol.name contains work or dso.name = spin"),
    "filter-rows": ("threads", "-f", "evt.cpu = 1 and not thread.name startswith kworker"),
    "filter-both": ("callers", "-f", "proc.name = spin and symbol.name = shared_work"),
    "filter-nothing": ("symbols", "-f", "proc.pid = 99999"),
    "slices": ("binaries", "-d", "2.5", "-f", "dso.name in (spin, '[kernel]', '[ext4]')"),
    "odd": ("odd",),
}


@pytest.fixture(scope="module")
def captures(build, tmp_path_factory):
    """Paths of the captures, by scene."""
    folder = tmp_path_factory.mktemp("captures")
    paths = {}
    for scene in ("plain", "small", "hostile"):
        paths[scene] = folder / scene
        tt.run([os.path.join(build, "tests/replay/make_capture"), scene, paths[scene]])
    return paths


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """A folder for XDG_CONFIG_HOME with a view of our own in it."""
    return user_views(tmp_path_factory.mktemp("config"), odd=ODD_VIEW)


def user_views(config, **files):
    folder = config / "tracetop" / "views"
    folder.mkdir(parents=True, mode=0o700)
    for name, text in files.items():
        (folder / (name + ".lua")).write_text(text)
        (folder / (name + ".lua")).chmod(0o644)
    return config


@pytest.fixture
def show(tracetop, views):
    """Runs tracetop show VIEW -r FILE …: bytes of both outputs, never a crash."""
    def run(view, capture, *options, config=views, locale="C.UTF-8", zone="UTC"):
        env = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
        env.update(LC_ALL=locale, TZ=zone, XDG_CONFIG_HOME=str(config))
        done = subprocess.run([tracetop, "show", view, "-r", str(capture), *options], env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=TIMEOUT)
        assert done.returncode in (0, 1, 2), done.stderr.decode(errors="replace")
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, \
            done.stderr.decode(errors="replace")
        return done
    return run


def objects(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- as expected ----------------------------------------------------------------------------------

def compare(name, got):
    path = os.path.join(HERE, "expected", name)
    if os.environ.get("TRACETOP_EXPECT") == "write":
        with open(path, "wb") as file:
            file.write(got)
    with open(path, "rb") as file:
        assert got == file.read(), name


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_shown_as_expected(show, captures, view, form):
    done = show(view, captures["plain"], "--format", form)
    assert done.returncode == 0 and not done.stderr
    compare(f"{view}.{form}", done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_options_show_what_is_expected(show, captures, name):
    view, *options = CASES[name]
    done = show(view, captures["plain"], *options)
    assert done.returncode == 0 and not done.stderr
    compare(f"{name}.text", done.stdout)


@pytest.mark.parametrize("view", ("symbols", "processes", "threads", "binaries"))
def test_rows_add_up_to_the_whole(show, captures, view):
    for table in objects(show(view, captures["plain"], "--format", "json")):
        rows = table["rows"]
        assert sum(row["sample.count"] for row in rows) == table["records"] > 0
        assert abs(sum(row["sample.percent"] for row in rows) - 100) < 0.01
        shares = [row["sample.percent"] for row in rows]
        assert shares == sorted(shares, reverse=True)
        assert (table["from"], table["to"]) == (START_NS, START_NS + 10**10)
        assert (table["view"], table["host"], table["lost"]) == (view, "replay-host", 7)


def test_slices_add_up_to_the_whole(show, captures):
    whole = objects(show("processes", captures["plain"], "--format", "json"))
    slices = objects(show("processes", captures["plain"], "--format", "json", "-d", "1"))
    assert len(slices) == 10 * len(whole)
    for event in {table["event"] for table in whole}:
        counts = [{}, {}]
        for number, tables in enumerate((whole, slices)):
            for table in tables:
                for row in table["rows"] if table["event"] == event else []:
                    pid = row["proc.pid"]
                    counts[number][pid] = counts[number].get(pid, 0) + row["sample.count"]
        assert counts[0] == counts[1]


def test_a_filter_and_its_opposite_add_up_to_the_whole(show, captures):
    for text in ("proc.name = spin", "evt.cpu = 0", "dso.path startswith /usr", "thread.tid < 101"):
        counts = []
        for condition in (text, f"not ({text})", "sample.count exists"):
            tables = objects(show("symbols", captures["plain"], "--format", "json", "-f", condition))
            counts.append(sum(row["sample.count"] for table in tables for row in table["rows"]))
        assert counts[0] + counts[1] == counts[2] and min(counts) > 0, text


def test_promise_13_the_same_everywhere(show, captures):
    for form in FORMATS:
        here = show("symbols", captures["plain"], "--format", form)
        there = show("symbols", captures["plain"], "--format", form, locale="C", zone="Asia/Tokyo")
        assert here.stdout == there.stdout


# --- formats agree --------------------------------------------------------------------------------

def unescaped(text):
    """The bytes that text_escape() and text_utf8() made a text of."""
    def one(match):
        word = match.group(1)
        if word[0] == "x":
            return bytes([int(word[1:], 16)])
        if word[0] == "u":
            return chr(int(word[2:-1], 16)).encode()
        return {"n": b"\n", "t": b"\t", "\\": b"\\"}[word]
    parts = re.split(r"(\\(?:x[0-9a-f]{2}|u\{[0-9a-f]+\}|[nt\\]))", text)
    return b"".join(part.encode() if number % 2 == 0 else one(re.match(r"\\(.*)", part, re.S))
                    for number, part in enumerate(parts))


def cell(value):
    """A value of JSON as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scene", ("plain", "hostile"))
def test_formats_say_the_same(show, captures, scene, view):
    tables = objects(show(view, captures[scene], "--format", "json"))
    rows = [row for table in tables for row in table["rows"]]
    assert rows
    assert objects(show(view, captures[scene], "--format", "jsonl")) == rows
    text = show(view, captures[scene], "--format", "csv").stdout.decode()
    table = list(csv.reader(io.StringIO(text, newline="")))
    assert table[0] == list(rows[0])
    assert len(table) == len(rows) + 1
    for cells, row in zip(table[1:], rows):
        for got, value in zip(cells, row.values()):
            if isinstance(value, str):
                assert unescaped(got) == unescaped(value)
            else:
                assert got == cell(value)
    lines = show(view, captures[scene]).stdout.decode().split("\n")
    shown = [line for line in lines if line and line[0] != "#"]
    assert len(shown) == len(rows) + len(tables)  # with a line of titles each


# --- hostile names --------------------------------------------------------------------------------

def odd_characters(text):
    """Characters that a terminal obeys, hides or turns about."""
    return {character for character in text
            if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me")}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("view", VIEWS)
def test_promise_15_no_name_drives_the_terminal(show, captures, view, form):
    done = show(view, captures["hostile"], "--format", form)
    text = done.stdout.decode("utf-8")  # strictly
    lines = text.split("\r\n" if form == "csv" else "\n")
    assert len(lines) > (3 if form == "json" else 27)
    for line in lines:
        assert not odd_characters(line), ascii(line)


@pytest.mark.parametrize("view", ("symbols", "processes", "threads", "binaries"))
def test_promise_16_no_name_hides_a_row(show, captures, view):
    tables = objects(show(view, captures["hostile"], "--format", "json"))
    assert sum(len(table["rows"]) for table in tables) == 27
    assert all(row["sample.count"] == 1 for table in tables for row in table["rows"])


def test_promise_17_names_come_back_as_they_were(show, captures):
    names = set()
    for form in ("json", "csv"):
        done = show("symbols", captures["hostile"], "--format", form)
        if form == "json":
            got = {row["symbol.name"] for table in objects(done) for row in table["rows"]}
        else:
            rows = csv.DictReader(io.StringIO(done.stdout.decode(), newline=""))
            got = {row["symbol.name"] for row in rows}
            # Nothing that a spreadsheet takes for a formula.
            assert not [name for name in got if name[0] in "=+-@\t\r"]
        names = {unescaped(name) for name in got}
        assert {b"=cmd|'/c calc'!A0", b"+1+1", b"-1-1", b"@SUM(1)", b"\t=1+1", b"nul\0byte",
                b"\xff\xfe\xc0\xaf\xed\xa0\x80", "\u202egpj.exe".encode(), b"\x9b1mraw",
                "\x9b1mcsi".encode(), b"\x1b]52;c;cm0gLXJm\x07", b'quote"comma,semi;',
                b"back\\slash \\x1b \\u{202e}", b"a\nb\rc\td\be\ff\vg\x7f"} <= names
        assert max(len(name) for name in names) == 65536


def test_promise_15_messages_are_escaped_too(show, captures, tmp_path):
    odd = tmp_path / "\x1b]0;owned\x07\u202e"
    for done in (show("symbols", odd), show("\x1b[2J", captures["plain"]),
                 show("symbols", captures["plain"], "-f", "proc.name = \x1b[31m and\u202e")):
        assert done.returncode in (1, 2) and done.stderr and not done.stdout
        for line in done.stderr.decode().split("\n"):
            assert not odd_characters(line), ascii(line)


# --- cut and damaged ------------------------------------------------------------------------------

def chunk_spans(data):
    """Where the chunks of a capture are: offset and end."""
    spans, at = [], HEADER
    while data[at:at + 4] == b"tTch":
        size = struct.unpack_from("<I", data, at + 8)[0]
        spans.append((at, at + size))
        at += size
    return spans


def without_index(data):
    return data[:chunk_spans(data)[-1][1]]


def records(done):
    """Of both events; nothing to be shown is none."""
    return sum(table["records"] for table in objects(done))


@pytest.mark.parametrize("scene", ("plain", "small"))
@pytest.mark.parametrize("form", FORMATS)
def test_promise_10_a_lost_index_changes_nothing(show, captures, tmp_path, scene, form):
    data = captures[scene].read_bytes()
    (tmp_path / "cut").write_bytes(without_index(data))
    with_it = show("symbols", captures[scene], "--format", form)
    without = show("symbols", tmp_path / "cut", "--format", form)
    assert with_it.stdout == without.stdout and with_it.stdout
    assert not with_it.stderr and b"ended early" in without.stderr
    assert (with_it.returncode, without.returncode) == (0, 1)


def test_promise_08_any_prefix_is_readable(show, captures, tmp_path):
    data = captures["small"].read_bytes()
    whole = show("symbols", captures["small"], "--format", "json")
    spans = chunk_spans(data)
    ends = [end for _, end in spans]
    lengths = set(range(0, len(data), len(data) // 50)) | {0, 1, 8, HEADER - 1, HEADER}
    lengths |= {end + more for end in ends for more in (-1, 0, 1)}
    shown = []
    for length in sorted(lengths):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        done = show("symbols", cut, "--format", "json")
        if length < HEADER:
            assert done.returncode == 2 and b"is not a tracetop capture" in done.stderr
            continue
        if length < ends[-1] + 4:
            last = max((end for end in ends if end <= length), default=HEADER)
            assert f"ended early: the last whole chunk ends at byte {last}".encode() in done.stderr
            assert done.returncode == 1
        shown.append(records(done))
        if length >= ends[-1]:
            assert done.stdout == whole.stdout
    assert shown == sorted(shown) and shown[0] == 0 and shown[-1] == records(whole)
    assert len(set(shown)) > 3


def test_promise_09_damage_costs_one_chunk_and_is_said(show, captures, tmp_path):
    data = captures["small"].read_bytes()
    whole = show("symbols", captures["small"], "--format", "json")
    spans = chunk_spans(data)
    places = {start + at for start, end in spans for at in (0, 5, 8, 16, 60, (end - start) // 2)}
    places |= set(range(HEADER, len(data), len(data) // 40)) | {len(data) - at for at in (1, 5, 16)}
    for place in sorted(places):
        for index in (True, False):
            flipped = bytearray(data if index else without_index(data))
            if place >= len(flipped):
                continue
            flipped[place] ^= 1 << place % 8
            path = tmp_path / "flipped"
            path.write_bytes(flipped)
            done = show("symbols", path, "--format", "json")
            if done.stdout != whole.stdout:
                assert b"damaged" in done.stderr or b"ended early" in done.stderr, (place, index)
                assert done.returncode == 1, (place, index)
            if place < spans[-1][1] and objects(done):
                # At most a fourth of the data stands in one chunk; the rest is there.
                assert records(done) >= records(whole) * 0.7, (place, index)


def test_a_damaged_header_is_told_from_a_newer_version(show, captures, tmp_path):
    data = captures["small"].read_bytes()
    path = tmp_path / "capture"
    for place in range(8):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
        done = show("symbols", path)
        assert done.returncode == 2 and b"is not a tracetop capture" in done.stderr
    path.write_bytes(data[:8] + struct.pack("<I", 2) + data[12:])
    done = show("symbols", path)
    assert done.returncode == 1 and b"newer tracetop (format 2" in done.stderr


def test_what_is_no_capture_is_told_so(show, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "text").write_text("not a capture, but long enough to be one\n" * 10)
    (tmp_path / "empty").write_text("")
    for name, words in (("fifo", "is not a regular file"), ("", "is not a regular file"),
                        ("text", "is not a tracetop capture"), ("empty", "is not a tracetop capture"),
                        ("missing", "No such file or directory")):
        done = show("symbols", tmp_path / name if name else tmp_path)
        assert done.returncode in (1, 2) and words in done.stderr.decode() and not done.stdout


# --- views of the user ----------------------------------------------------------------------------

BAD_VIEWS = {
    "garbage": "\x01\x02 this is not Lua",
    "forever": "while true do end",
    "caught": "while true do pcall(function() while true do end end) end",
    "memory": "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) end",
    "pattern": "return (('a'):rep(100000)):find(('a*'):rep(20) .. 'b')",
    "loads": "return load('return {}')()",
    "reads": "return io.open('/etc/shadow')",
    "number": "return 7",
    "unknown": 'return { name = "x", help = "x", colums = {} }',
    "field": 'return { name = "x", help = "x", key = { "no.such" }, columns = { { "A", "proc.pid" } } }',
    "title": 'return { name = "x", help = "x", key = { "proc.pid" },'
             ' columns = { { "A", "proc.pid", title = 7, id = 8 } } }',
    "ors": 'return { name = "x", help = "x", key = { "proc.pid" }, columns = { { "A", "proc.pid" } },'
           ' filter = ("evt.cpu = 1 or "):rep(5000) .. "proc.pid exists" }',
    "nested": 'return { name = "x", help = "x", key = { "proc.pid" }, columns = { { "A", "proc.pid" } },'
              ' filter = ("not "):rep(90000) .. "proc.pid exists" }',
    "deep": 'return { name = "x", help = "x", key = { "proc.pid" }, columns = { { "A", "proc.pid" } },'
            ' filter = ("proc.pid exists and "):rep(90000) .. "proc.pid exists" }',
}


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_promise_47_a_bad_view_blocks_nothing(show, captures, tmp_path, name):
    config = user_views(tmp_path, **{name: BAD_VIEWS[name]})
    done = show("processes", captures["plain"], config=config)
    assert done.returncode == 0
    assert done.stdout == show("processes", captures["plain"]).stdout
    assert len(done.stderr.splitlines()) == 1
    assert f"{name}.lua".encode() in done.stderr
    assert len(done.stderr) < 1000
    # It is not there, and that is said as well.
    assert show(name, captures["plain"], config=config).returncode == 2


def test_promise_47_a_huge_view_blocks_nothing(show, captures, tmp_path):
    config = user_views(tmp_path, huge="-- " + "x" * (1 << 20) + "\nreturn {}\n")
    done = show("processes", captures["plain"], config=config)
    assert done.returncode == 0 and b"huge.lua: longer than" in done.stderr


@pytest.mark.parametrize("spoil, words", [
    (lambda file: file.chmod(0o666), "0666"), (lambda file: file.parent.chmod(0o777), "0777"),
    (lambda file: (file.rename(file.parent / "x"), file.symlink_to(file.parent / "x")), "odd.lua"),
    (lambda file: os.chown(file, 12345, 12345), "12345")], ids=["file", "folder", "link", "owner"])
def test_promise_19_a_view_that_others_may_write_is_not_taken(show, captures, tmp_path, spoil, words):
    if os.geteuid() and words == "12345":
        pytest.skip("giving a file away needs root")
    config = user_views(tmp_path, odd=ODD_VIEW)
    assert show("odd", captures["plain"], config=config).returncode == 0
    spoil(config / "tracetop" / "views" / "odd.lua")
    done = show("odd", captures["plain"], config=config)
    assert done.returncode == 2 and not done.stdout
    assert words in done.stderr.decode() and str(config) in done.stderr.decode()
