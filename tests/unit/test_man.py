# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual says what the program does, no less and no more: options, keys, views, fields, types of
records, and examples that work.
"""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

import tt

PAGES = ("tracetop.1", "tracetop-views.5", "tracetop-capture.5")
FIELDS_PAGE = "tracetop-fields.7"
ROFF = {r"\-": "-", r"\(aq": "'", r"\(dq": '"', r"\e": "\\", r"\&": ""}
CLASSES = {"RECORD_DATA": "data", "RECORD_STATE": "state", "RECORD_FACT": "facts"}
# Keys as the table of keys.c has them, and as the page does; None: the same key on some terminals.
KEYS = {r"'\r'": "Enter", r"'\n'": None, "KEY_BACKSPACE": "Backspace", "127": None, "27": "Esc",
        r"'\b'": None, r"'\t'": "Tab", "'L' & 0x1f": "^L", "KEY_REFRESH": None, "0": None,
        r"'\\'": "\\"}
MOVES = {"Arrows", "PgUp", "PgDn", "Home", "End", "Space"}


# --- pages and sources ----------------------------------------------------------------------------


def unroff(text):
    return re.sub(r"\\(?:\(..|.)", lambda escape: ROFF[escape.group()], text)


@pytest.fixture(scope="module")
def pages(source, tracetop, tmp_path_factory):
    """Paths of the pages by name."""
    paths = {name: os.path.join(source, "man", name) for name in PAGES}
    path = tmp_path_factory.mktemp("man") / FIELDS_PAGE
    path.write_text(tt.run([tracetop, "list", "fields", "--format", "mdoc"]).stdout)
    return {**paths, FIELDS_PAGE: str(path)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def section(path, title):
    """The lines of a section of a page."""
    return re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", read(path), re.M | re.S).group(1)


def items(text, macro):
    """What the tags of lists name: words behind a macro."""
    return {unroff(word) for line in re.findall(rf"^\.It {macro} (.*)", text, re.M)
            for word in line.split() if word != ","}


def blocks(text):
    """Literal blocks, each as its text."""
    return [unroff(block) for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S)]


def code(source, path):
    return read(os.path.join(source, "src", path))


@pytest.fixture(scope="module")
def capture(build, tmp_path_factory):
    path = tmp_path_factory.mktemp("man") / "capture"
    tt.run([os.path.join(build, "tests/replay/make_capture"), "small", path])
    return path


# --- form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", (*PAGES, FIELDS_PAGE))
def test_a_page_is_well_formed(pages, name):
    if shutil.which("mandoc"):
        command = ["mandoc", "-T", "lint", "-W", "warning", pages[name]]
    elif shutil.which("groff"):
        command = ["groff", "-mdoc", "-ww", "-z", "-Tutf8", pages[name]]
    else:
        pytest.skip("neither mandoc nor groff is here")
    done = tt.run(command, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pages_refer_to_pages_that_are_there(pages):
    for name, path in pages.items():
        refers = {f"{page}.{number}" for page, number in
                  re.findall(r"^\.Xr (tracetop\S*) (\d)", read(path), re.M)}
        assert refers and refers <= set(pages) - {name}, name


# --- tracetop(1) ----------------------------------------------------------------------------------


def parsed_options(source):
    """Options that the program takes, by its tables."""
    text = code(source, "tracetop.c")
    short = re.search(r'getopt_long\([^"]*"([a-zA-Z:]+)"', text).group(1).replace(":", "")
    table = re.search(r"long_options\[\] = \{(.*?)\};", text, re.S).group(1)
    return set(short) | {"-" + name for name in re.findall(r'\{"([a-z]+)"', table)}


def test_options_are_those_of_the_program(pages, source, tracetop):
    text = section(pages["tracetop.1"], "OPTIONS")
    documented = {name for line in re.findall(r"^\.It (Fl .*)", text, re.M)
                  for name in re.findall(r"Fl (\S+)", line)}
    # Of the help, the part behind the first empty line.
    about = tt.run([tracetop, "--help"]).stdout.split("\n\n")[1]
    helped = {name[1:] for name in re.findall(r"(?:^  |, |; )(--?[a-zA-Z]+)", about, re.M)}
    assert documented == parsed_options(source)
    assert helped == documented


def test_verbs_are_those_of_the_program(pages, source, tracetop):
    text = code(source, "tracetop.c")
    verbs = re.findall(r'^\t\{"([a-z]+)", command_', text, re.M)
    tags = re.findall(r"^\.It Cm (.*)", section(pages["tracetop.1"], "VERBS"), re.M)
    assert {tag.split()[0] for tag in tags} == set(verbs)
    done = tt.run([tracetop, "list", "nothing"], check=False)
    kinds = re.search(r"listed is: (.*)", done.stderr).group(1).split(", ")
    assert {tag.split()[1] for tag in tags if tag.startswith("list ")} == set(kinds)
    synopsis = section(pages["tracetop.1"], "SYNOPSIS")
    assert " | ".join(kinds) in synopsis and "|".join(kinds) in tt.run([tracetop, "--help"]).stdout


def bound_keys(source):
    """Keys of the table in keys.c, as the page writes them."""
    table = re.search(r"\} bindings\[\] = \{\n(.*?)^\};", code(source, "ui/keys.c"), re.M | re.S).group(1)
    key = r"('(?:\\.|[^'])'(?: & 0x1f)?|\w+(?:\(\d+\))?)"
    keys = [key for pair in re.findall(rf"^\t\{{{key}, {key},", table, re.M) for key in pair]
    names = {KEYS.get(key, re.sub(r"KEY_F\((\d+)\)", r"F\1", key).strip("'")) for key in keys}
    assert len(keys) == 2 * table.count("\n\t{") + 2, "a line of the table is not understood"
    return names - {None}


def test_keys_are_those_of_the_table(pages, source):
    text = section(pages["tracetop.1"], "KEYS").split("\n.El\n")[0]
    named = items(text, "Ic")
    # Keys of which the entry of another tells.
    aside = {unroff(key) for key in re.findall(r"^\.Ic (\S+)$", text, re.M)}
    assert bound_keys(source) <= named | aside
    assert named <= bound_keys(source) | MOVES


def test_list_keys_has_all_keys(source, tracetop):
    """Also those that another's help names: n, N, I."""
    listed = json.loads(tt.run([tracetop, "list", "keys", "--format", "json"]).stdout)["keys"]
    words = {word.strip(",;") for entry in listed
             for word in re.split(r"\s+", f"{entry['keys']} {entry['help']}")}
    # The output doubles a backslash.
    assert {key.replace("\\", "\\\\") for key in bound_keys(source)} <= words
    text = tt.run([tracetop, "list", "keys"]).stdout
    assert len(text.splitlines()) == len(listed) + 1


def test_views_are_those_of_the_program(pages, tracetop):
    env = dict(os.environ, XDG_CONFIG_HOME="/nonexistent")
    listed = json.loads(tt.run([tracetop, "list", "views", "--format", "json"], env=env).stdout)["views"]
    assert items(section(pages["tracetop.1"], "VIEWS"), "Cm") == {view["id"] for view in listed}


# --- tracetop-views(5) ----------------------------------------------------------------------------


def names_of(source, array):
    text = code(source, "view/view_load.c")
    found = re.search(rf"{array}\[\w*\] = \{{(.*?)\}};", text, re.S).group(1)
    return {name for name in re.findall(r'"([^"]*)"', found) if name}


def compared(source, function):
    """The keys that a function of view_load.c compares with."""
    body = re.search(rf"^static void {function}\(.*?^}}", code(source, "view/view_load.c"),
                     re.M | re.S).group(0)
    return set(re.findall(r'strcmp\(key, "(\w+)"\)', body))


@pytest.mark.parametrize("function, title", (("take_entry", "THE FILE"), ("take_column_entry", "COLUMNS")))
def test_keys_of_views_are_those_of_the_loader(pages, source, function, title):
    wanted = compared(source, function)
    assert wanted and items(section(pages["tracetop-views.5"], title), "Cm") == wanted


@pytest.mark.parametrize("array, title", (("view_aggregate_names", "AGGREGATES"), ("share_names", "SHARES")))
def test_lists_of_words_are_those_of_the_loader(pages, source, array, title):
    assert items(section(pages["tracetop-views.5"], title), "Cm") == names_of(source, array)


@pytest.mark.parametrize("array", ("view_panel_names", "path_names", "rows", "expand", "directions"))
def test_words_are_there(pages, source, array):
    text = section(pages["tracetop-views.5"], "THE FILE") + section(pages["tracetop-views.5"], "COLUMNS")
    quoted = set(re.findall(r"^\.Qq (\S+)", text, re.M))
    assert names_of(source, array) <= quoted


def test_example_views_work(pages, tracetop, capture, tmp_path):
    text = section(pages["tracetop-views.5"], "EXAMPLES")
    names, views = re.findall(r"^\.Pa (\w+)\.lua", text, re.M), blocks(text)
    folder = tmp_path / "tracetop" / "views"
    folder.mkdir(parents=True)
    assert names and len(names) == len(views)
    for name, view in zip(names, views):
        (folder / f"{name}.lua").write_text(view)
    env = dict(os.environ, XDG_CONFIG_HOME=str(tmp_path), LC_ALL="C.UTF-8")
    done = tt.run([tracetop, "list", "views", "--format", "json"], env=env)
    files = {view["id"]: view["file"] for view in json.loads(done.stdout)["views"]}
    assert done.stderr == ""
    for name in names:
        assert files[name] == str(folder / f"{name}.lua")
        rows = tt.run([tracetop, "show", name, "-r", capture, "--format", "jsonl"], env=env).stdout
        assert rows.count("\n") > 1, name


def filters(pages):
    text = section(pages["tracetop-views.5"], "THE FILTER LANGUAGE")
    block = blocks(text[text.index(".Ss Examples"):])[0]
    return block.splitlines() + blocks(section(pages["tracetop.1"], "FILTERING"))[0].splitlines()


def test_example_filters_are_filters(pages, tracetop, capture):
    assert len(filters(pages)) >= 10
    for text in filters(pages):
        tt.run([tracetop, "show", "symbols", "-r", capture, "-f", text])


# --- tracetop-fields(7), tracetop-capture(5) ------------------------------------------------------


def test_fields_are_those_of_the_program(pages, build, tracetop):
    listed = json.loads(tt.run([tracetop, "list", "fields", "--format", "json"]).stdout)["fields"]
    names = re.findall(r"^\.It Cm (\S+) Pq", section(pages[FIELDS_PAGE], "THE FIELDS"), re.M)
    assert names == [field["name"] for field in listed]
    for field in listed:
        assert field["help"].replace("\\", "\\e") in read(pages[FIELDS_PAGE])
    made = os.path.join(build, "man", FIELDS_PAGE)
    assert read(made) == read(pages[FIELDS_PAGE]), "the page of the build is an old one"


def test_types_of_records_are_those_of_the_program(pages, source):
    schemas = re.findall(r'\[RECORD_\w+\] = \{"([\w ]+)", (\w+),', code(source, "record/types.c"))
    wanted = [(name, str(number), CLASSES[cls]) for number, (name, cls) in enumerate(schemas) if number]
    text = section(pages["tracetop-capture.5"], "RECORD TYPES")
    assert re.findall(r"^\.It Em ([\w ]+) Pq type (\d+) , (\w+)", text, re.M) == wanted


# --- examples -------------------------------------------------------------------------------------


def commands(pages):
    """Command lines of the examples: the words behind 'tracetop', up to a pipe or a redirection."""
    lines = re.findall(r"^\.Dl \$ tracetop *(.*)", section(pages["tracetop.1"], "EXAMPLES"), re.M)
    for line in lines:
        line = unroff(line)
        assert "$(" not in line or re.search(r"\$\(pgrep [^)]*\)", line)
        words = shlex.split(re.sub(r"\$\(pgrep [^)]*\)", "1", line))
        ends = [i for i, word in enumerate(words) if word == "|" or word.startswith(">")]
        yield words[:ends[0]] if ends else words


def option(words, name):
    return words[words.index(name) + 1] if name in words else None


def test_examples_are_taken(pages, tracetop, capture):
    """Options are parsed; filters and views, and what is listed, are tried on a capture."""
    tried = list(commands(pages))
    assert len(tried) >= 12
    for words in tried:
        end = words.index("--") if "--" in words else len(words)
        # What stands before --help is parsed, and then nothing is done.
        tt.run([tracetop, *words[:end], "--help", *words[end:]])
        if words[:1] == ["list"] and os.geteuid() == 0:
            tt.run([tracetop, *words])
        view = words[1] if words[:1] == ["show"] else "callers" if "callers" in words else "symbols"
        tt.run([tracetop, "show", view, "-r", capture, "-f", option(words, "-f") or ""])


def test_an_example_that_is_wrong_is_found(tracetop, capture):
    """What the test above leans on."""
    for words in (["--nonsense", "--help"], ["-F", "none", "--help"],
                  ["show", "nothing", "-r", capture], ["show", "symbols", "-r", capture, "-f", "proc.nam = 1"]):
        done = subprocess.run([tracetop, *words], capture_output=True, check=False)
        assert done.returncode == 2, words
