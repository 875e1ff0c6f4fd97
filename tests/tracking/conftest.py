"""A copy of the MLflow database for each test, and a small study as events."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch
from hosts import ThreadHost

from bench.artifacts.values import SyntheticSet
from bench.core.events import (
    CellFinished,
    CellStarted,
    Event,
    RealSplit,
    StageFinished,
    StageStarted,
    Step,
    StudyFinished,
    StudyStarted,
)
from bench.storage.store import ArtifactSpec, Store
from bench.tracking import mlflow_log
from bench.tracking.connection import SHORT
from bench.tracking.tracker import Tracker, default_uri

SEEDS = (0, 1)


@pytest.fixture(autouse=True)
def in_thread(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivers in a thread, but for tests that are marked `process`: each would import MLflow.

    A thread may not change the environment, so it finds there what it would put into it.
    """
    if request.node.get_closest_marker("process") is None:
        monkeypatch.setattr(mlflow_log, "start", ThreadHost)
        for name, value in SHORT.items():
            monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    """The folder of a store with a database of its own, and the set that cells share."""
    shutil.copyfile(migrated, tmp_path / "mlflow.db")
    spec = ArtifactSpec("a" * 64, "recover", SyntheticSet)
    Store(tmp_path).get_or_make(spec, synthetic_set)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(folder)


@pytest.fixture
def tracker(folder: Path) -> Tracker:
    return Tracker(default_uri(folder), system_metrics=0)


@pytest.fixture
def cell_events() -> Callable[[int], list[Event]]:
    return events_of_cell


@pytest.fixture
def study_events() -> Callable[[Sequence[int]], Iterator[Event]]:
    return events_of_study


def events_of_study(seeds: Sequence[int] = SEEDS) -> Iterator[Event]:
    """A study of one row, ending FINISHED; its identity does not depend on `seeds`."""
    cells = [f"wmdd · digits · ipc 2 · s{seed}" for seed in SEEDS]
    yield StudyStarted("ablation", "r1", cells, {"profile": "smoke"}, {"study_address": "feed"})
    for seed in seeds:
        yield from events_of_cell(seed)
    yield StudyFinished("ablation", "FINISHED", {"best": 0.75})


def events_of_cell(seed: int) -> list[Event]:
    """A cell: four recover steps, the feature loss 1/step, and a top1 of 0.7 + seed / 10."""
    cell, address = f"wmdd · digits · ipc 2 · s{seed}", f"{seed:064x}"
    params = {"row": "wmdd", "dataset": "digits", "ipc": 2, "seed": seed, "distiller.weight": 10.0}
    tags = {"row": "wmdd", "seed": str(seed), "recipe": "wmdd-code"}
    data = (
        RealSplit("digits", "train", "d" * 64, 1442, (1, 8, 8)),
        RealSplit("digits", "test", "e" * 64, 355, (1, 8, 8)),
    )
    made = synthetic_set()
    steps: list[Event] = [
        Step("recover", k, 4, {"feature": torch.tensor(1 / k), "bn": 2.0}) for k in (1, 2, 3, 4)
    ]
    top1 = 0.7 + seed / 10
    row = {"row": "wmdd", "dataset": "digits", "ipc": 2, "seed": seed, "top1": top1}
    return [
        CellStarted(cell, address, params, tags, data),
        StageFinished(cell, "squeeze", "5" * 64, 3.0, 7, hit=True),
        StageStarted(cell, "recover", "a" * 64),
        *steps,
        StageFinished(cell, "recover", "a" * 64, 0.5, 1000, hit=False, artifact=made),
        CellFinished(cell, address, {"top1": top1, "seconds_recover": 0.5, "ipc": 2.0}, row),
    ]


def synthetic_set() -> SyntheticSet:
    """20 images of 10 classes."""
    return SyntheticSet(
        torch.arange(20 * 64, dtype=torch.uint8).reshape(20, 1, 8, 8),
        torch.arange(10).repeat_interleave(2),
        torch.arange(2).repeat(10),
        torch.ones(20),
        image_bytes=1280,
    )
