"""The runs that are compared agree in everything but their row, and are the newest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from mlflow.entities import Metric, Param, Run, RunData, RunInfo, RunTag

from bench.core.events import CellStarted, Event
from bench.storage.store import Store
from bench.tracking.comparison import Comparison, choose, newest_comparison
from bench.tracking.connection import connect
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.tracker import Tracker

STUDIES = {"old": "smoke", "new": "quick"}


def cell(
    name: str, start: int, row: str = "a", seed: str = "0", study: str = "new", top1: float = 0.5,
    **given: str,
) -> Run:  # fmt: skip
    """A finished cell; what is given besides is a param (ipc, dataset) or a tag (group, role)."""
    params = {"row": row, "dataset": "digits", "ipc": "2"} | {
        k: v for k, v in given.items() if k in ("dataset", "ipc")
    }
    tags = {"seed": seed, "mlflow.parentRunId": study, **given}
    info = RunInfo(name, "1", "user", "FINISHED", start, start + 1, "active")
    return Run(
        info,
        RunData(
            [Metric("evaluate/top1", top1, 0, 0)],
            [Param(k, v) for k, v in params.items()],
            [RunTag(k, v) for k, v in tags.items()],
        ),
    )


def chosen(*cells: Run) -> Comparison:
    return choose("1", sorted(cells, key=lambda run: -run.info.start_time), STUDIES)


def test_rows_stand_in_the_order_in_which_they_ran_with_their_first_seeds() -> None:
    found = chosen(cell("a1", 3, "a", "1"), cell("a0", 1, "a"), cell("b0", 2, "b"))
    metrics = frozenset({"evaluate/top1"})
    assert found == Comparison("1", ("a0", "b0"), ("a0", "a1", "b0"), metrics)


def test_the_newest_run_of_a_row_and_seed_counts_in_the_place_of_the_first() -> None:
    found = chosen(cell("stale", 1, "a"), cell("b0", 2, "b"), cell("a0", 3, "a"))
    assert found.columns == ("a0", "b0")


def test_another_profile_is_not_compared() -> None:
    found = chosen(cell("short", 1, "a", study="old"), cell("b0", 2, "b"))
    assert found.columns == ("b0",)


@pytest.mark.parametrize("other", [{"ipc": "10"}, {"dataset": "cifar10"}])
def test_terms_that_most_rows_share_are_compared(other: dict[str, str]) -> None:
    found = chosen(cell("a0", 1, "a"), cell("b0", 2, "b"), cell("c0", 3, "c", **other))
    assert found.columns == ("a0", "b0")


def test_only_the_first_group_of_rows_is_shown() -> None:
    released = cell("a0", 1, "a", group="as released")
    assert chosen(released, cell("b0", 2, "b", group="references")).columns == ("a0",)


def test_trials_stand_best_first() -> None:
    scores = {"t0": 0.3, "t1": 0.9, "t2": 0.6}
    trials = [cell(name, k, name, top1=top1, role="trial") for k, (name, top1) in
              enumerate(scores.items())]  # fmt: skip
    assert chosen(*trials).columns == ("t1", "t2", "t0")


def test_side_by_side_are_no_more_than_fit() -> None:
    found = chosen(*(cell(f"{k:02}", k, f"row {k}") for k in range(30)))
    assert found.columns == tuple(f"{k:02}" for k in range(8))
    assert len(found.runs) == 20


def test_the_study_that_ended_last_is_found_or_the_one_that_is_named(
    tracker: Tracker, study_events: Callable[[Sequence[int]], Iterator[Event]]
) -> None:
    database = tracker.database
    assert database is not None
    for place in ("bench/first", "bench/second"):
        observer = MlflowObserver(replace(tracker, experiment=place), Store(database.parent))
        for event in study_events((0, 1)):
            observer(replace(event, cell=place) if isinstance(event, CellStarted) else event)
        observer.close("FINISHED")
    client = connect(tracker.uri)
    last = newest_comparison(client, tracker.uri)
    first = newest_comparison(client, tracker.uri, "bench/first")
    assert last is not None
    assert first is not None
    names = [client.get_experiment(found.experiment).name for found in (last, first)]
    assert names == ["bench/second", "bench/first"]
    assert (len(last.columns), len(last.runs)) == (1, 2)


def test_there_may_be_nothing_to_compare(tracker: Tracker) -> None:
    client = connect(tracker.uri)
    assert newest_comparison(client, tracker.uri) is None
    assert newest_comparison(client, tracker.uri, "bench/unknown") is None
