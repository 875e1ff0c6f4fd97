"""Listing image files below a folder, a quick key of the listing, and one of what they hold."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from bench.core.errors import BadData
from bench.data.spec import Samples

if TYPE_CHECKING:
    from PIL.Image import Image

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Entry:
    """A file: its path relative to the listed folder (with slashes) and what a look at it tells.

    Attributes:
        inode, ctime_ns: change when a file is replaced, even by one of equal size and time.
    """

    relative: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


def entries_below(folder: Path) -> list[Entry]:
    """All files below a folder, hidden ones left out, links followed, sorted by relative path.

    Raises:
        BadData: the folder cannot be read, or an image in it is no regular file.
    """
    try:
        return sorted(_walk(folder, ""), key=lambda entry: entry.relative)
    except OSError as error:
        raise BadData(
            f"cannot list {folder}: expected a readable folder ({error}); check its permissions"
        ) from error


def _walk(folder: str | Path, prefix: str) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        for item in found:
            if item.name.startswith("."):
                continue
            if _undecodable(item.name):
                raise BadData(
                    f"{item.path}: expected a name in UTF-8, found other bytes; rename it"
                )
            if item.is_dir():
                yield from _walk(item.path, f"{prefix}{item.name}/")
                continue
            stat = item.stat()
            if S_ISREG(stat.st_mode):
                size, changed = stat.st_size, stat.st_ctime_ns
                yield Entry(prefix + item.name, size, stat.st_mtime_ns, stat.st_ino, changed)
            elif is_image(item.name):
                raise BadData(
                    f"{item.path}: expected a regular image file, found a pipe, socket or device; "
                    "remove it"
                )


def _undecodable(name: str) -> bool:
    """Whether a name holds bytes that are no text, which come as lone surrogates."""
    return any("\ud800" <= character <= "\udfff" for character in name)


def is_image(name: str) -> bool:
    return name.lower().endswith(EXTENSIONS)


def key_of(entries: Iterable[Entry], *also: str) -> str:
    """A quick key of listed files and of further strings that decide what is read from them."""
    digest = sha256("\0".join(also).encode())
    for e in entries:
        seen = f"{e.relative}\0{e.size}\0{e.mtime_ns}\0{e.inode}\0{e.ctime_ns}\n"
        digest.update(seen.encode())
    return digest.hexdigest()


def content_of(folder: Path, entries: Iterable[Entry], *also: str) -> str:
    """A key of the names and bytes of listed files and of the same further strings.

    Raises:
        BadData: a file cannot be read.
    """
    listed = list(entries)
    digest = sha256("\0".join(also).encode())
    try:
        with ThreadPoolExecutor() as pool:
            sums = pool.map(lambda entry: _sha256(folder / entry.relative), listed)
            for entry, found in zip(listed, sums, strict=True):
                digest.update(f"{entry.relative}\0{found}\n".encode())
    except OSError as error:
        raise BadData(
            f"cannot read the files of {folder}: {error}; check their permissions"
        ) from error
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def folders_in(folder: Path) -> list[str]:
    """Names of the visible folders directly in a folder, sorted; empty if it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def contents(folder: Path, limit: int = 5) -> str:
    """A few names that a folder holds, for a message."""
    names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (", ".join(names[:limit]) or "nothing") + more


def samples_of(
    classes: tuple[str, ...], labels: list[int], paths: list[str], grey: bool = False
) -> Samples:
    """Samples that decode one file each, in colour or in grey."""
    return Samples(classes, labels, partial(_read, paths, grey))


def _read(paths: list[str], grey: bool, index: int) -> tuple["Image", str]:
    from bench.data.sources.decode import decode

    image, mode = decode(Path(paths[index]))
    return (image.convert("L") if grey else image), mode
