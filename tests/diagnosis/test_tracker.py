"""Every kind of tracking URI gets a true answer within its time limit."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from servers import held_port

from bench.diagnosis.tracker import tracking

DEFAULT = Path("unused/mlflow.db")


@contextmanager
def serving(code: int) -> Iterator[str]:
    """A server on this machine that answers /health with `code` and all else with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code if self.path == "/health" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with held_port() as port:
        yield port


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [(200, "ok", "answers in"), (401, "warn", "login"), (500, "warn", "HTTP 500")],
)
def test_a_server_is_asked_for_its_health(code: int, status: str, word: str) -> None:
    with serving(code) as uri:
        check = tracking(uri + "/", DEFAULT)
    assert check.status == status
    assert word in check.detail


def test_a_server_that_is_down_is_a_warning_because_runs_go_on(closed_port: int) -> None:
    check = tracking(f"http://127.0.0.1:{closed_port}", DEFAULT)
    assert check.status == "warn"
    assert "deliver later" in check.advice


def test_a_server_that_never_answers_costs_no_more_than_the_limit() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        check = tracking(f"http://127.0.0.1:{mute.getsockname()[1]}", DEFAULT, limit=0.1)
    assert check.status == "warn"
    assert "timed out" in check.detail


def test_without_a_uri_the_file_of_the_store_is_looked_at_and_not_made(tmp_path: Path) -> None:
    check = tracking(None, tmp_path / "mlflow.db")
    assert (check.status, check.detail) == ("ok", f"sqlite at {tmp_path / 'mlflow.db'} (new)")
    assert not (tmp_path / "mlflow.db").exists()


def test_a_sqlite_uri_leads_to_its_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with sqlite3.connect(path) as database:
        database.execute("create table runs (id integer)")
    database.close()
    assert tracking(f"sqlite:///{path}", DEFAULT).detail == f"sqlite at {path}"


def test_a_file_that_is_no_database_fails(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.write_text("step,loss")
    check = tracking(f"sqlite:///{path}", DEFAULT)
    assert (check.status, check.detail) == ("fail", f"{path} is no SQLite database")


def test_a_folder_in_place_of_the_database_fails(tmp_path: Path) -> None:
    assert tracking(f"sqlite:///{tmp_path}", DEFAULT).status == "fail"


@pytest.mark.parametrize("uri", ["file:./mlruns", "./mlruns", "mlruns"])
def test_a_folder_store_fails_with_what_to_write_instead(uri: str) -> None:
    check = tracking(uri, DEFAULT)
    assert check.status == "fail"
    assert "sqlite:///" in check.advice


def test_a_database_server_is_named_without_its_password(closed_port: int) -> None:
    uri = f"postgresql+psycopg2://me:secret@127.0.0.1:{closed_port}/mlflow"
    check = tracking(uri, DEFAULT)
    assert check.status == "warn"
    assert f"127.0.0.1:{closed_port}" in check.detail
    assert "secret" not in check.detail


def test_a_login_inside_a_server_uri_is_not_shown(closed_port: int) -> None:
    check = tracking(f"http://me:secret@127.0.0.1:{closed_port}", DEFAULT)
    assert check.detail.startswith(f"http://127.0.0.1:{closed_port} ")


def test_other_uris_are_said_to_be_unchecked() -> None:
    assert tracking("databricks", DEFAULT).status == "warn"
