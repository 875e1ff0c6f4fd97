"""Processes that meet an empty database take turns in making its tables."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from optuna.storages import RDBStorage
from optuna.storages._rdb import storage as rdb
from sqlalchemy.engine import make_url
from waiting import LIMIT

from bench.core.errors import BadValue
from bench.search.storage import storage_at
from bench.search.tables import CLASHES, opened, turn

CROWD = 4


def enter(url: str, gate: Barrier) -> None:
    gate.wait(timeout=LIMIT)
    opened(url)


def test_every_process_of_a_crowd_gets_the_tables_of_an_empty_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    here = multiprocessing.get_context("fork")
    gate = here.Barrier(CROWD)
    crowd = [here.Process(target=enter, args=(url, gate)) for _ in range(CROWD)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(timeout=LIMIT)
    assert [process.exitcode for process in crowd] == [0] * CROWD


def test_a_second_maker_waits_for_its_turn(tmp_path: Path) -> None:
    import fcntl

    url = make_url(f"sqlite:///{tmp_path / 'fresh.db'}")
    with turn(url), (tmp_path / ".lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free again


def test_a_program_that_takes_no_turns_is_got_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look and our writing another program writes the version, as the bug had it."""
    url, plain = f"sqlite:///{tmp_path / 'fresh.db'}", rdb._VersionManager._set_alembic_revision
    calls = []

    def overtaken(manager: rdb._VersionManager, revision: str) -> None:
        calls.append(revision)
        plain(manager, revision)  # the other program
        plain(manager, revision)  # ours: the row is there by now

    monkeypatch.setattr(rdb._VersionManager, "_set_alembic_revision", overtaken)
    assert isinstance(opened(url), RDBStorage)
    assert 1 <= len(calls) <= CLASHES


def test_a_file_in_no_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"--storage .*cannot be used"):
        storage_at(tmp_path / "x", f"sqlite:///{tmp_path / 'none' / 'x.db'}")
