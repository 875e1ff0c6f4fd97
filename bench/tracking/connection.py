"""Connecting to MLflow: silent, with short time-outs, and safe for processes that start at once."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.core.errors import BenchError
from bench.core.public import public
from bench.storage import file_lock
from bench.storage.uris import sqlite_uri
from bench.tracking.layout import file_name
from bench.tracking.tracker import answers, sqlite_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

SHARED = ("nfs", "cifs", "smb", "lustre", "gpfs", "fuse", "9p", "afs", "beegfs")  # no WAL there
NOISY = ("mlflow", "alembic")
RAISING = "mlflow.store.db.utils"  # shows the traceback of every error that it raises, too
SHORT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a run that is created twice in one call is two runs
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
}
CLASH = "BAD_REQUEST"  # of a database: two wrote one row at once, a broken connection, bad data
REFUSALS = (
    CLASH,
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "RESOURCE_DOES_NOT_EXIST",
    "NOT_FOUND",
    "RESOURCE_ALREADY_EXISTS",
    "REQUEST_LIMIT_EXCEEDED_SIZE",
)


class Unreachable(BenchError):
    """The tracking store did not take an operation now, but may later."""


class Refused(BenchError):
    """The tracking store will never take this operation."""


class Clash(Refused):
    """The tracking store refused an operation, but may take it when it is repeated."""


@contextmanager
def asking(uri: str) -> Iterator[None]:
    """Translates MLflow's errors.

    Raises:
        Refused: it would fail again in the same way; a Clash perhaps not.
        Unreachable: any other failure of MLflow.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        lines = str(error).splitlines()
        text = public(lines[0] if lines else type(error).__name__)[:300]
        raise _kind(str(error.error_code))(f"{public(uri)}: {text}") from error


def _kind(code: str) -> type[Refused | Unreachable]:
    if code not in REFUSALS:
        return Unreachable
    return Clash if code == CLASH else Refused


@contextmanager
def short_calls() -> Iterator[None]:
    """Keeps MLflow's HTTP calls short while it lasts; what the user has set stays.

    It changes the environment, so no other thread may start a process meanwhile.
    """
    mine = {name: value for name, value in SHORT.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)


def connect(uri: str) -> "MlflowClient":
    """A client that works; a local SQLite file is created and migrated by one process at a time.

    Raises:
        Unreachable: nothing listens at a server's address, or the store fails.
    """
    if not answers(uri):
        raise Unreachable(f"{public(uri)} does not answer")
    import_mlflow()
    from mlflow import MlflowClient

    database = sqlite_file(uri)
    with asking(uri), alone(uri):
        if database is not None and not database.exists():
            _create(database)
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    return client


def _create(database: Path) -> None:
    """Makes it under another name first: a kill amid migrations would leave a useless one."""
    from mlflow import MlflowClient

    fresh = database.with_name(f"{database.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    MlflowClient(tracking_uri=sqlite_uri(fresh)).search_experiments(max_results=1)
    _write_ahead(fresh)
    fresh.replace(database)


def import_mlflow() -> None:
    """Imports MLflow, without telemetry and notices of migrations unless the user asks for them."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # it names passwords
    import mlflow  # noqa: F401

    if "MLFLOW_LOGGING_LEVEL" not in os.environ:
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(RAISING).setLevel(logging.CRITICAL)


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """Keeps other processes from a local SQLite file for a while; others look after themselves."""
    database = sqlite_file(uri)
    if database is None:
        yield
        return
    place = database.with_suffix(".lock")
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as lock:
        file_lock.lock(lock)
        yield


def _write_ahead(database: Path) -> None:
    """Lets readers and one writer work at once (3 times the throughput); not on shared disks."""
    if _file_system(database.parent).startswith(SHARED):
        return
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        connection.execute("PRAGMA journal_mode=wal")


def _file_system(folder: Path) -> str:
    """Type of the file system that holds a folder, "" where unknown."""
    place = folder.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[p].lower() for p in (place, *place.parents) if p in mounts), "")


def experiment_id(client: "MlflowClient", uri: str, name: str, artifacts: str) -> str:
    """The id of an experiment, created if it is missing.

    Raises:
        Unreachable: it was deleted, which only the user can undo.
    """
    with asking(uri):
        found = client.get_experiment_by_name(name)
    if found is None:
        location = f"{artifacts.rstrip('/')}/{file_name(name)}" if artifacts else None
        try:
            with asking(uri):
                tags = {"mlflow.experimentKind": "custom_model_development"}
                return str(client.create_experiment(name, location, tags))
        except Refused:  # another process was faster
            with asking(uri):
                found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage == "deleted":
        raise Unreachable(
            f"{public(uri)}: experiment {name!r} is deleted; restore it with `mlflow experiments "
            "restore` or remove it for good with `mlflow gc`"
        )
    return str(found.experiment_id)
