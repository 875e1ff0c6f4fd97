"""Sheets: what a store knows of its cells and studies, one small file for each attempt at one.

    <store>/tracking/sheets/<experiment>/<key>-<begin>-<n>.jsonl    lines of JSON, first the opening
    <store>/tracking/sheets/<experiment>/<key>-<begin>-<n>.files/   files that are shown with it

A cell's attempt is a try of one process to finish it; a study's, the share of one process in it. A
sheet without an end whose process has ended was killed. Only its own user may read a sheet.
"""

import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.core.public import public
from bench.storage.owner import owner_named, this_process
from bench.tracking.layout import file_name

FOLDER = "sheets"
KEPT = 32  # characters of a key in the name of a sheet
Line = dict[str, object]


class Sheet:
    """The writing end; threads may share it, and what is written survives the process."""

    def __init__(self, folder: Path, key: str, millis: int, opening: Mapping[str, object]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{key[:KEPT]}-{millis:014d}-{uuid.uuid4().hex[:8]}.jsonl"
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._guard = threading.Lock()
        self.add({"key": key, "begin": millis, "owner": this_process().name, **opening})

    @property
    def name(self) -> str:
        return self.path.stem

    def add(self, line: Mapping[str, object]) -> None:
        """Adds a line."""
        text = public(json.dumps(line, separators=(",", ":"), default=str))
        with self._guard:
            os.write(self._file, text.encode() + b"\n")

    def place(self, name: str) -> Path:
        """Where to write a file or folder that is shown with it, below a name."""
        path = self.path.with_suffix(".files") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def close(self) -> None:
        with self._guard:
            os.close(self._file)


@dataclass(frozen=True)
class Attempt:
    """A sheet as it was read.

    Attributes:
        gone: whether its process had ended before the last line was read.
    """

    path: Path
    lines: tuple[Line, ...]
    gone: bool = False

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def opening(self) -> Line:
        return self.lines[0]

    def all(self, name: str) -> list[Line]:
        """The lines that have a field."""
        return [line for line in self.lines[1:] if name in line]

    @cached_property
    def end(self) -> Line:
        """The last line of a sheet that was ended, else nothing."""
        return next(iter(self.all("end")), {})

    @cached_property
    def status(self) -> str:
        """RUNNING, FINISHED, FAILED or KILLED."""
        if self.end:
            return str(self.end["end"])
        return "KILLED" if self.gone else "RUNNING"

    @property
    def began(self) -> int:
        """Milliseconds since the epoch."""
        return int(str(self.opening.get("began", self.opening["begin"])))

    @property
    def ended(self) -> int:
        """When it ended, or was last written to."""
        return int(str(self.end["at"])) if self.end else int(self.path.stat().st_mtime * 1000)

    @property
    def computed(self) -> bool:
        """Whether something was computed, rather than found in the store."""
        return bool(self.all("computed"))

    @property
    def files(self) -> Path:
        return self.path.with_suffix(".files")


@dataclass(frozen=True)
class Sheets:
    """The sheets of one experiment in a store."""

    folder: Path

    def attempts(self, key: str) -> list[Attempt]:
        """All attempts at a cell or study, the oldest first."""
        paths = sorted(self.folder.glob(f"{key[:KEPT]}-*.jsonl"))
        return [found for path in paths if (found := read(path)) and found.opening["key"] == key]

    def finished(self, key: str) -> bool:
        return any(attempt.status == "FINISHED" for attempt in self.attempts(key))


def sheets_of(tracking: Path, experiment: str) -> Sheets:
    """The sheets of an experiment in a store's tracking folder."""
    return Sheets(tracking / FOLDER / file_name(experiment))


def read(path: Path) -> Attempt | None:
    """A sheet, without a last line that a kill has cut; None where not even its first is whole."""
    lines = tuple(_lines(path))
    if not lines or not {"key", "begin", "owner"} <= lines[0].keys():
        return None
    owner = owner_named(str(lines[0]["owner"]))
    if owner is not None and not owner.gone():
        return Attempt(path, lines)
    return Attempt(path, tuple(_lines(path)) or lines, gone=True)  # it may just have been ended


def _lines(path: Path) -> Iterator[Line]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    for line in text.splitlines(keepends=True):
        with suppress(ValueError):
            found = json.loads(line) if line.endswith(b"\n") else None
            if isinstance(found, dict):
                yield found


def kept(attempts: Sequence[Attempt]) -> Attempt | None:
    """Of attempts that finished, the one that stays: one that computed, then the earliest."""
    finished = [attempt for attempt in attempts if attempt.status == "FINISHED"]
    return min(finished, key=lambda a: (not a.computed, a.ended, a.name), default=None)
