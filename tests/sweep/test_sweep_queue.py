"""A budget is shared by all workers, and trials of dead ones are run again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from optuna.trial import TrialState

from bench.search.queue import GONE, OWNER, Queue, counted, occurrence, release, requeue, take_back
from bench.search.settings import Search
from bench.search.storage import enqueue_grid
from bench.storage.owner import this_process

Queued = Callable[..., Queue]
Searched = Callable[..., Search]


@pytest.fixture
def queue(searched: Searched, queued: Queued) -> Queue:
    return queued(searched(), trials=3)


def leave(queue: Queue, **changes: str) -> int:
    """A trial whose worker is gone, or of another machine."""
    trial = queue.next()
    assert trial is not None
    trial.set_user_attr(OWNER, replace(this_process(), **changes).name)
    return trial.number


def states(queue: Queue) -> list[str]:
    return [trial.state.name for trial in queue.study.get_trials(deepcopy=False)]


def test_a_queue_ends_with_its_budget(queue: Queue) -> None:
    for _ in range(3):
        trial = queue.next()
        assert trial is not None
        queue.study.tell(trial, 0.5)
    assert queue.next() is None
    assert queue.done() == 3


def test_running_trials_of_living_workers_count(queue: Queue) -> None:
    assert [queue.next() is not None for _ in range(4)] == [True, True, True, False]


def test_a_dead_workers_trial_is_queued_again_with_its_setting(queue: Queue) -> None:
    number = leave(queue, started="1")
    again = queue.next()
    assert again is not None
    first = queue.study.get_trials(deepcopy=False)[number]
    assert first.state == TrialState.FAIL
    assert first.user_attrs[GONE] == "its worker died"
    assert again.params == first.params
    assert again.user_attrs["retry_of"] == number
    assert [trial.number for trial in counted(queue.study)] == [again.number]


def test_a_dead_workers_trial_is_taken_back_once(queue: Queue) -> None:
    leave(queue, started="1")
    assert [take_back(queue.study), take_back(queue.study)] == [1, 0]
    assert states(queue) == ["FAIL", "WAITING"]


def test_another_machines_trial_is_left_alone_until_it_is_old(queue: Queue) -> None:
    leave(queue, machine="ffffffff")
    assert take_back(queue.study) == 0
    assert take_back(queue.study, lost=timedelta(0)) == 1


def test_a_trial_that_nobody_signed_is_left_alone_for_a_minute(queue: Queue) -> None:
    """And given up afterwards; `now` is the clock of whoever looks."""
    queue.study.ask(dict(queue.distributions))
    begun = queue.study.get_trials(deepcopy=False)[0].datetime_start
    assert begun is not None
    assert take_back(queue.study, now=begun + timedelta(seconds=59)) == 0
    assert take_back(queue.study, now=begun + timedelta(seconds=61)) == 1


def test_a_trial_that_ended_cannot_be_given_up(queue: Queue) -> None:
    trial = queue.next()
    assert trial is not None
    queue.study.tell(trial, 0.5)
    frozen = queue.study.get_trials(deepcopy=False)[trial.number]
    assert requeue(queue.study, frozen, "no") is False
    assert release(queue.study, trial.number, "no") is False
    assert states(queue) == ["COMPLETE"]


def test_what_two_workers_ask_for_at_once_beyond_the_budget_does_not_count(
    searched: Searched, queued: Queued
) -> None:
    one = queued(searched(), trials=1)
    trial = one.next()
    assert trial is not None
    late = one.study.ask(dict(one.distributions))  # as a worker that looked a moment too early
    assert [one._rank(trial.number), one._rank(late.number)] == [0, 1]


def test_device_seconds_end_a_queue_too(searched: Searched, queued: Queued) -> None:
    """The seconds that trials recorded, here in thousands; no clock is read."""
    timed = queued(searched(), trials=None, seconds=1500.0)
    for _ in range(2):
        trial = timed.next()
        assert trial is not None
        trial.set_user_attr("seconds_all", 1000.0)
        timed.study.tell(trial, 0.5)
    assert timed.next() is None


def test_a_grid_is_queued_once_and_run_round_after_round(
    searched: Searched, queued: Queued, tmp_path_factory: pytest.TempPathFactory
) -> None:
    search = searched(sampler="grid", grid_points=3, trials=4)
    queue, folder = queued(search, trials=search.trials), tmp_path_factory.mktemp("lock")
    for _ in range(2):
        enqueue_grid(queue.study, search.grid, search.trials, folder)
    found = []
    while (trial := queue.next()) is not None:
        found.append(trial.params["bn_weight"])
        queue.study.tell(trial, 0.5)
    assert sorted(found[:3]) == [0.1, 10.0, 1000.0]
    assert found[3] == found[0]


def test_a_setting_that_is_drawn_again_is_noticed(queue: Queue) -> None:
    for _ in range(2):
        queue.study.enqueue_trial({"bn_weight": 3.0})
    first, second = queue.next(), queue.next()
    assert first is not None
    assert second is not None
    assert [occurrence(queue.study, first), occurrence(queue.study, second)] == [0, 1]
