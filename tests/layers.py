# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree keeps to its plan: a layer uses what stands below it, libraries stay where they belong,
functions and files stay short, and the archive holds everything.
"""
import os
import re

import pytest

# What a layer may include beside itself.  source, resolve, export and ui do not know one another.
LAYERS = {
    "base": (),
    "record": ("base",),
    "model": ("base", "record"),
    "source": ("base", "record", "model"),
    "resolve": ("base", "record", "model"),
    "view": ("base", "record", "model"),
    "export": ("base", "record", "model", "view"),
    "ui": ("base", "record", "model", "view"),
    "command": ("base", "record", "model", "source", "resolve", "view", "export", "ui"),
}
LAYERS[""] = tuple(LAYERS)  # tracetop.c

# Headers that only some layers include.
HOMES = (
    (r"curses\.h|ncurses|term\.h", ("ui",)),
    (r"lua|lauxlib\.h", ("view",)),
    (r"bpf/|.*\.skel\.h|kernel_types\.h", ("source",)),
    (r"libelf\.h|gelf\.h|dwarf|elfutils/|demangle\.h", ("resolve",)),
    (r"tracefs|traceevent|event-parse", ("source",)),
    (r"linux/", ("source", "resolve")),
)

FUNCTION_LINES = 100
FILE_LINES = 900

# Folders that the archive holds whole, and what builds leave in them.
SHIPPED = ("src", "bpf", "views", "man", "tests")
MADE = re.compile(r"\.(o|a|pyc|tmp)$|\.skel\.h$|/builtin_views\.c$|/__pycache__/|/\.")


def files(root, folder, suffixes=("",)):
    """The files of a folder, by their names in the tree."""
    for where, _, names in os.walk(os.path.join(root, folder)):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), root)
            if name.endswith(suffixes) and not MADE.search("/" + path):
                yield path


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def layer_of(path):
    """src/ui/term.c: ui; src/tracetop.c: the empty name."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def wrong_include(layer, header):
    """Why a layer may not include a header, or None."""
    for pattern, homes in HOMES:
        if re.match(pattern, header):
            return None if layer in homes else f"belongs into {' and '.join(homes)}"
    other = header.split("/")[0]
    if "/" in header and other in LAYERS and other != layer and other not in LAYERS[layer]:
        return f"is not below {layer}"
    return None


def wrong_includes(root):
    for path in files(root, "src", (".c", ".h")):
        layer = layer_of(path)
        if layer not in LAYERS:
            yield f"{path}: no layer is named {layer}"
            continue
        for header in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', read(root, path), re.M):
            why = wrong_include(layer, header)
            if why:
                yield f"{path}: {header} {why}"


def long_functions(root):
    """A function begins and ends with a brace of its own in the first column."""
    for path in files(root, "src", (".c", ".h")):
        begin = None
        for number, line in enumerate(read(root, path).split("\n"), 1):
            if line == "{":
                begin = number
            elif line == "}" and begin:
                if number - begin - 1 > FUNCTION_LINES:
                    yield f"{path}:{begin}: a function of {number - begin - 1} lines"
                begin = None


def long_files(root):
    for folder in ("src", "bpf", "tests"):
        for path in files(root, folder, (".c", ".h", ".py")):
            lines = read(root, path).count("\n")
            if lines > FILE_LINES:
                yield f"{path}: {lines} lines"


def is_program(root, path):
    """A program that a build in the tree left there."""
    with open(os.path.join(root, path), "rb") as file:
        return file.read(4) == b"\x7fELF"


def shipped(root):
    """What the lists of Makefile.am name."""
    text = read(root, "Makefile.am").replace("\\\n", " ")
    lists = re.findall(r"^(?:EXTRA_DIST|VIEWS|BPF_SHARED|\w+_(?:SOURCES|DATA|MANS))\s*\+?=(.*)", text, re.M)
    # A program without a list has one source, of its own name.
    programs = re.findall(r"^(?:\w+_PROGRAMS|UNIT_TESTS)\s*\+?=(.*)", text, re.M)
    return {word for line in lists for word in line.split()} | {
        word + ".c" for line in programs for word in line.split()}


def unshipped(root):
    """A file is listed, or a folder above it is."""
    words = shipped(root)
    for folder in SHIPPED:
        for path in files(root, folder):
            parts = path.split("/")
            above = {"/".join(parts[:i]) for i in range(1, len(parts) + 1)}
            if not above & words and not is_program(root, path):
                yield f"{path} is not in Makefile.am"


CHECKS = (wrong_includes, long_functions, long_files, unshipped)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tree(source, check):
    found = sorted(check(source))
    assert not found, "\n".join(found)


BREACHES = {
    "src/base/buf.c": ('#include "record/types.h"\n', wrong_includes),
    "src/view/query.c": ('#include "resolve/symbols.h"\n', wrong_includes),
    "src/ui/keys.c": ('#include "source/sampler.h"\n', wrong_includes),
    "src/command/live.c": ("#include <curses.h>\n", wrong_includes),
    "src/record/rows.c": ("#  include <linux/perf_event.h>\n", wrong_includes),
    "src/model/model.h": ('#include "narrow.skel.h"\n', wrong_includes),
    "src/gui/window.c": ("\n", wrong_includes),
    "src/base/long.c": ("int f(void)\n{\n" + "\tg();\n" * 101 + "}\n", long_functions),
    "src/base/vast.c": ("\n" * 901, long_files),
    "src/base/lost.c": ("\n", unshipped),
}


@pytest.mark.parametrize("path", BREACHES)
def test_a_breach_is_found(tmp_path, path):
    """A tree with one file that is not as it should be."""
    text, check = BREACHES[path]
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (tmp_path / "Makefile.am").write_text("" if check is unshipped else f"EXTRA_DIST = {path}\n")
    for other in CHECKS:
        found = list(other(str(tmp_path)))
        assert len(found) == (1 if other is check else 0), found
