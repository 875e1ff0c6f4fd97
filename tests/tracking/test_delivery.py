"""Delivery loses nothing, doubles nothing, and tells what it cannot deliver."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries import Events, all_runs, play
from mlflow import MlflowClient

from bench.core.events import Event
from bench.storage.store import Store
from bench.storage.uris import file_uri
from bench.tracking.connection import connect, experiment_id
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, listed, lists
from bench.tracking.tracker import Tracker


def test_files_that_find_no_place_wait_and_hold_nothing_else_up(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    place = folder / "place"
    place.write_text("in the way")
    said: list[Event] = []
    chosen = replace(tracker, artifacts=str(place))
    play(MlflowObserver(chosen, Store(folder), said.append, code=folder), [*study_events((0,))])
    assert "artifacts: " in str(said)
    runs = all_runs(tracker.uri)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert deliver_pending(Store(folder)).kept == 1
    place.unlink()
    assert deliver_pending(Store(folder)) == Delivery(delivered=1)
    (cell,) = [run for run in runs if run.data.tags["level"] == "cell"]
    client = MlflowClient(tracker.uri)
    names = {a.path for a in client.list_artifacts(cell.info.run_id)}
    assert names == {"images", "manifest.json"}


def test_a_list_without_anything_to_export_goes(folder: Path, tracker: Tracker) -> None:
    left = listed(folder / "tracking", tracker.uri, "bench/s", "", "5" * 64)
    assert deliver_pending(Store(folder)) == Delivery()  # this process still writes it
    left.add({"end": "LEFT", "at": 1})
    assert deliver_pending(Store(folder)) == Delivery(delivered=1)
    assert lists(folder / "tracking") == []


def test_a_password_is_asked_for_again_and_kept_nowhere(folder: Path) -> None:
    left = listed(folder / "tracking", "http://me:secret@127.0.0.1:9", "bench/s", "", "5" * 64)
    left.add({"end": "LEFT", "at": 1})
    report = deliver_pending(Store(folder))
    assert (report.delivered, report.kept) == (0, 1)
    assert report.problems == (
        "what waits for http://127.0.0.1:9 needs its password: name it once more",
    )
    again = deliver_pending(Store(folder), "http://me:secret@127.0.0.1:9")
    assert again.problems == ("http://127.0.0.1:9 does not answer",)


def test_a_deleted_experiment_is_explained(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    client = connect(tracker.uri)
    client.delete_experiment(experiment_id(client, tracker.uri, "bench/ablation", file_uri(folder)))
    said: list[Event] = []
    play(MlflowObserver(tracker, Store(folder), said.append, code=folder), [*study_events((0,))])
    assert "experiment 'bench/ablation' is deleted; restore it" in str(said[0])


def test_the_users_settings_of_mlflow_stay(
    folder: Path, tracker: Tracker, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    play(MlflowObserver(tracker, Store(folder), code=folder), [*study_events((0,))])
    import os

    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_nothing_pending_needs_no_mlflow(tmp_path: Path) -> None:
    code = (
        "import sys; from bench.storage.store import Store;"
        "from bench.tracking.pending import deliver_pending;"
        "print(deliver_pending(Store(sys.argv[1])).delivered, 'mlflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False"]
