"""URIs of local files and databases: the one place that quotes what a path may hold."""

from pathlib import Path
from urllib.parse import urlsplit

from bench.core.errors import BadValue
from bench.core.public import public

SERVERS = ("http", "https")
SQLITE = "sqlite:///"
QUOTED = "sqlite+pysqlite:///"  # MLflow makes the folder that it reads, unquoted, after SQLITE
SPECIAL = frozenset("?%#")  # what SQLAlchemy would read as something else than a part of a path


def sqlite_uri(file: Path) -> str:
    """The SQLAlchemy URI of a SQLite file, for MLflow and Optuna, wherever it lies."""
    path = str(file.expanduser().absolute())
    if not SPECIAL & set(path):
        return f"{SQLITE}{path}"
    from sqlalchemy.engine import URL

    shown = URL.create("sqlite", database=path).render_as_string()
    return f"{QUOTED}{shown.removeprefix(SQLITE)}"


def sqlite_file(uri: str) -> Path | None:
    """The absolute path of the file that a SQLite URI names, None for any other URI."""
    if urlsplit(uri).scheme.split("+")[0] != "sqlite":
        return None
    path = uri.partition(":///")[2].partition("?")[0]
    if "%" in path:
        from sqlalchemy.engine import make_url

        path = make_url(uri).database or path
    return Path(path).absolute()


def file_uri(path: Path) -> str:
    """The `file:` URI of a local path."""
    return path.expanduser().absolute().as_uri()


def check_address(uri: str) -> None:
    """Refuses what is no address at all.

    Raises:
        BadValue: brackets that do not close, a port that is none, or no host where one must be.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        text = str(error).lower()
        shown = uri.rpartition("@")[2]
        raise BadValue(
            f"tracking URI: expected an address such as http://HOST:5000, given {shown!r}: {text}"
        ) from None
    if parts.scheme in SERVERS and (not parts.hostname or port == 0):
        raise BadValue(
            f"tracking URI: expected a host and a port from 1 to 65535 as in http://HOST:5000, "
            f"given {public(uri)!r}"
        )
