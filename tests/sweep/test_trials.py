"""Trials are cells on held-out data: what they share is made once, what they cost is known."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

from bench.core.errors import BenchError
from bench.core.events import CellFailed, CellFinished, CellStarted, Event, StageFinished, Step
from bench.execution.results import row_of
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan, Plan
from bench.plugin.space import Choice
from bench.search import trial
from bench.search.importance import importances
from bench.search.queue import Queue
from bench.search.rows import seconds_spared, trial_rows
from bench.search.settings import Search
from bench.search.standings import standings
from bench.storage.store import Store
from bench.study.grid import Row

Queued = Callable[..., Queue]
Searched = Callable[..., Search]
Working = Callable[..., list[str]]


def stages(events: Sequence[Event]) -> Counter[str]:
    return Counter(e.stage for e in events if isinstance(e, StageFinished) and not e.hit)


def test_a_search_trains_one_teacher_and_solves_one_barycenter(
    searched: Searched, queued: Queued, working: Working, tmp_path: Path
) -> None:
    search, events = searched(seeds=2), list[Event]()
    queue = queued(search, trials=3)
    states = working(search, queue, events.append, store=Store(tmp_path))
    assert states == ["COMPLETE"] * 3
    shared = {"squeeze": 1, "observe": 1, "barycenter": 1}
    assert stages(events) == {**shared, "recover": 6, "relabel": 6, "evaluate": 6}
    rows = trial_rows(search, queue.study)
    made, alone = seconds_spared(rows)
    assert made < alone
    assert all(r["seconds"] < r["seconds_amortised"] < r["seconds_total"] for r in rows)  # type: ignore[operator]


def test_trials_never_see_the_test_split(
    searched: Searched, queued: Queued, working: Working
) -> None:
    search = searched()
    queue, events = queued(search, trials=1), list[Event]()
    working(search, queue, events.append)
    started = next(e for e in events if isinstance(e, CellStarted))
    real = search.locate("digits")
    assert started.params["dataset"] == "digits#val"
    assert started.tags["data_digest"] not in (real.train, real.test)
    searched_data = search.base.cells[0].source
    assert {searched_data.train, searched_data.test}.isdisjoint({real.train, real.test})


def test_a_trial_is_one_tracked_run_with_its_scores_by_seed(
    searched: Searched, queued: Queued, working: Working, tmp_path: Path
) -> None:
    search, events = searched(seeds=2), list[Event]()
    working(search, queued(search, trials=1), events.append, store=Store(tmp_path))
    started = [e for e in events if isinstance(e, CellStarted)]
    ended = [e for e in events if isinstance(e, CellFinished)]
    assert [e.tags["role"] for e in started] == ["trial"]
    assert started[0].tags["optuna_trial"] == "0"
    assert ended[0].tags["optuna_state"] == "COMPLETE"
    assert ended[0].tags["pruned"] == "false"
    assert ended[0].metrics["top1_n"] == 2
    curve = [e for e in events if isinstance(e, Step) and e.stage.startswith("trial")]
    scores = [float(e.values["top1"]) for e in curve]
    assert ended[0].metrics["top1"] == pytest.approx(sum(scores) / 2)
    assert [(e.step, e.total) for e in curve] == [(1, 2), (2, 2)]
    curves = {e.stage for e in events if isinstance(e, Step) and e.stage.startswith("recover")}
    assert curves == {"recover/s0", "recover/s1"}


def test_a_trial_that_breaks_down_says_so_with_its_state(
    searched: Searched, queued: Queued, working: Working, tmp_path: Path
) -> None:
    blocked = Store(tmp_path / "blocked")
    (tmp_path / "blocked").write_text("a file where the store shall be")
    search, events = searched(), list[Event]()
    assert working(search, queued(search, trials=1), events.append, blocked) == ["FAIL"]
    (failed,) = [e for e in events if isinstance(e, CellFailed)]
    assert failed.row["optuna_state"] == "FAIL"


def test_a_setting_that_is_drawn_again_runs_with_the_next_seeds(
    searched: Searched, queued: Queued, working: Working
) -> None:
    search = searched(parameters=("solver",), space={"solver": Choice(("uniform",))}, seeds=2)
    queue = queued(search, trials=2)
    working(search, queue)
    assert [row["seeds"] for row in trial_rows(search, queue.study)] == ["0, 1", "2, 3"]
    (only,) = standings(queue.study)
    assert (only.trials, len(only.top1)) == ((0, 1), 4)


def test_several_objectives_give_a_front(
    searched: Searched, queued: Queued, working: Working
) -> None:
    search = searched(objectives=("top1", "seconds", "peak_memory", "bytes"))
    queue = queued(search, trials=3)
    working(search, queue)
    trials = queue.study.get_trials(deepcopy=False)
    assert all(len(trial.values) == 4 and min(trial.values[1:]) > 0 for trial in trials)
    assert queue.study.best_trials


def test_a_setting_that_breaks_down_fails_alone(
    searched: Searched, queued: Queued, working: Working
) -> None:
    search = searched(parameters=("squeeze.lr",), space={"squeeze.lr": Choice((1e6, 0.025))})
    queue = queued(search, trials=None)
    for rate in (1e6, 0.025):
        queue.study.enqueue_trial({"squeeze.lr": rate})
    one = Queue(queue.study, queue.distributions, 2)
    assert working(search, one) == ["FAIL", "COMPLETE"]
    rows = trial_rows(search, queue.study)
    assert "expected a finite loss" in str(rows[0]["error"])
    assert [standing.params for standing in standings(queue.study)] == [{"squeeze.lr": 0.025}]


def test_a_failed_device_ends_the_worker_and_its_trial_waits_for_another(
    searched: Searched, queued: Queued, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: object, plan: CellPlan) -> None:
        raise torch.AcceleratorError("CUDA error: device lost")

    monkeypatch.setattr(Workshop, "finish", fails)
    search = searched()
    queue = queued(search, trials=2)
    with pytest.raises(BenchError, match=r"^device cpu has failed and computes nothing more"):
        working(search, queue)
    assert [t.state for t in queue.study.trials] == [TrialState.FAIL, TrialState.WAITING]


def test_hyperband_judges_shorter_runs_first(
    searched: Searched, queued: Queued, working: Working
) -> None:
    rows = (Row("WMDD", "wmdd", overrides={"squeeze.epochs": 1, "recover.iterations": 3,
                                           "relabel.epochs": 9}),)  # fmt: skip
    search = searched(rows=rows, pruner="hyperband")
    queue = queued(search, trials=5)
    found = working(search, queue)
    steps = [set(t.intermediate_values) for t in queue.study.get_trials(deepcopy=False)]
    assert set(found) <= {"COMPLETE", "PRUNED"}
    for state, seen in zip(found, steps, strict=True):
        assert seen == {1, 3, 9} if state == "COMPLETE" else seen in ({1}, {1, 3})


def test_wilcoxon_stops_a_trial_that_is_worse_seed_by_seed(
    searched: Searched, queued: Queued, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = searched(pruner="wilcoxon", seeds=6, space={"bn_weight": Choice((1.0, 1e9))})
    queue = queued(search, trials=2)
    for weight in (1.0, 1e9):
        queue.study.enqueue_trial({"bn_weight": weight})
    monkeypatch.setattr(trial, "row_of", worse_under(1e9))
    working(search, queue)
    good, bad = trial_rows(search, queue.study)
    assert (good["stopped"], bad["stopped"]) == (False, True)
    assert set(str(good["seeds"]).split(", ")) == set("012345")
    assert 0 < len(str(bad["seeds"]).split(", ")) < 6
    assert set(str(bad["seeds"]).split(", ")) < set("012345")
    assert (good["state"], bad["state"]) == ("COMPLETE", "COMPLETE")
    assert [standing.params for standing in standings(queue.study)] == [{"bn_weight": 1.0}]


def worse_under(weight: float) -> Callable[..., dict[str, object]]:
    """The rows of cells, with a score by seed that is 0.3 lower for one value of lambda."""

    def row(cell: CellPlan, plan: Plan, store: Store) -> dict[str, object]:
        bad = cell.cell.row.params["bn_weight"] == weight
        return row_of(cell, plan, store) | {"top1": 0.6 + cell.cell.seed / 100 - 0.3 * bad}

    return row


def test_two_evaluators_say_what_matters(searched: Searched, queued: Queued) -> None:
    search = searched(parameters=("bn_weight", "ce_weight"))
    queue = queued(search, trials=30)
    while (trial := queue.next()) is not None:
        queue.study.tell(trial, -abs(trial.params["ce_weight"] - 1))
    found = importances(queue.study)
    assert [(i.evaluator, i.n) for i in found] == [("PED-ANOVA", 30), ("fANOVA", 30)]
    assert all(i.shares["ce_weight"] > 0.7 for i in found)


def test_too_few_trials_have_no_importance(searched: Searched, queued: Queued) -> None:
    assert importances(queued(searched()).study) == []
