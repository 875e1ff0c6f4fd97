"""Observers that play a study, a process that writes one, and what MLflow has of them."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from bench.core.events import Event
from bench.tracking.mlflow_log import MlflowObserver

Events = Callable[[Sequence[int]], Iterator[Event]]


WRITER = """
import sys
import threading
from dataclasses import replace
from pathlib import Path
from bench.core.events import CellStarted, StageStarted, Step, StudyStarted
from bench.storage.store import Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.tracker import Tracker, default_uri

folder = Path(sys.argv[1])
tracker = Tracker(default_uri(folder), system_metrics=0)
observer = MlflowObserver(tracker, Store(folder), code=folder)
observer(StudyStarted("ablation", "r", ["cell"], {}, {}))
observer(CellStarted("cell", "c" * 64, {}, {}))
observer(StageStarted("cell", "recover", "b" * 64))
observer(Step("recover", 1, 9, {"loss": 2.0}))
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def killed_writer(folder: Path, code: str = WRITER) -> Iterator[tuple[int, str]]:
    """The number of a process that writes, and its first line; it is killed with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()


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


def play(observer: MlflowObserver, events: Iterable[Event], status: str = "FINISHED") -> None:
    for event in events:
        observer(event)
    observer.close(status)
