"""Places: where a store keeps its files, a local folder or an object store behind a URL."""

import os
import shutil
from collections.abc import Iterator
from errno import ELOOP
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from bench.storage.atomic import create_file, replace_file, sync
from bench.storage.owner import this_process

TEMPORARY = "tmp"
LAST = "manifest.json"  # a published folder is complete when it has this file


class Place(Protocol):
    """Files by their names below a root; missing folders are made, missing files are None.

    Errors of the system pass through as OSError.
    """

    @property
    def where(self) -> str:
        """The root, for people."""
        ...

    def read(self, name: str) -> bytes | None: ...

    def write(self, name: str, data: bytes) -> None:
        """Replaces a file, at once and whole."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Writes a file that does not exist; False where it does. Of two callers one wins."""
        ...

    def has(self, name: str) -> bool: ...

    def names(self, folder: str) -> list[str]:
        """Sorted names of what is in a folder."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file, or a folder at once with all that is in it, if it is there."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file, or of all files in a folder."""
        ...

    def stage(self) -> Path:
        """A new local folder whose files can be published together."""
        ...

    def publish(self, staged: Path, folder: str) -> bool:
        """Moves a staged folder to its place; False, and it is dropped, where one is there."""
        ...

    def fetch(self, folder: str, name: str) -> Path:
        """A local path of a file in a published folder; the path of nothing where it is missing."""
        ...

    def forget(self, folder: str) -> bool:
        """Drops a local copy of a published folder; False where there is none beside it."""
        ...

    def local(self, folder: str) -> Path:
        """A local folder for files that are no part of the store's content, such as reports."""
        ...


class LocalPlace:
    """A folder on this machine, or on a file system that several machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        return str(self.root)

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        try:  # a pipe in the place of a file would be waited for
            return path.read_bytes() if S_ISREG(path.stat().st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno != ELOOP:  # a link that leads back to itself
                raise
            return None

    def write(self, name: str, data: bytes) -> None:
        replace_file(self._ready(name), data, self._temporary())

    def create(self, name: str, data: bytes) -> bool:
        return create_file(self._ready(name), data, self._temporary())

    def has(self, name: str) -> bool:
        return os.path.exists(self.root / name)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(n for n in os.listdir(self.root / folder) if not n.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, name: str) -> None:
        path = self.root / name
        if path.is_dir():
            hidden = self._temporary()
            try:
                path.rename(hidden)
            except FileNotFoundError:
                return  # another process removed it
            shutil.rmtree(hidden, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def size(self, name: str) -> int:
        return sum(_size(path) for path in _files(self.root / name))

    def stage(self) -> Path:
        folder = self._temporary()
        folder.mkdir()
        return folder

    def publish(self, staged: Path, folder: str) -> bool:
        for file in staged.iterdir():
            sync(file)
        sync(staged)
        path = self._ready(folder)
        try:
            if path.is_dir() and not self.has(f"{folder}/{LAST}"):
                self.remove(folder)  # somebody deleted files of it by hand
            staged.rename(path)
        except OSError:
            if self.has(f"{folder}/{LAST}"):
                return False
            raise
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        sync(path.parent)
        return True

    def fetch(self, folder: str, name: str) -> Path:
        return self.root / folder / name

    def forget(self, folder: str) -> bool:
        return False

    def local(self, folder: str) -> Path:
        path = self.root / folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _ready(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _temporary(self) -> Path:
        return self._ready(f"{TEMPORARY}/{this_process().name}")


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (p for p in path.rglob("*") if p.is_file())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # removed by another process meanwhile
