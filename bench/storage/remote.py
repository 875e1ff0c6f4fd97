"""Remote places: a store behind an fsspec URL, such as `s3://bucket/store`.

Object stores have no folders to rename: a folder is published file by file with its manifest
last, and read through a local copy. One winner of `create` is promised by s3fs, gcsfs and adlfs;
elsewhere two machines may rarely compute the same thing twice, but never store a mixture.
"""

import os
import re
import shutil
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.core.errors import BadValue
from bench.storage.atomic import explained
from bench.storage.place import LAST, LocalPlace, Place

_CREATING = threading.Lock()  # fsspec's own check for existing files is no single step


def place_at(root: str | Path) -> Place:
    """The place that a path or URL names.

    Raises:
        BadValue: no folder, or a URL whose protocol needs a package that is not installed.
    """
    text = str(root)
    if not text.strip():
        raise BadValue(f"store: expected a folder or a URL, given {text!r}; leave --store out for "
                       "./.bench")  # fmt: skip
    protocol, separator, rest = text.partition("://")
    if not separator or protocol in ("file", "local"):
        path = _local(rest if separator else text)
        with explained(f"store {text}"):
            wrong = path.exists() and not path.is_dir()
        if wrong:
            raise BadValue(f"store {path}: expected a folder, given a file; choose another --store")
        return LocalPlace(path)
    return _connect(text)


def _local(text: str) -> Path:
    """An absolute path, with a home folder in the place of `~`."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # a user that nobody knows
        raise BadValue(f"store {text}: expected a folder, but {error}") from error


def _connect(url: str) -> "RemotePlace":
    from fsspec.core import url_to_fs

    try:
        with explained(f"store {url}"):
            system, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise BadValue(f"store {url}: expected a URL that fsspec can open, but {error}") from error
    return RemotePlace(system, path.rstrip("/"), url, _copies(url))


def _copies(url: str) -> Path:
    """The folder of local copies of what lies behind a URL."""
    given = os.environ.get("DDBENCH_CACHE")
    base = Path(given or "~/.cache/dd-bench").expanduser()
    label = re.sub(r"[^A-Za-z0-9]+", "_", url).strip("_")[:40]
    return base / "stores" / f"{label}-{sha256(url.encode()).hexdigest()[:8]}"


class RemotePlace:
    """Files behind an fsspec file system, with a folder of local copies."""

    def __init__(self, system: Any, root: str, url: str, copies: Path) -> None:
        self.system, self.root, self.where = system, root, url
        self.copies = LocalPlace(copies)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self.system.cat_file(self._path(name)))
        except (FileNotFoundError, IsADirectoryError):
            return None

    def write(self, name: str, data: bytes) -> None:
        self._parents(name)
        self.system.pipe_file(self._path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        self._parents(name)
        try:
            with _CREATING:
                self.system.pipe_file(self._path(name), data, mode="create")
        except FileExistsError:
            return False
        return True

    def has(self, name: str) -> bool:
        self.system.invalidate_cache(self._path(name.rpartition("/")[0]))
        return bool(self.system.exists(self._path(name)))

    def names(self, folder: str) -> list[str]:
        self.system.invalidate_cache(self._path(folder))
        try:
            found = self.system.ls(self._path(folder), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = {str(path).rstrip("/").rpartition("/")[2] for path in found}
        return sorted(names - {folder.rpartition("/")[2], ""})

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):  # nobody may see half a folder
            self.system.rm_file(self._path(f"{name}/{LAST}"))
        with suppress(FileNotFoundError):
            self.system.rm(self._path(name), recursive=True)
        self.forget(name)

    def size(self, name: str) -> int:
        self.system.invalidate_cache(self._path(name))
        try:
            return int(self.system.du(self._path(name)))
        except FileNotFoundError:
            return 0

    def stage(self) -> Path:
        return self.copies.stage()

    def publish(self, staged: Path, folder: str) -> bool:
        if self.has(f"{folder}/{LAST}"):
            shutil.rmtree(staged, ignore_errors=True)
            return False
        for file in sorted(staged.iterdir(), key=lambda file: file.name == LAST):
            self._parents(f"{folder}/{file.name}")
            self.system.put_file(str(file), self._path(f"{folder}/{file.name}"))
        self.forget(folder)
        self.copies.publish(staged, folder)
        return True

    def fetch(self, folder: str, name: str) -> Path:
        """A copy is used for as long as its manifest equals the one behind the URL."""
        manifest = self.read(f"{folder}/{LAST}")
        if manifest is None or manifest != self.copies.read(f"{folder}/{LAST}"):
            self.forget(folder)
            if manifest is not None:
                self._copy(folder, name, manifest)
        return self.copies.fetch(folder, name)

    def _copy(self, folder: str, name: str, manifest: bytes) -> None:
        staged = self.copies.stage()
        try:
            self.system.get_file(self._path(f"{folder}/{name}"), str(staged / name))
            (staged / LAST).write_bytes(manifest)
            self.copies.publish(staged, folder)
        except FileNotFoundError:
            return  # the caller finds nothing at the path, and knows what that means
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def forget(self, folder: str) -> bool:
        had = self.copies.has(folder)
        self.copies.remove(folder)
        return had

    def local(self, folder: str) -> Path:
        return self.copies.local(folder)

    def _parents(self, name: str) -> None:
        """Makes folders where the file system has them; object stores make none."""
        with suppress(FileExistsError):
            self.system.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
