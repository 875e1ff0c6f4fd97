"""Delivery loses nothing, doubles nothing, and tells what it cannot deliver."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries import Events, all_runs, histories, play
from mlflow import MlflowClient

from bench.core.events import Event
from bench.tracking.connection import connect, experiment_id
from bench.tracking.delivery import DeliveryReport, deliver_pending
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.outbox import Outbox, new_header
from bench.tracking.tracker import Tracker, as_uri


def test_files_that_find_no_place_wait_and_hold_nothing_else_up(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    place = folder / "place"
    place.write_text("in the way")
    said: list[Event] = []
    chosen = replace(tracker, artifacts=str(place))
    play(MlflowObserver(chosen, folder, said.append, code=folder), [*study_events((0,))])
    assert "artifacts: " in str(said)
    runs = all_runs(tracker.uri)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert deliver_pending(folder).kept == 1
    place.unlink()
    assert deliver_pending(folder) == DeliveryReport(delivered=1)
    (cell,) = [run for run in runs if run.data.tags["level"] == "cell"]
    client = MlflowClient(tracker.uri)
    names = {a.path for a in client.list_artifacts(cell.info.run_id)}
    assert names == {"images", "manifest.json"}


def test_delivery_resumes_in_the_middle(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    header = new_header("ablation", tracker.uri, "bench/ablation", as_uri(folder))
    outbox = Outbox(folder / "outbox", header)
    opening = {"op": "run", "params": {}, "tags": {}, "t": 1000}
    outbox.append({**opening, "level": "study", "key": "s", "name": "study"})
    outbox.append({**opening, "level": "cell", "key": "c", "name": "cell", "parent": "s"})
    outbox.append({"op": "metrics", "key": "c", "points": [["a", 1.0, 0, 1000]]})
    half = outbox.path.stat().st_size
    outbox.append({"op": "metrics", "key": "c", "points": [["a", 2.0, 1, 2000]]})
    outbox.append({"op": "end", "key": "c", "status": "FINISHED", "t": 3000})
    outbox.append({"op": "end", "key": "s", "status": "FINISHED", "t": 3000})
    outbox.release()
    whole = outbox.path.read_bytes()
    outbox.path.write_bytes(whole[:half])
    shutil.copy(outbox.path, folder / "half")
    assert deliver_pending(folder) == DeliveryReport(delivered=1)
    assert {run.info.status for run in all_runs(tracker.uri)} == {"KILLED"}  # it had no end
    outbox.path.write_bytes(whole)
    outbox.path.with_suffix(".ack").write_text(str(half))
    assert deliver_pending(folder) == DeliveryReport(delivered=1)
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}
    assert histories(tracker.uri) == {("cell", "a"): [(0, 1.0), (1, 2.0)]}


def test_what_the_store_refuses_is_skipped_and_told(folder: Path, tracker: Tracker) -> None:
    outbox = Outbox(folder / "outbox", new_header("s", tracker.uri, "bench/s", as_uri(folder)))
    outbox.append(
        {"op": "run", "level": "study", "key": "s", "name": "s", "params": {}, "tags": {}, "t": 1}
    )
    outbox.append({"op": "metrics", "key": "s", "points": [["a@b", 1.0, 0, 1]]})
    outbox.append({"op": "metrics", "key": "s", "points": [["good", 1.0, 0, 1]]})
    outbox.append({"op": "end"})
    outbox.append({"op": "unheard of"})
    outbox.append({"op": "end", "key": "s", "status": "FINISHED", "t": 2})
    outbox.release()
    report = deliver_pending(folder)
    assert report.delivered == 1
    assert "a@b" in report.problems[0]
    (run,) = all_runs(tracker.uri)
    assert run.info.status == "FINISHED"


def test_a_deleted_experiment_is_explained(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    client = connect(tracker.uri)
    client.delete_experiment(experiment_id(client, tracker.uri, "bench/ablation", as_uri(folder)))
    said: list[Event] = []
    play(MlflowObserver(tracker, folder, said.append, code=folder), [*study_events((0,))])
    assert "experiment 'bench/ablation' is deleted; restore it" in str(said[0])


def test_the_users_settings_of_mlflow_stay(
    folder: Path, tracker: Tracker, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    play(MlflowObserver(tracker, folder, code=folder), [*study_events((0,))])
    import os

    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_nothing_pending_needs_no_mlflow(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bench.tracking.delivery import deliver_pending;"
        "print(deliver_pending(Path(sys.argv[1])).delivered, 'mlflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False"]
