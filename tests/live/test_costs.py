# SPDX-License-Identifier: GPL-2.0-or-later
"""What looking costs, in short: make bench measures it at length."""
import os
import sys

import tt

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import bench_tasks  # noqa: E402  (the path comes first)


def test_every_process_of_five_thousand_a_second_is_counted(tracetop, tmp_path):
    load = bench_tasks.build(tmp_path, "bench-forks", bench_tasks.FORKS)
    capture = str(tmp_path / "forks.tt")
    out, _spent = bench_tasks.record_while(tracetop, capture, [load, "5000", "3"])
    [table] = tt.show(tracetop, "processes", "-r", capture, "-f", "proc.name = bench-child and proc.state = X")
    # What is lost need not be one of them.
    assert table["records"] <= int(out.split()[0]) <= table["records"] + table["lost"]


def test_idle_processes_cost_little_beside_htop(tracetop, tmp_path):
    """A thousand cost no more than in htop, and ten thousand no more than twice that."""
    with bench_tasks.idle_processes(tmp_path, 1000):
        own = bench_tasks.Cost([tracetop, "processes"], seconds=6)
        peer = bench_tasks.Cost(["htop", "-d", "10"], seconds=6)
    with bench_tasks.idle_processes(tmp_path, 10000):
        many = bench_tasks.Cost([tracetop, "processes"], seconds=6)
    assert own.percent <= peer.percent, f"{own} against {peer}"
    assert many.percent <= 2 * peer.percent, f"{many} against {peer}"


def test_two_hundred_containers_are_found_at_once(tracetop, tmp_path):
    """The walk and the first looks, of CPU time, over those of the machine as it is."""
    started = []
    for count in (0, 200):
        with bench_tasks.containers(tmp_path, count) as var_lib:
            inside = f"mount --bind {var_lib} /var/lib && exec {tracetop} containers"
            started.append(bench_tasks.Cost(["unshare", "-m", "sh", "-c", inside], seconds=1).start)
    walk = started[1]["tracetop-cgroup"] - started[0]["tracetop-cgroup"]
    assert walk < 0.050, f"{walk * 1000:.0f} ms"
