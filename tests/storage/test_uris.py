"""Databases lie where their path says, whatever characters it holds."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.core.errors import BadValue
from bench.storage.remote import place_at
from bench.storage.uris import file_uri, sqlite_file, sqlite_uri

NAMES = ["plain", "a?b", "a%41b", "a#b", "a b", "a?x=1&y=2", "ä", "a@b:c", "100%"]


def tables(file: Path) -> set[str]:
    connection = sqlite3.connect(file)
    try:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    finally:
        connection.close()


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder of that name, beside which nothing may appear."""
    made = tmp_path / "around" / request.param
    made.mkdir(parents=True)
    yield made
    assert list(made.parent.iterdir()) == [made]


def test_sqlalchemy_opens_the_file_itself(folder: Path) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(sqlite_uri(folder / "x.db"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE there (a INTEGER)"))
    engine.dispose()
    assert tables(folder / "x.db") == {"there"}


def test_the_path_is_read_back(folder: Path) -> None:
    assert sqlite_file(sqlite_uri(folder / "x.db")) == folder / "x.db"


@pytest.mark.parametrize("folder", ["a?b%41c#d e"], indirect=True)
def test_mlflow_keeps_database_and_artifacts_there(folder: Path, migrated: Path) -> None:
    from mlflow import MlflowClient

    from bench.tracking.tracker import Tracker, default_uri

    (folder / "mlflow.db").write_bytes(migrated.read_bytes())
    tracker = Tracker(default_uri(folder))
    client = MlflowClient(tracking_uri=tracker.uri)
    experiment = client.create_experiment("x", f"{tracker.artifact_root(folder)}/x")
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "hello", "a.txt")
    assert tracker.database == folder / "mlflow.db"
    assert (folder / "artifacts" / "x" / run / "artifacts" / "a.txt").read_text() == "hello"
    with sqlite3.connect(folder / "mlflow.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM runs").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("folder", ["a?b%41c#d e"], indirect=True)
def test_optuna_keeps_its_trials_there(folder: Path) -> None:
    import optuna

    from bench.search.storage import journal_path, storage_at

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = storage_at(folder / "none", sqlite_uri(folder / "trials.db"))
    optuna.create_study(storage=storage, study_name="s")
    assert "studies" in tables(folder / "trials.db")
    storage = storage_at(journal_path(folder, "s"), None)
    optuna.create_study(storage=storage, study_name="s")
    assert (folder / "s.journal").stat().st_size > 0


def test_other_uris_name_no_file(tmp_path: Path) -> None:
    assert sqlite_file("postgresql://db/x") is None
    assert sqlite_file("sqlite:///runs.db") == Path.cwd() / "runs.db"
    assert file_uri(tmp_path / "a?b") == f"file://{tmp_path}/a%3Fb"


@pytest.mark.parametrize("text", ["", " "])
def test_no_store_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="store: expected a folder or a URL, given"):
        place_at(text)


def test_odd_places_of_stores_are_one_line() -> None:
    with pytest.raises(BadValue, match="store ~nosuchuser/x: expected a folder, but"):
        place_at("~nosuchuser/x")
    with pytest.raises(BadValue, match="a part of its path is too long; choose a shorter one"):
        place_at("x" * 300)
