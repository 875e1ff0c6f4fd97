"""A trial of the past is told from the store as it was when it ran."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from optuna.trial import Trial, TrialState

from bench.core.events import CellFailed, CellFinished, CellStarted, Event, StageFinished, Step
from bench.graph.request import kinds
from bench.search.past import JudgedTrial, PastTrial, past_trials
from bench.search.queue import Queue, release
from bench.search.settings import Search
from bench.storage.store import Store
from bench.study.grid import Row

LENGTHS = {"squeeze.epochs": 1, "recover.iterations": 3, "relabel.epochs": 9}
ROWS = (Row("WMDD", "wmdd", overrides=LENGTHS),)
SWEEPS: dict[str, dict[str, object]] = {
    "none": {"seeds": 2},
    "hyperband": {"seeds": 2, "rows": ROWS},
    "wilcoxon": {"seeds": 5},
}
Told = Callable[..., tuple[list[Event], JudgedTrial]]


def own_kinds() -> list[str]:
    """The kinds that belong to one cell."""
    return [name for name, kind in kinds().items() if kind.own]


@pytest.fixture
def told(
    searched: Callable[..., Search],
    queued: Callable[..., Queue],
    working: Callable[..., list[str]],
    tmp_path: Path,
) -> Told:
    """Runs one trial, and returns its events with what is left of it."""

    def run(pruner: str) -> tuple[list[Event], JudgedTrial]:
        search = searched(pruner=pruner, **SWEEPS[pruner])
        queue, events, store = queued(search, trials=1), list[Event](), Store(tmp_path / "store")
        working(search, queue, events.append, store)
        (past,) = past_trials(search, queue.study, store)
        assert isinstance(past, JudgedTrial)
        return events, past

    return run


def again(past: PastTrial) -> list[Event]:
    events = list[Event]()
    past.tell(events.append)
    return events


def known(events: Sequence[Event]) -> list[Event]:
    """What is told without looking at a clock or at what is computed."""
    return [replace(e, at=None) for e in events if isinstance(e, CellStarted) or is_score(e)]


def is_score(event: Event) -> bool:
    return isinstance(event, Step) and event.stage == "trial"


def own(events: Sequence[Event]) -> list[tuple[str, str]]:
    made = [e for e in events if isinstance(e, StageFinished)]
    return [(e.stage, e.address) for e in made if kinds()[e.stage].own]


def ends(events: Sequence[Event]) -> CellFinished:
    (end,) = [e for e in events if isinstance(e, CellFinished)]
    return end


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("pruner", SWEEPS)
def test_it_tells_what_was_told(
    told: Told, pruner: str, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trial, "should_prune", lambda _: stopped)
    live, past = told(pruner)
    found = again(past)
    assert past.kept()
    assert known(found) == known(live)
    assert list(dict.fromkeys(own(found))) == list(dict.fromkeys(own(live)))
    was, now = ends(live), ends(found)
    assert (now.cell, now.address, now.row, now.tags) == (was.cell, was.address, was.row, was.tags)
    assert now.metrics == was.metrics
    series = [
        [(e.address, e.series) for e in told if isinstance(e, StageFinished)]
        for told in (found, live)
    ]
    assert set(series[0]) >= set(series[1])  # the run looked at shared artifacts once


def test_a_pruned_trial_has_its_state_and_its_first_rung(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trial, "should_prune", lambda _: True)
    _, past = told("hyperband")
    assert past.trial.state == TrialState.PRUNED
    assert ends(again(past)).tags == {"optuna_state": "PRUNED", "pruned": "true"}
    assert [plan.cells[0].recipe.relabel.epochs for plan in past.plans] == [1]


def test_it_is_dated_by_its_artifacts(told: Told) -> None:
    _, past = told("none")
    events, (begin, end) = again(past), past.span()
    scores = [past.store.manifest(cell.address) for cell in past.plans[0].cells]
    made = [datetime.fromisoformat(score.created).timestamp() for score in scores]
    assert (begin, end) == (max(made) - past.judged.seconds_all, max(made))
    assert [e.at for e in events if not isinstance(e, StageFinished)] == [begin, *made, end]


def test_a_trial_whose_scores_are_gone_is_not_kept(told: Told) -> None:
    _, past = told("none")
    address = past.plans[0].cells[1].address
    shutil.rmtree(Path(past.store.root, "objects", address[:2], address))
    assert not past.kept()


def test_a_trial_of_other_code_is_not_kept(told: Told) -> None:
    _, past = told("none")
    past.trial.user_attrs["address"] = "0" * 32
    assert not past.kept()


def test_a_failed_trial_has_its_error_its_times_and_what_was_made_before(
    searched: Callable[..., Search],
    queued: Callable[..., Queue],
    working: Callable[..., list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(trial: Trial) -> bool:
        raise RuntimeError("made to fail")

    monkeypatch.setattr(Trial, "should_prune", fail)
    search = searched(pruner="hyperband", **SWEEPS["hyperband"])
    queue, live, store = queued(search, trials=1), list[Event](), Store(tmp_path / "store")
    assert working(search, queue, live.append, store) == ["FAIL"]
    (past,) = past_trials(search, queue.study, store)
    assert past.kept()
    found = again(past)
    assert known(found) == known(live)
    assert len([e for e in found if is_score(e)]) == 2  # of the first rung
    assert list(dict.fromkeys(own(found))) == list(dict.fromkeys(own(live)))
    (was,), (now,) = ([e for e in told if isinstance(e, CellFailed)] for told in (live, found))
    assert now == replace(was, at=past.span()[1])
    assert "made to fail" in now.error
    assert past.span()[1] > past.span()[0]


def test_trials_that_were_given_up_or_still_run_are_left_out(
    searched: Callable[..., Search], queued: Callable[..., Queue], tmp_path: Path
) -> None:
    search = searched()
    queue = queued(search, trials=2)
    assert release(queue.study, queue.study.ask().number, "its worker died")
    queue.study.ask()
    assert past_trials(search, queue.study, Store(tmp_path)) == []
