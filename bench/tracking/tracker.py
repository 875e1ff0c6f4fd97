"""Where runs are tracked: MLflow URIs, checked before anything starts."""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from bench.core.errors import BadValue
from bench.core.public import public
from bench.storage.uris import SERVERS, check_address, file_uri, sqlite_uri
from bench.storage.uris import sqlite_file as sqlite_file

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Tracker:
    """What to track and where.

    Attributes:
        uri: any tracking URI of MLflow but a folder, which MLflow 3 no longer writes to.
        experiment: name of the experiment, "" for `bench/<study>`.
        artifacts: folder or URI for artifacts where no server chooses one; "" puts them beside a
            SQLite file, else in the store's tracking folder.
        models: whether trained students are kept as logged models.
        system_metrics: seconds between samples of CPU, memory and GPU; 0 takes none.
    """

    uri: str
    experiment: str = ""
    enabled: bool = True
    system_metrics: float = 10.0
    artifacts: str = ""
    models: bool = False

    def __post_init__(self) -> None:
        if self.enabled:
            check_uri(self.uri)

    @property
    def served(self) -> bool:
        """Whether a tracking server stands between us and the database."""
        return urlsplit(self.uri).scheme in SERVERS

    @property
    def database(self) -> Path | None:
        """The local SQLite file, where there is one."""
        return sqlite_file(self.uri)

    def artifact_root(self, beside: Path) -> str:
        """URI under which experiments keep artifacts; "" leaves the choice to the server."""
        if self.artifacts:
            given = self.artifacts
            return given if "://" in given or given.startswith("file:") else file_uri(Path(given))
        if self.served:
            return ""
        return file_uri((self.database or beside / "mlflow.db").parent / "artifacts")


def default_uri(folder: Path) -> str:
    """The SQLite file `mlflow.db` in a local folder."""
    return sqlite_uri(folder / "mlflow.db")


def check_uri(uri: str) -> None:
    """Refuses what MLflow cannot write to.

    Raises:
        BadValue: a folder, an empty text or an unknown kind of URI.
    """
    check_address(uri)
    scheme = urlsplit(uri).scheme.split("+")[0]
    if uri == "databricks" or scheme == "databricks" or scheme in SERVERS:
        return
    example = default_uri(Path(".bench"))
    if scheme in ("", "file") or len(scheme) == 1:  # a bare path, also one with a drive letter
        raise BadValue(
            f"tracking URI: expected a database or a server, given the folder {uri!r}, to which "
            f"MLflow 3 no longer writes; use {example} or http://HOST:5000, and move old runs "
            "with `mlflow migrate-filestore`"
        )
    if scheme not in DATABASES:
        known = ", ".join((*SERVERS, *DATABASES, "databricks"))
        raise BadValue(f"tracking URI: expected one of {known}, given {public(uri)!r}")
    if scheme == "sqlite" and (":///" not in uri or uri.endswith(":///") or ":memory:" in uri):
        raise BadValue(f"tracking URI: expected a SQLite file as in {example}, given {uri!r}")


def answers(uri: str, limit: float = 1.0) -> bool:
    """Whether something listens at a server's address; True where that cannot be told cheaply."""
    parts = urlsplit(uri)
    if parts.scheme not in SERVERS or parts.hostname is None:
        return True
    if _proxied(parts.scheme, parts.netloc):
        return True
    try:
        with socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), limit):
            return True
    except OSError:
        return False


def _proxied(scheme: str, host: str) -> bool:
    """Whether a proxy stands in between, so that a direct look proves nothing."""
    return scheme in getproxies() and not proxy_bypass(host.rsplit("@", 1)[-1])
