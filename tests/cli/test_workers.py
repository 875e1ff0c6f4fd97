"""`--workers`: several processes share a run, and its results are those of one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from cli_runs import TINY, Bench

RUN = ("run", "tiny.py", "--profile", "smoke")


@pytest.mark.slow
def test_two_processes_make_what_one_makes_and_track_each_cell_once(
    new_bench: Callable[[], Bench],
) -> None:
    alone, shared = new_bench(), new_bench()
    for bench in (alone, shared):
        (bench.folder / "tiny.py").write_text(TINY)
    assert alone.run(*RUN, "--no-tracking").code == 0
    ended = shared.run(*RUN, "--workers", "2")
    assert ended.code == 0, ended.err
    assert ended.out.count("report: ") == 1
    assert shared.contents() == alone.contents()
    assert shared.locks() == []
    assert tracked(shared) == 1 + 6


def tracked(bench: Bench) -> int:
    """Runs in MLflow, the study's own among them."""
    with closing(sqlite3.connect(bench.store / "tracking" / "mlflow.db")) as database:
        found = database.execute("select count(*) from runs where lifecycle_stage = 'active'")
        return int(found.fetchone()[0])


def test_a_process_that_joins_reports_nothing(new_bench: Callable[[], Bench]) -> None:
    bench = new_bench()
    (bench.folder / "tiny.py").write_text(TINY)
    ended = bench.run(*RUN, "--set=seeds=1", "--no-tracking", "--join")
    assert (ended.code, ended.out) == (0, "")
    assert not (bench.store / "reports").exists()
    assert len(bench.objects()) > 6


def test_no_worker_at_all_is_refused(new_bench: Callable[[], Bench]) -> None:
    ended = new_bench().run("run", "ablation", "--workers", "0")
    assert ended.code == 2
    assert "0 is not in the range x>=1" in ended.err
