"""Writing files and folders so that a crash at any moment leaves all of one or nothing."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from bench.core.errors import BadValue

ELSEWHERE = "choose another folder (--store)"
_DENIED = f"it may not be read or written; {ELSEWHERE}"
_A_FILE = f"a part of its path is a file; {ELSEWHERE}"
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space (`bench store gc`)",
    errno.EDQUOT: "the disk quota is used up; free some space (`bench store gc`)",
    errno.EFBIG: "a file would be larger than is allowed; raise the limit (`ulimit -f`)",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: f"its file system is read-only; {ELSEWHERE}",
    errno.ENOTDIR: _A_FILE,
    errno.EEXIST: _A_FILE,
    errno.ENAMETOOLONG: "a part of its path is too long; choose a shorter one",
}

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns what the system says about a store or a file into one line that says what to do.

    Raises:
        BadValue: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{error}; {ELSEWHERE}")
        raise BadValue(f"{where}: expected a folder that can be used, but {reason}") from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file under a temporary name beside it, then renames it; makes its folder.

    Raises:
        BadValue: it cannot be written; what was there before stays as it was.
    """
    with explained(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:100]}.{uuid4().hex[:8]}.tmp")
        replace_file(path, content.encode() if isinstance(content, str) else content, temporary)


def replace_file(path: Path, data: bytes, temporary: Path) -> None:
    """Writes a file under a temporary name on the same file system, then renames it."""
    try:
        write_new(temporary, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def create_file(path: Path, data: bytes, temporary: Path) -> bool:
    """As `replace_file`, but False where the file exists; nobody ever sees a part of it."""
    try:
        write_new(temporary, data)
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _create_in_place(path, data)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _create_in_place(path: Path, data: bytes) -> bool:
    """For file systems without hard links; a kill in between leaves an empty file."""
    try:
        write_new(path, data)
    except FileExistsError:
        return False
    return True


def write_new(path: Path, data: bytes) -> None:
    """Writes a file that must not exist, and waits until it is on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
