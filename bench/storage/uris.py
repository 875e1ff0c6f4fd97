"""URIs of local files and databases: the one place that quotes what a path may hold."""

from pathlib import Path
from urllib.parse import urlsplit

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
