"""Listing image files below a folder, with what a quick key needs (name, size, time)."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BadData
from bench.data.spec import Samples

if TYPE_CHECKING:
    from PIL.Image import Image

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Entry:
    """A file: its path relative to the listed folder (with slashes), size and time."""

    relative: str
    size: int
    mtime_ns: int


def entries_below(folder: Path) -> list[Entry]:
    """All files below a folder, hidden ones left out, links followed, sorted by relative path.

    Raises:
        BadData: the folder cannot be read.
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
            if item.is_dir():
                yield from _walk(item.path, f"{prefix}{item.name}/")
            else:
                stat = item.stat()
                yield Entry(prefix + item.name, stat.st_size, stat.st_mtime_ns)


def is_image(name: str) -> bool:
    return name.lower().endswith(EXTENSIONS)


def key_of(entries: Iterable[Entry], *also: str) -> str:
    """A quick key of listed files and of further strings that decide what is read from them."""
    digest = sha256("\0".join(also).encode())
    for entry in entries:
        digest.update(f"{entry.relative}\0{entry.size}\0{entry.mtime_ns}\n".encode())
    return digest.hexdigest()


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


def samples_of(classes: tuple[str, ...], labels: list[int], paths: list[str]) -> Samples:
    """Samples that decode one file each."""
    return Samples(classes, labels, partial(_read, paths))


def _read(paths: list[str], index: int) -> tuple["Image", str]:
    from bench.data.sources.decode import decode

    return decode(Path(paths[index]))
