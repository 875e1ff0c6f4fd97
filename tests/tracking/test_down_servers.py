"""A server that does not answer holds no run up, and gets everything once when it does."""

import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import Events, all_runs, histories, play
from hosts import ThreadHost
from servers import held_port

from bench.core.errors import BadValue
from bench.core.events import Event, Note
from bench.storage.store import Store
from bench.tracking import mlflow_log
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, lists
from bench.tracking.recorder import Recorder
from bench.tracking.tracker import Tracker, default_uri


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with held_port() as port:
        yield port


def test_a_server_that_is_down_is_said_once_and_keeps_the_records(
    tmp_path: Path, closed_port: int, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    said: list[Event] = []
    tracker = Tracker(f"http://127.0.0.1:{closed_port}", system_metrics=0)
    play(MlflowObserver(tracker, Store(tmp_path), said.append, code=tmp_path), study_events((0, 1)))
    check_said_once_and_kept(said, closed_port, tmp_path)


def test_so_it_is_where_the_export_begins_after_the_run_has_ended(
    tmp_path: Path, closed_port: int, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's own list is not taken for one that an earlier run left, however late it is read."""
    ended = threading.Event()

    class LateHost(ThreadHost):
        def _work(self) -> None:
            ended.wait()
            super()._work()

    class Telling(Recorder):
        def close(self, status: str) -> None:
            super().close(status)
            ended.set()

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(mlflow_log, "start", LateHost)
    monkeypatch.setattr(mlflow_log, "Recorder", Telling)
    said: list[Event] = []
    tracker = Tracker(f"http://127.0.0.1:{closed_port}", system_metrics=0)
    play(MlflowObserver(tracker, Store(tmp_path), said.append, code=tmp_path), study_events((0, 1)))
    check_said_once_and_kept(said, closed_port, tmp_path)


def test_a_thread_that_exports_leaves_the_environment_alone(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    """A process that starts meanwhile failed now and then: OSError "Bad address" from exec."""
    changed: list[tuple[str, object]] = []
    watching = True

    def hook(event: str, given: tuple[object, ...]) -> None:
        if watching and event in ("os.putenv", "os.unsetenv"):
            changed.append((threading.current_thread().name, given[0]))

    sys.addaudithook(hook)  # stays until this process ends
    play(MlflowObserver(tracker, Store(folder), code=folder), study_events((0, 1)))
    watching = False
    assert len(all_runs(tracker.uri)) == 3
    assert changed == []


@pytest.mark.parametrize("given", ["soon", "-1", "nan", ""])
def test_how_long_a_run_waits_is_a_number_of_seconds(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_TRACKING_WAIT", given)
    with pytest.raises(BadValue, match="DDBENCH_TRACKING_WAIT: expected seconds that a run waits"):
        MlflowObserver(Tracker(default_uri(tmp_path)), Store(tmp_path))


def check_said_once_and_kept(said: list[Event], port: int, folder: Path) -> None:
    assert len(said) == 1, said
    (note,) = said
    assert isinstance(note, Note)
    assert f"127.0.0.1:{port} does not answer" in note.text
    assert "delivered by the next bench command" in note.text
    assert f"kept in {folder}" in note.text
    assert len(lists(folder / "tracking")) == 1
    report = deliver_pending(Store(folder))
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
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")  # longer than this test may take
    said: list[Event] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        observer = MlflowObserver(
            Tracker(uri, system_metrics=0),
            Store(tmp_path),
            said.append,
            code=tmp_path,
            patience=0.1,
        )
        play(observer, study_events((0, 1)))
        asking = [t for t in threading.enumerate() if t.name == "bench-tracking" and t.is_alive()]
        assert asking, "the run ended before the export had an answer"
    for thread in asking:  # its connection went with the socket
        thread.join()
    assert len(said) == 1, said
    assert len(lists(tmp_path / "tracking")) == 1
