"""Locks of the system on open files: freed when their holder ends, however that happens.

They guard what takes moments on one machine; what takes long, or is shared between machines, is
guarded by `bench.storage.locks`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bench.core.errors import BadValue
from bench.storage.atomic import explained

NAME = ".lock"


def system_locks() -> Any:
    """The module that locks files here.

    Raises:
        BadValue: this system has none.
    """
    try:
        import fcntl
    except ImportError:
        raise BadValue(
            "file locks: expected Linux or macOS, given a system without fcntl; on Windows use the "
            "Windows Subsystem for Linux"
        ) from None
    return fcntl


def lock(file: IO[Any], wait: bool = True) -> None:
    """Locks an open file until it is closed.

    Raises:
        BlockingIOError: another process holds it, and nobody is to wait.
        BadValue: this system has no such locks.
    """
    system = system_locks()
    system.flock(file, system.LOCK_EX | (0 if wait else system.LOCK_NB))


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, which is made if it is not there.

    Raises:
        BadValue: the folder cannot be written, or locked.
    """
    with explained(f"folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("w")
    with file:
        with explained(f"folder {folder}"):
            lock(file)
        yield
