"""The process that exports for a run: beside it, never in its way, and gone with it."""

from pathlib import Path

import psutil
import pytest
from deliveries import WRITER, Events, all_runs, killed_writer, play
from waiting import until

from bench.core.events import Event
from bench.storage.store import Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, lists
from bench.tracking.tracker import Tracker

pytestmark = pytest.mark.process
FOLLOWER = "bench.tracking.follower"


def followers(process: int) -> list[psutil.Process]:
    """The processes that export for a process."""
    return [p for p in psutil.Process(process).children() if FOLLOWER in str(p.cmdline())]


def test_a_run_is_delivered_when_it_ends_and_its_process_goes(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    said: list[Event] = []
    observer = MlflowObserver(tracker, Store(folder), said.append, code=folder)
    events = [*study_events((0, 1))]
    observer(events[0])
    (follower,) = followers(psutil.Process().pid)
    play(observer, events[1:])
    assert said == []
    assert not follower.is_running()
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}
    assert lists(folder / "tracking") == []


def test_a_delivery_that_dies_is_told_and_keeps_the_records(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    said: list[Event] = []
    observer = MlflowObserver(tracker, Store(folder), said.append, code=folder)
    first, *others = [*study_events((0, 1))]
    observer(first)
    (follower,) = followers(psutil.Process().pid)
    follower.kill()
    until(lambda: observer.problem != "")
    play(observer, others)
    (note,) = said
    assert "the process that delivers has ended" in str(note)
    assert "delivered by the next bench command" in str(note)
    assert deliver_pending(Store(folder)) == Delivery(delivered=1)
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}


def test_a_delivery_ends_with_a_run_that_is_killed_and_mlflow_stays_out_of_the_run(
    folder: Path,
) -> None:
    code = WRITER.replace('"ready"', '"mlflow" in sys.modules')
    with killed_writer(folder, code) as (process, imported):
        assert imported == "False"
        (follower,) = followers(process)
    until(lambda: not follower.is_running() or follower.status() == psutil.STATUS_ZOMBIE)
