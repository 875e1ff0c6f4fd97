"""Optuna's tables in a database that several processes may meet empty at the same time.

Optuna makes its tables, looks whether a version is written, and writes it, in steps of its own:
two processes that do so at once write it twice, and one of them fails. So they take turns.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from optuna.storages import RDBStorage

from bench.data.cache import exclusive

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

CLASHES = 3  # with programs that do not take turns, taken for chance
KEY = 0x64646265  # of the advisory lock: what this project calls itself, as a number
NAME = "dd-bench tables"
PATIENCE = 60  # seconds after which MySQL gives up waiting for a turn


def opened(url: str) -> RDBStorage:
    """A database with Optuna's tables, made by whoever comes first.

    Another program, such as a dashboard, does not take turns with us; where it is making the tables
    at this moment, some step fails on what is there by now, and is tried again.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

    with turn(make_url(url)):
        for _ in range(CLASHES):
            with suppress(IntegrityError, ProgrammingError, OperationalError):
                return RDBStorage(url)
        return RDBStorage(url)


@contextmanager
def turn(url: "URL") -> Iterator[None]:
    """Holds the right to make tables in a database; it ends with the process at the latest."""
    backend = url.get_backend_name()
    if backend in QUERIES:
        take, give = QUERIES[backend]
        with _asked(url, take, give):
            yield
    elif backend == "sqlite" and url.database and url.database != ":memory:":
        folder = Path(url.database).absolute().parent
        if os.access(folder, os.W_OK):
            with exclusive(folder):
                yield
        else:
            yield  # Optuna says what is wrong with it
    else:
        yield


QUERIES = {
    "postgresql": (f"SELECT pg_advisory_lock({KEY})", f"SELECT pg_advisory_unlock({KEY})"),
    "mysql": (f"SELECT GET_LOCK('{NAME}', {PATIENCE})", f"SELECT RELEASE_LOCK('{NAME}')"),
    "mariadb": (f"SELECT GET_LOCK('{NAME}', {PATIENCE})", f"SELECT RELEASE_LOCK('{NAME}')"),
}


@contextmanager
def _asked(url: "URL", take: str, give: str) -> Iterator[None]:
    """A lock of the database server's, held by a connection of its own."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(take))
        try:
            yield
        finally:
            connection.execute(text(give))
