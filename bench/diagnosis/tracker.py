"""The tracking store: can MLflow write there? Asked without MLflow, with a short time limit."""

import os
import socket
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import urlopen

from bench.core.errors import BadValue
from bench.diagnosis.check import Check
from bench.diagnosis.hardware import existing
from bench.storage.uris import check_address, sqlite_file, sqlite_uri

NAME = "tracking"
MAGIC = b"SQLite format 3\x00"
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
LATER = "runs go on without it, and deliver later what they kept; start the server or correct it"


def tracking(uri: str | None, default: Path, limit: float = 3.0) -> Check:
    """Whether a tracking URI answers within `limit` seconds; None is the SQLite file `default`."""
    if uri is None:
        return _sqlite(default)
    try:
        check_address(uri)
    except BadValue as error:
        return Check(NAME, "fail", str(error), "correct it")
    parts = urlsplit(uri)
    scheme = parts.scheme.split("+")[0]
    if scheme in ("http", "https"):
        return _server(parts, limit)
    if scheme == "sqlite":
        return _sqlite(sqlite_file(uri) or default)
    if scheme in PORTS:
        return _database(parts, PORTS[scheme], limit)
    if scheme in ("", "file") and uri != "databricks":
        advice = f"use a database, such as {sqlite_uri(default)}"
        return Check(NAME, "fail", f"{uri}: MLflow 3 no longer writes to folders", advice)
    kind = parts.scheme or uri
    return Check(NAME, "warn", f"not checked: {kind} URIs are not known here", "try it by a run")


def _server(parts: SplitResult, limit: float) -> Check:
    uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # never the password
    started = time.perf_counter()
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=limit) as answer:
            answer.read()
    except HTTPError as error:
        if error.code in (401, 403):
            advice = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or a token"
            return Check(NAME, "warn", f"{uri} asks for a login", advice)
        return Check(NAME, "warn", f"{uri} answers with HTTP {error.code}", LATER)
    except (URLError, OSError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return Check(NAME, "warn", f"{uri} does not answer: {reason}", LATER)
    return Check(NAME, "ok", f"{uri} answers in {1000 * (time.perf_counter() - started):.0f} ms")


def _database(parts: SplitResult, port: int, limit: float) -> Check:
    place = f"{parts.hostname or 'localhost'}:{parts.port or port}"  # never the password
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or port), limit):
            return Check(NAME, "ok", f"{parts.scheme} at {place} accepts connections")
    except OSError as error:
        return Check(NAME, "warn", f"{parts.scheme} at {place} does not answer: {error}", LATER)


def _sqlite(path: Path) -> Check:
    folder = existing(path.parent)
    advice = "name another by --tracking-uri or MLFLOW_TRACKING_URI"
    if path.is_dir():
        return Check(NAME, "fail", f"{path} is a folder, expected a SQLite file", advice)
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return Check(NAME, "fail", f"{path} is no SQLite database", advice)
    if not os.access(path if path.is_file() else folder, os.W_OK):
        return Check(NAME, "fail", f"{path} cannot be written", advice)
    return Check(NAME, "ok", f"sqlite at {path.absolute()}" + ("" if path.is_file() else " (new)"))
