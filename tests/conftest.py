"""Fixtures that every folder may use."""

import os
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from waiting import LIMIT

from bench.plugin.discovery import ROOT
from bench.plugin.registry import KINDS, forget, registered

os.environ["DDBENCH_TRACKING_WAIT"] = str(LIMIT)  # of runs in this process and in others
if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts modules with slow tests first, so that no process ends alone with a long one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """MLflow writes the address that a test last used into the environment of later ones."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(autouse=True, scope="module")
def _plugins_of_a_module() -> Iterator[None]:
    """Plugin files that fixtures of a module load are unknown to the next module."""
    yield from _forgetting()


@pytest.fixture(autouse=True)
def _plugins_of_a_test() -> Iterator[None]:
    """Plugin files that a test loads are unknown to the next one."""
    yield from _forgetting()


def _forgetting() -> Iterator[None]:
    before = _plugin_files()
    yield
    for path in _plugin_files() - before:
        forget(path)


def _plugin_files() -> set[Path]:
    found = {entry.path for kind in KINDS for entry in registered(kind)}
    ours = (ROOT / "bench", ROOT / "methods", ROOT / "evaluators")
    return {path for path in found if not any(path.is_relative_to(folder) for folder in ours)}


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of this test session; digits are decoded into it on first use."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database that holds nothing yet; migrating one takes two seconds."""
    folder = tmp_path_factory.mktemp("migrated")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bench.tracking.connection import connect
        from bench.tracking.tracker import default_uri

        connect(default_uri(folder))
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder / "mlflow.db"
