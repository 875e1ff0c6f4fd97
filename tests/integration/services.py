"""PostgreSQL, an S3 store and a tracking server of their own, as processes on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from cli_runs import Bench
from servers import HOST, guarded, held_port, kill
from waiting import LIMIT, until

from bench.tracking.ui import ui_command

if TYPE_CHECKING:
    from psycopg2.extensions import connection

BUCKET = "bench"
DEBIAN = "/usr/lib/postgresql"
SETTINGS = ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=60")


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs: Debian's newest, or the one on the path."""
    found = sorted(Path(DEBIAN).glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    named = shutil.which("initdb")
    chosen = found[-1] if found else Path(named) if named else None
    return chosen.parent if chosen else None


def answers(url: str) -> bool:
    """Whether a web server says anything but an error of its own."""
    try:
        with urlopen(url, timeout=LIMIT):
            return True
    except (URLError, OSError):
        return False


@dataclass
class Service:
    """A process with everything that it starts; it may be killed and started again."""

    command: Sequence[str]
    ready: Callable[[], bool]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop: signal.Signals = signal.SIGTERM

    def start(self) -> "Service":
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        with self.log.open("ab") as log:
            self.process = guarded(
                self.command,
                self.stop,
                self.user,
                stdout=log,
                stderr=log,
                env={**kept, **self.env},
                cwd=self.log.parent,
            )
        until(self.ready, self.process, f"{self.command[0]} (see {self.log})")
        return self

    def kill(self) -> None:
        """Ends it as a power cut does."""
        kill(self.process)

    def __enter__(self) -> "Service":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.stop)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        self.kill()  # what it left, and the pipe to its guard


@dataclass(frozen=True)
class Postgres:
    """A cluster whose only user needs no password."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql+psycopg2://bench@{HOST}:{self.port}/{database}"

    def rows(self, database: str, query: str) -> list[tuple[object, ...]]:
        """What a query answers."""
        with self._connected(database) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def create(self, database: str) -> None:
        with self._connected("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {database}")

    def accepts(self) -> bool:
        from psycopg2 import OperationalError

        try:
            return self.rows("postgres", "SELECT 1") == [(1,)]
        except OperationalError:
            return False

    @contextmanager
    def _connected(self, database: str) -> Iterator["connection"]:
        from psycopg2 import connect

        connection = connect(
            host=HOST, port=self.port, user="bench", dbname=database, connect_timeout=int(LIMIT)
        )
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running cluster in a folder of its own; PostgreSQL refuses to be run by root."""
    place = programs()
    assert place is not None
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    user = None if os.getuid() else _other_user()
    if user:
        shutil.chown(folder, user)
    with held_port() as port:
        yield from _cluster(place, folder, user, Postgres(port))


def _cluster(place: Path, folder: Path, user: str | None, found: Postgres) -> Iterator[Postgres]:
    data = folder / "data"
    initdb = [str(place / "initdb"), "-D", str(data), "-U", "bench", "--auth=trust"]
    words = [*initdb, "--no-sync", "--encoding=UTF8", "--locale=C"]
    command = [str(place / "postgres"), "-D", str(data), "-p", str(found.port)]
    for setting in (*SETTINGS, f"unix_socket_directories={folder}"):
        command += ["-c", setting]
    try:
        subprocess.run(words, check=True, capture_output=True, user=user, cwd=folder, timeout=LIMIT)
        with Service(command, found.accepts, folder / "log", user=user, stop=signal.SIGINT):
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def s3(folder: Path, port: int) -> Service:
    """moto's server, which keeps buckets in memory."""
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    return Service(command, lambda: answers(f"http://{HOST}:{port}/moto-api/"), folder / "s3.log")


def tracking(folder: Path, port: int, database: str, s3_port: int) -> Service:
    """MLflow's server on a database, which hands artifacts through to the bucket."""
    return Service(
        ui_command(database, f"s3://{BUCKET}/artifacts", port),
        lambda: answers(f"http://{HOST}:{port}/health"),
        folder / "tracking.log",
        env={**KEYS, "MLFLOW_S3_ENDPOINT_URL": f"http://{HOST}:{s3_port}"},
    )


KEYS = {
    "AWS_ACCESS_KEY_ID": "made-up",
    "AWS_SECRET_ACCESS_KEY": "made-up",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def started(bench: Bench, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A command that does not outlive the block."""
    process = bench.start(*words)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Shared:
    """A tracking server in service, with the database and the bucket behind it."""

    uri: str
    server: Service
    database: Postgres
    bucket: Any

    def files(self) -> list[str]:
        """The names of all objects in the bucket."""
        pages = self.bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]
