# SPDX-License-Identifier: GPL-2.0-or-later
"""Known calls: self and children shares, and who calls whom how much, beside perf."""
import pytest
import tt
from loads import Load, PerfRecord, Recording, source

FREQUENCY = 8000
SECONDS = 1.4
POINTS = 2


class Chain:
    """The load of load_chain.c under tracetop and perf at once."""

    def __init__(self, tracetop, folder):
        self.tracetop = tracetop
        self.capture = folder / "chain.tt"
        program = tt.compile_c(source("load_chain.c"), folder / "chain", "-O2", "-fno-omit-frame-pointer")
        with Load([program], SECONDS) as load, \
                Recording(tracetop, self.capture, "-F", FREQUENCY) as recording, \
                PerfRecord(folder / "perf.data", "-g", "-a", "-e", "cpu-clock", "-F", FREQUENCY) as perf:
            load.go()
            load.wait()
            recording.stop()
            perf.stop()
            self.pid, self.table, self.perf = load.pid, load.table, perf
            # Shares of the samples that were in user code: those alone have main below them.
            self.stacks = self.perf_stacks()
            # While it is there: perf looks for its file where the process sees it.
            self.report = perf.report("--children", "-g", "none", "--percent-limit", "0", "--pid", load.pid, "-F",
                                      "overhead_children,overhead,sym", "-t", "\t")

    def perf_stacks(self):
        """The stacks of perf script, innermost first, of samples in user code."""
        text = self.perf.ask("script", "--pid", self.pid, "-F", "ip,sym")
        stacks = [[(line.split(None, 1) + [""])[1] for line in part.splitlines() if line]
                  for part in text.strip().split("\n\n")]
        return [stack for stack in stacks if stack and stack[0] in self.table]

    def rows(self, text):
        """Rows of Callers for frames that a filter names, of samples in user code."""
        shown = tt.show(self.tracetop, "callers", "-r", self.capture, "-f",
                        f"proc.pid = {self.pid} and {text}")
        return shown[0]["rows"]


@pytest.fixture(scope="module")
def chain(tracetop, tmp_path_factory):
    return Chain(tracetop, tmp_path_factory.mktemp("chain"))


def test_children_and_self(chain):
    """Both shares of each function are perf's; a function that calls itself counts once."""
    rows = {row["symbol.name"]: row for row in chain.rows("symbol.space = u") if row["depth"] == 0}
    total = rows["main"]["sample.children"]
    for name, known in chain.table.items():
        children = 100 * rows[name]["sample.children"] / total
        own = 100 * rows[name]["sample.self"] / total
        theirs = 100 * sum(name in stack for stack in chain.stacks) / len(chain.stacks)
        their_own = 100 * sum(name == stack[0] for stack in chain.stacks) / len(chain.stacks)
        assert abs(children - theirs) < POINTS, f"{name}: perf says {theirs}"
        assert abs(children - known) < 2 * POINTS, f"{name}: the load says {known}"
        assert abs(own - their_own) < POINTS, f"{name} itself: perf says {their_own}"


def test_perf_report_says_the_same(chain):
    """perf report --children, as a person would look at it."""
    theirs = {}
    for line in chain.report:
        children, own, symbol = (part.strip() for part in line.split("\t"))
        theirs[symbol.split("] ", 1)[-1]] = (float(children.rstrip("%")), float(own.rstrip("%")))
    rows = {row["symbol.name"]: row for row in chain.rows("symbol.name exists") if row["depth"] == 0}
    # perf's percent are of all samples, of the idle CPUs too; both are taken of main's.
    for name in chain.table:
        ours = 100 * rows[name]["sample.children"] / rows["main"]["sample.children"]
        assert abs(ours - 100 * theirs[name][0] / theirs["main"][0]) < POINTS
        ours = 100 * rows[name]["sample.self"] / rows["main"]["sample.children"]
        assert abs(ours - 100 * theirs[name][1] / theirs["main"][0]) < POINTS


def path_share(stacks, path):
    """Percent of the stacks that have a path of callers somewhere, innermost first."""
    names = [[name for i, name in enumerate(stack) if not i or stack[i - 1] != name] for stack in stacks]
    hits = sum(any(stack[i:i + len(path)] == path for i in range(len(stack))) for stack in names)
    return 100 * hits / len(stacks)


def test_who_calls_it(chain):
    """The tree below leaf has left and middle with the shares that the stacks of perf have."""
    total = next(row for row in chain.rows("symbol.name = main") if row["depth"] == 0)["sample.children"]
    path, seen = [], {}
    for row in chain.rows("symbol.name = leaf"):
        path = path[:row["depth"]] + [row["symbol.name"]]
        seen[tuple(path)] = 100 * row["sample.children"] / total
    wanted = [("leaf",), ("leaf", "left"), ("leaf", "left", "main"), ("leaf", "middle"),
              ("leaf", "middle", "right"), ("leaf", "middle", "right", "main")]
    for way in wanted:
        theirs = path_share(chain.stacks, list(way))
        assert abs(seen[way] - theirs) < POINTS, f"{way}: perf says {theirs}"
    assert abs(seen[("leaf", "left")] - 50) < 2 * POINTS and abs(seen[("leaf", "middle")] - 40) < 2 * POINTS
    assert {way[1] for way in seen if len(way) == 2} == {"left", "middle"}


def test_recursion_is_one_row(chain):
    """recurse calls itself four deep; its callers begin with leaf."""
    rows = chain.rows("symbol.name = recurse")
    assert rows[0]["symbol.name"] == "recurse"
    assert [row["symbol.name"] for row in rows].count("recurse") == 1
    assert rows[1]["symbol.name"] == "leaf" and rows[1]["depth"] == 1
    assert abs(rows[1]["sample.children"] - rows[0]["sample.children"]) < 0.1
