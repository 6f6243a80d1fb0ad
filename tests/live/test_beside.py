# SPDX-License-Identifier: GPL-2.0-or-later
"""Others who trace at the same time notice nothing."""
from loads import Load, PerfRecord, Recording, build_c


def test_promise_28_perf_beside_reads_its_own_file(tracetop, tmp_path):
    """A kernel may mark records of others as if they had the build ids that tracetop asked for."""
    with Recording(tracetop, tmp_path / "beside.tt") as recording, \
            Load([build_c(tmp_path / "load")], 1) as load, \
            PerfRecord(tmp_path / "perf.data", "-e", "cpu-clock", "-F", 1000, "-p", load.pid) as perf:
        load.go()
        load.wait()
        perf.stop()
        recording.stop()
        dumped = perf.ask("script", "-D")
        assert "PERF_RECORD_MMAP2" in dumped and "build_id" not in dumped
        assert set(load.table) <= set(perf.symbols()[load.pid])


def test_promise_28_perf_of_a_command_beside(tracetop, tmp_path):
    """What is mapped after both began."""
    program = build_c(tmp_path / "load")
    with Recording(tracetop, tmp_path / "beside.tt") as recording, \
            PerfRecord(tmp_path / "perf.data", "-e", "cpu-clock", "-F", 1000, "--", "sh", "-c",
                       f"echo go | {program} 0.3") as perf:
        perf.process.wait(30)
        recording.stop()
        assert "PERF_RECORD_MMAP2" in perf.ask("script", "-D")
        assert any("burn_half" in symbols for symbols in perf.symbols().values())
