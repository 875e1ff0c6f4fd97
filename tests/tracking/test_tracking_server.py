"""A real MLflow server: what was kept while it was down arrives, once, with its artifacts."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from mlflow import MlflowClient
from servers import HOST, guarded, held_port, kill
from waiting import LIMIT, until

from bench.core.events import Event
from bench.storage.store import Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import Delivery, deliver_pending, lists
from bench.tracking.tracker import Tracker, default_uri
from bench.tracking.ui import ui_command

Events = Callable[[Sequence[int]], Iterator[Event]]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("no_proxy", HOST)
    with held_port() as port:
        yield port


class Server:
    """`mlflow server` on a port, over a database that outlives it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._command = ui_command(default_uri(folder), folder / "served", port)
        self._url = f"http://{HOST}:{port}/health"

    def __enter__(self) -> "Server":
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = guarded(self._command, **quiet)
        until(self._healthy, self._process, "a healthy server")
        return self

    def __exit__(self, *error: object) -> None:
        kill(self._process)

    def _healthy(self) -> bool:
        with suppress(URLError, OSError), urlopen(self._url, timeout=LIMIT):
            return True
        return False


def play(observer: MlflowObserver, events: Sequence[Event]) -> None:
    for event in events:
        observer(event)
    observer.close("FINISHED")


def state(uri: str) -> dict[str, tuple[str, list[tuple[str, int, float]], list[str]]]:
    """Every run's status, metric points and artifacts, by run name."""
    client = MlflowClient(uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert len({run.info.run_name for run in runs}) == len(runs)
    return {
        run.info.run_name: (
            run.info.status,
            [
                (name, m.step, m.value)
                for name in sorted(run.data.metrics)
                for m in client.get_metric_history(run.info.run_id, name)
            ],
            [a.path for a in client.list_artifacts(run.info.run_id)],
        )
        for run in runs
    }


@pytest.mark.slow
def test_a_server_that_comes_back_gets_everything_once(
    folder: Path, port: int, study_events: Events
) -> None:
    tracker = Tracker(f"http://127.0.0.1:{port}", system_metrics=0)
    events = [*study_events((0, 1))]
    observer = MlflowObserver(tracker, Store(folder), code=folder)
    for event in events[:-3]:  # the server is down until the last cell is nearly done
        observer(event)
    (listed,) = lists(folder / "tracking")
    with Server(folder, port):
        for event in events[-3:]:
            observer(event)
        kept = listed.read_text()
        observer.close("FINISHED")
        deliver_pending(Store(folder))
        first = state(tracker.uri)
        listed.write_text(kept + '{"end": "LEFT", "at": 1}\n')
        assert deliver_pending(Store(folder)) == Delivery(
            delivered=1
        )  # as if killed before its end
        play(MlflowObserver(tracker, Store(folder), code=folder), events)  # all is there already
        deliver_pending(Store(folder))
        assert state(tracker.uri) == first
    assert {status for status, _, _ in first.values()} == {"FINISHED"}
    assert sorted(first) == [
        "ablation · smoke", "wmdd · digits · ipc 2 · s0", "wmdd · digits · ipc 2 · s1",
    ]  # fmt: skip
    _, points, artifacts = first["wmdd · digits · ipc 2 · s0"]
    assert [p for p in points if p[0] == "recover/bn"] == [
        ("recover/bn", k, 2.0) for k in (1, 2, 3, 4)
    ]
    assert artifacts == ["images", "manifest.json"]
