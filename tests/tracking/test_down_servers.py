"""A server that does not answer holds no run up, and gets everything once when it does."""

import shutil
import socket
import threading
import time
from pathlib import Path

import pytest
from deliveries import Events, all_runs, histories, play

from bench.core.events import Event, Note
from bench.storage.store import Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, lists
from bench.tracking.tracker import Tracker, default_uri


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_down_costs_little_is_said_once_and_keeps_the_records(
    tmp_path: Path, closed_port: int, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    said: list[Event] = []
    tracker = Tracker(f"http://127.0.0.1:{closed_port}", system_metrics=0)
    observer = MlflowObserver(tracker, Store(tmp_path), said.append, code=tmp_path)
    start = time.monotonic()
    play(observer, [*study_events((0, 1))])
    assert time.monotonic() - start < 5
    assert len(said) == 1, said
    (note,) = said
    assert isinstance(note, Note)
    assert f"127.0.0.1:{closed_port} does not answer" in note.text
    assert "delivered by the next bench command" in note.text
    assert len(lists(tmp_path / "tracking")) == 1
    assert f"kept in {tmp_path}" in note.text
    report = deliver_pending(Store(tmp_path))
    assert (report.delivered, report.kept) == (0, 1)
    assert "does not answer" in report.problems[0]


def test_kept_records_are_delivered_later_and_once(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    blocked = Tracker(default_uri(folder / "mlflow.db" / "below"), system_metrics=0)
    play(MlflowObserver(blocked, Store(folder), code=folder), [*study_events((0, 1))])
    (path,) = lists(folder / "tracking")
    path.write_text(path.read_text().replace("/mlflow.db/below", ""))
    shutil.copy(path, folder / "copy")
    assert deliver_pending(Store(folder)) == Delivery(delivered=1)
    first = histories(tracker.uri)
    assert first["wmdd · digits · ipc 2 · s0", "recover/bn"] == [(k, 2.0) for k in (1, 2, 3, 4)]
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}
    shutil.copy(folder / "copy", path)
    assert deliver_pending(Store(folder)) == Delivery(delivered=1)  # as if killed before its end
    assert histories(tracker.uri) == first
    assert len(all_runs(tracker.uri)) == 3
    assert lists(folder / "tracking") == []


def test_a_server_that_never_answers_is_not_waited_for(
    tmp_path: Path, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"no_proxy": "127.0.0.1", "TIMEOUT": "1", "MAX_RETRIES": "0"}
    for name, value in settings.items():
        monkeypatch.setenv(name if name == "no_proxy" else f"MLFLOW_HTTP_REQUEST_{name}", value)
    said: list[Event] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        tracker = Tracker(uri, system_metrics=0)
        store = Store(tmp_path)
        observer = MlflowObserver(tracker, store, said.append, code=tmp_path, patience=0.1)
        start = time.monotonic()
        play(observer, [*study_events((0, 1))])
        assert time.monotonic() - start < 5
        for thread in threading.enumerate():
            if thread.name == "bench-tracking":
                thread.join(30)
    assert len(said) == 1
    assert len(lists(tmp_path / "tracking")) == 1
