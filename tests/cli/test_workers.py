"""`--workers`: several processes share a run, and its results are those of one."""

import sqlite3
from contextlib import closing

import pytest
from cli_runs import Bench, Invoke

RUN = ("run", "tiny.py", "--profile", "smoke")


@pytest.mark.slow
def test_two_processes_make_what_one_makes_and_track_each_cell_once(
    bench: Bench, tiny_ran: Bench
) -> None:
    ended = bench.run(*RUN, "--workers", "2")
    assert ended.code == 0, ended.err
    assert ended.out.count("report: ") == 1
    assert bench.contents() == tiny_ran.contents()
    assert bench.locks() == []
    assert tracked(bench) == 1 + 6


def tracked(bench: Bench) -> int:
    """Runs in MLflow, the study's own among them."""
    with closing(sqlite3.connect(bench.store / "tracking" / "mlflow.db")) as database:
        found = database.execute("select count(*) from runs where lifecycle_stage = 'active'")
        return int(found.fetchone()[0])


def test_a_process_that_joins_reports_nothing(bench: Bench) -> None:
    ended = bench.run(*RUN, "--set=seeds=1", "--no-tracking", "--join")
    assert (ended.code, ended.out) == (0, "")
    assert not (bench.store / "reports").exists()
    assert len(bench.objects()) > 6


def test_no_worker_at_all_is_refused(invoke: Invoke) -> None:
    ended = invoke("run", "ablation", "--workers", "0")
    assert ended.code == 2
    assert "0 is not in the range 1<=x<=256" in ended.err
