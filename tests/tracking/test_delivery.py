"""Delivery never holds a run up, loses nothing, doubles nothing, and ends what died."""

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from bench.events import Event, Note
from bench.tracking import owner
from bench.tracking.connection import connect, experiment_id
from bench.tracking.delivery import DeliveryReport, deliver_pending
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.outbox import Outbox, new_header, outboxes
from bench.tracking.tracker import Tracker, as_uri, default_uri

Events = Callable[[Sequence[int]], Iterator[Event]]

WRITER = """
import sys
import threading
from dataclasses import replace
from pathlib import Path
from bench.events import CellStarted, Step, StudyStarted
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.tracker import Tracker, as_uri, default_uri

folder = Path(sys.argv[1])
observer = MlflowObserver(Tracker(default_uri(folder), system_metrics=0), folder, code=folder)
observer(StudyStarted("ablation", "r", ["cell"], {}, {}))
observer(CellStarted("cell", "c" * 64, {}, {}))
observer(Step("recover", 1, 9, {"loss": 2.0}))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def all_runs(uri: str) -> list[Run]:
    client = MlflowClient(uri)
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()]))


def histories(uri: str) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Every metric of every run, by run name and metric."""
    client = MlflowClient(uri)
    return {
        (run.info.run_name, name): [
            (m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)
        ]
        for run in all_runs(uri)
        for name in run.data.metrics
    }


def play(observer: MlflowObserver, events: Sequence[Event], status: str = "FINISHED") -> None:
    for event in events:
        observer(event)
    observer.close(status)


def test_a_server_that_is_down_costs_little_is_said_once_and_keeps_the_records(
    tmp_path: Path, closed_port: int, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    said: list[Event] = []
    tracker = Tracker(f"http://127.0.0.1:{closed_port}", system_metrics=0)
    observer = MlflowObserver(tracker, tmp_path, said.append, code=tmp_path)
    start = time.monotonic()
    play(observer, [*study_events((0, 1))])
    assert time.monotonic() - start < 5
    (note,) = said
    assert isinstance(note, Note)
    assert f"127.0.0.1:{closed_port} does not answer" in note.text
    assert "delivered by the next bench command" in note.text
    (kept,) = outboxes(tmp_path / "outbox")
    assert str(kept) in note.text
    report = deliver_pending(tmp_path)
    assert (report.delivered, report.kept) == (0, 1)
    assert "does not answer" in report.problems[0]


def test_kept_records_are_delivered_later_and_once(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    blocked = Tracker(default_uri(folder / "mlflow.db" / "below"), system_metrics=0)
    play(MlflowObserver(blocked, folder, code=folder), [*study_events((0, 1))])
    (path,) = outboxes(folder / "outbox")
    path.write_text(path.read_text().replace("/mlflow.db/below", ""))
    shutil.copytree(folder / "outbox", folder / "copy")
    assert deliver_pending(folder) == DeliveryReport(delivered=1)
    first = histories(tracker.uri)
    assert first["wmdd · digits · ipc 2 · s0", "recover/bn"] == [(k, 2.0) for k in (1, 2, 3, 4)]
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}
    shutil.copytree(folder / "copy", folder / "outbox", dirs_exist_ok=True)
    assert deliver_pending(folder) == DeliveryReport(delivered=1)  # as if killed before the ack
    assert histories(tracker.uri) == first
    assert len(all_runs(tracker.uri)) == 3
    assert list((folder / "outbox").iterdir()) == []


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


def test_a_killed_writer_is_marked_killed_by_the_next_command(
    folder: Path, tracker: Tracker
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        assert deliver_pending(folder) == DeliveryReport()  # a living process delivers itself
        writer.kill()
    report = deliver_pending(folder)
    assert report == DeliveryReport(delivered=1)
    runs = all_runs(tracker.uri)
    assert sorted(run.info.run_name for run in runs) == ["ablation", "cell"]
    assert {run.info.status for run in runs} == {"KILLED"}
    assert histories(tracker.uri) == {("cell", "recover/loss"): [(1, 2.0)]}


def test_runs_of_dead_processes_are_killed_even_without_their_outbox(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    client = connect(tracker.uri)
    experiment = experiment_id(client, tracker.uri, "bench/ablation", as_uri(folder))
    code = "from bench.tracking import owner; print(owner.process())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owners = {"dead": done.stdout.strip(), "living": owner.process()}
    made = {
        name: client.create_run(experiment, tags={"host": owner.host(), "process": text})
        for name, text in owners.items()
    }
    play(MlflowObserver(tracker, folder, code=folder), [*study_events((0,))])
    states = {name: client.get_run(run.info.run_id).info.status for name, run in made.items()}
    assert states == {"dead": "KILLED", "living": "RUNNING"}


def test_of_two_processes_that_ran_one_cell_one_run_stays(
    folder: Path, tracker: Tracker, study_events: Events
) -> None:
    both = [MlflowObserver(tracker, folder, code=folder) for _ in range(2)]
    events = [*study_events((0,))]
    for event in events:
        for observer in both:
            observer(event)
    for observer in both:
        observer.close("FINISHED")
    finished = [r for r in all_runs(tracker.uri) if r.data.tags["level"] == "cell"]
    assert [run.info.status for run in finished] == ["FINISHED"]


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
        observer = MlflowObserver(tracker, tmp_path, said.append, code=tmp_path, patience=0.1)
        start = time.monotonic()
        play(observer, [*study_events((0, 1))])
        assert time.monotonic() - start < 5
        for thread in threading.enumerate():
            if thread.name == "bench-tracking":
                thread.join(30)
    assert len(said) == 1
    assert len(outboxes(tmp_path / "outbox")) == 1


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
    ends = [writer.communicate("", timeout=120) for writer in writers]
    assert [(out, err) for out, err in ends] == [("ready\n", "")] * 2  # and nothing is printed
    deliver_pending(tmp_path)
    studies = [r for r in all_runs(default_uri(tmp_path)) if r.data.tags["level"] == "study"]
    assert len(studies) == 1
    assert list((tmp_path / "outbox").iterdir()) == []
