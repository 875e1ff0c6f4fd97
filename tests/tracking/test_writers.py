"""Processes that die, and processes that write at once, leave one true record."""

import subprocess
import sys
from pathlib import Path

import pytest
from deliveries import WRITER, Events, all_runs, histories, killed_writer, play
from waiting import LIMIT, until

from bench.storage.owner import host, this_process
from bench.storage.store import Store
from bench.storage.uris import file_uri
from bench.tracking.connection import connect, experiment_id
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, lists
from bench.tracking.tracker import Tracker, default_uri


def test_a_killed_writer_is_marked_killed_by_the_next_command(
    folder: Path, tracker: Tracker
) -> None:
    with killed_writer(folder) as (_, said):
        assert said == "ready"
        assert deliver_pending(Store(folder)) == Delivery()  # a living process delivers itself
    until(lambda: deliver_pending(Store(folder)) == Delivery(delivered=1))
    runs = all_runs(tracker.uri)
    assert sorted(run.info.run_name for run in runs) == ["ablation", "cell"]
    assert {run.info.status for run in runs} == {"KILLED"}
    assert histories(tracker.uri) == {("cell", "recover/loss"): [(1, 2.0)]}


def test_runs_of_dead_processes_are_killed_even_without_their_sheets(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    client = connect(tracker.uri)
    experiment = experiment_id(client, tracker.uri, "bench/ablation", file_uri(folder))
    code = "from bench.storage.owner import this_process; print(this_process().name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owners = {"dead": done.stdout.strip(), "living": this_process().name}
    made = {
        name: client.create_run(experiment, tags={"host": host(), "process": text})
        for name, text in owners.items()
    }
    play(MlflowObserver(tracker, Store(folder), code=folder), [*study_events((0,))])
    states = {name: client.get_run(run.info.run_id).info.status for name, run in made.items()}
    assert states == {"dead": "KILLED", "living": "RUNNING"}


def test_of_two_processes_that_ran_one_cell_one_run_stays(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    both = [MlflowObserver(tracker, Store(folder), code=folder) for _ in range(2)]
    events = [*study_events((0,))]
    for event in events:
        for observer in both:
            observer(event)
    for observer in both:
        observer.close("FINISHED")
    finished = [r for r in all_runs(tracker.uri) if r.data.tags["level"] == "cell"]
    assert [run.info.status for run in finished] == ["FINISHED"]


@pytest.mark.slow
def test_processes_that_start_at_once_on_no_database_do_not_collide(tmp_path: Path) -> None:
    code = WRITER.replace("sys.stdin.read()", "sys.stdin.read(); observer.close('FINISHED')")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    ends = [writer.communicate("", timeout=LIMIT) for writer in writers]
    assert [(out, err) for out, err in ends] == [("ready\n", "")] * 2  # and nothing is printed
    deliver_pending(Store(tmp_path))
    studies = [r for r in all_runs(default_uri(tmp_path)) if r.data.tags["level"] == "study"]
    assert len(studies) == 1
    assert lists(tmp_path / "tracking") == []
