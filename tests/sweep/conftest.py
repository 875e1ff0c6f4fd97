"""A search that costs a tenth of a second per cell, with its store and workers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.app.session import find_source
from bench.core.events import Emit, silent
from bench.search.pruning import pruner_of
from bench.search.queue import Queue
from bench.search.samplers import sampler_named
from bench.search.settings import Search, searches
from bench.search.spaces import distributions, quiet
from bench.search.storage import open_study, storage_at
from bench.search.worker import Worker
from bench.storage.store import Store
from bench.study.grid import Row
from bench.study.overrides import Overrides
from bench.study.search import Sweep

TINY = {"squeeze.epochs": 1, "recover.iterations": 3, "relabel.epochs": 2}
SWEEP = Sweep(
    "tiny", "A tiny search", (Row("WMDD", "wmdd", overrides=TINY),), ("bn_weight",), seeds=1
)

Searched = Callable[..., Search]
Queued = Callable[..., Queue]
Working = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


@pytest.fixture
def searched(data_root: Path) -> Searched:
    """The tiny search with some fields changed."""

    def make(**changes: object) -> Search:
        sweep = replace(SWEEP, **changes)  # type: ignore[arg-type]
        found = searches(sweep, Overrides(), "smoke", lambda name: find_source(name, data_root))
        return found[0]

    return make


@pytest.fixture
def queued(tmp_path: Path) -> Queued:
    """The queue of a search, on a journal in the test's folder."""

    def make(search: Search, trials: int | None = 3, **limits: float) -> Queue:
        names = [p.name for p in search.parameters]
        sweep = search.sweep
        sampler = sampler_named(sweep.sampler, sweep.name, names, sweep.seed)
        storage = storage_at(tmp_path / "sweeps" / "tiny.journal", None)
        pruner = pruner_of(sweep, search.recipe)
        study = open_study(storage, search.name, sweep.objectives, sampler, pruner)
        return Queue(study, distributions(search.parameters), trials, **limits)

    return make


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that the tests of this folder share, so that they train one teacher."""
    return Store(tmp_path_factory.mktemp("common"))


@pytest.fixture
def working(common: Store, data_root: Path) -> Working:
    """Works a queue off and returns the states of its trials."""

    def work(
        search: Search, queue: Queue, emit: Emit = silent, store: Store | None = None
    ) -> list[str]:
        worker = Worker(store or common, data_root, torch.device("cpu"), emit)
        return [ended.state for ended in worker.work(search, queue)]

    return work
