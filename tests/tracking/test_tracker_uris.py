"""Tracking URIs: databases and servers pass, folders get an explanation."""

import socket
from pathlib import Path

import pytest

from bench.core.errors import BadValue
from bench.tracking.tracker import Tracker, answers, check_uri, default_uri, public, sqlite_file


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////tmp/x/mlflow.db",
        "http://localhost:5000",
        "https://host/mlflow",
        "postgresql+psycopg2://me:secret@db/mlflow",
        "databricks",
    ],
)
def test_databases_and_servers_pass(uri: str) -> None:
    check_uri(uri)


@pytest.mark.parametrize("uri", ["file:./mlruns", "file:///tmp/mlruns", "./mlruns", "mlruns", ""])
def test_folders_are_refused_with_the_way_out(uri: str) -> None:
    with pytest.raises(BadValue, match=r"no longer writes; use sqlite:///.*migrate-filestore"):
        check_uri(uri)


def test_unknown_kinds_are_refused_without_their_password() -> None:
    with pytest.raises(BadValue, match=r"expected one of http.*given 'ftp://host/x'"):
        check_uri("ftp://me:secret@host/x")


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_sqlite_needs_a_file(uri: str) -> None:
    with pytest.raises(BadValue, match="expected a SQLite file"):
        check_uri(uri)


def test_disabled_tracking_checks_nothing() -> None:
    assert not Tracker("mlruns", enabled=False).enabled


def test_default_is_an_absolute_sqlite_file(tmp_path: Path) -> None:
    assert sqlite_file(default_uri(tmp_path)) == tmp_path / "mlflow.db"
    assert default_uri(Path("here")) == f"sqlite:///{Path.cwd() / 'here' / 'mlflow.db'}"


def test_artifacts_lie_beside_the_database_or_where_the_server_wants_them(tmp_path: Path) -> None:
    beside = tmp_path / "store"
    local = Tracker(default_uri(tmp_path))
    assert local.artifact_root(beside) == (tmp_path / "artifacts").as_uri()
    assert Tracker("http://localhost:1").artifact_root(beside) == ""
    database = Tracker("postgresql://db/mlflow")
    assert database.artifact_root(beside) == (beside / "artifacts").as_uri()
    given = Tracker("postgresql://db/mlflow", artifacts="s3://bucket/a")
    assert given.artifact_root(beside) == "s3://bucket/a"


def test_passwords_are_not_shown() -> None:
    assert public("postgresql://me:secret@db:5432/x") == "postgresql://db:5432/x"
    assert public("http://host:5000") == "http://host:5000"


def test_a_closed_port_does_not_answer_an_open_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not answers(f"http://127.0.0.1:{port}")
        server.listen()
        assert answers(f"http://127.0.0.1:{port}")
    assert answers("sqlite:////tmp/x.db")
