"""The outbox: what a run wants tracked, as plain operations in a local file until delivered.

`<folder>/<run>.jsonl` starts with a header and holds one operation per line; its owner keeps it
locked, so that a file without a lock belongs to a process that ended. `<run>.ack` counts the bytes
that are delivered, `<run>.files/` holds artifacts on their way. All go when all is delivered.
"""

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from bench.core.errors import BadData
from bench.storage.file_lock import lock
from bench.storage.owner import host, this_process
from bench.tracking.layout import file_name

Op = dict[str, object]


@dataclass(frozen=True)
class Header:
    """Where the operations of a file go and who wrote them.

    Attributes:
        run: unique name of this attempt at a study.
        artifacts: root for artifacts, "" where the tracking server chooses.
    """

    run: str
    uri: str
    experiment: str
    artifacts: str
    host: str
    process: str


def new_header(study: str, uri: str, experiment: str, artifacts: str) -> Header:
    """A header of this process with a fresh run name."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    run = f"{file_name(study)}-{now}-{uuid.uuid4().hex[:8]}"
    return Header(run, uri, experiment, artifacts, host(), this_process().name)


class Outbox:
    """The writing end; threads may share it."""

    def __init__(self, folder: Path, header: Header) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{header.run}.jsonl"
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(self.descriptor, "ab", buffering=0)
        lock(self._file, wait=False)
        self._guard = threading.Lock()
        self.append({"op": "header", **asdict(header)})

    def append(self, op: Mapping[str, object]) -> None:
        """Adds one operation; it survives the death of this process from here on."""
        with self._guard:
            self._file.write(_line(op))

    def place(self, name: str) -> Path:
        """Where to write a file that shall become an artifact."""
        path = self.path.with_suffix(".files") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, source: Path, name: str) -> Path:
        """Keeps a copy of a file as it is now."""
        target = self.place(name)
        shutil.copyfile(source, target)
        return target

    def release(self) -> None:
        """Gives the file up; from here on, any process may deliver it."""
        with self._guard:
            self._file.close()


class Reader:
    """The reading end of one outbox: operations that are not delivered yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ack = path.with_suffix(".ack")
        self.offset = self._acknowledged()

    def _acknowledged(self) -> int:
        try:
            return int(self._ack.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @property
    def pending(self) -> bool:
        """Whether whole operations are waiting."""
        return next(self.operations(), None) is not None

    def header(self) -> Header:
        """The first line.

        Raises:
            BadData: the file is empty or no outbox.
        """
        with self.path.open("rb") as file:
            line = file.readline()
        try:
            found = json.loads(line)
            found.pop("op")
            return Header(**found)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadData(
                f"{self.path}: expected an outbox of tracked operations, found {line[:40]!r}; "
                "delete the file to lose its records"
            ) from error

    def operations(self) -> Iterator[tuple[Op, int]]:
        """Operations after the acknowledged ones, each with the offset of its end.

        A last line without its end, cut by a kill, is left out; so is what comes in meanwhile.
        """
        end = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(self.offset)
            position = self.offset
            for line in file:
                position += len(line)
                if position > end or not line.endswith(b"\n"):
                    return
                yield _parse(line), position

    def postpone(self, op: Op) -> None:
        """Puts an operation behind all others."""
        with self.path.open("ab", buffering=0) as file:
            file.write(_line(op))

    def acknowledge(self, offset: int) -> None:
        """Marks everything before `offset` as delivered, for this process and for later ones."""
        if offset == self.offset:
            return
        temporary = self._ack.with_suffix(".ack.tmp")
        temporary.write_text(str(offset))
        temporary.replace(self._ack)
        self.offset = offset

    def discard(self) -> None:
        """Removes the outbox and its files."""
        shutil.rmtree(self.path.with_suffix(".files"), ignore_errors=True)
        self.path.unlink(missing_ok=True)
        self._ack.unlink(missing_ok=True)


def _line(op: Mapping[str, object]) -> bytes:
    return json.dumps(op, separators=(",", ":"), default=str).encode() + b"\n"


def _parse(line: bytes) -> Op:
    """An operation; a damaged line is one that nobody applies."""
    try:
        found = json.loads(line)
    except ValueError:
        return {"op": "damaged"}
    return found if isinstance(found, dict) else {"op": "damaged"}


class Claim:
    """The right to deliver an outbox: held by its writer while that lives, then by one reader."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> bool:
        try:
            self._file = self._path.open("rb")
            lock(self._file, wait=False)
        except OSError:  # owned by a living process, or delivered and removed meanwhile
            return False
        return self._path.exists()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


def outboxes(folder: Path) -> list[Path]:
    """All outbox files, oldest first."""
    return sorted(folder.glob("*.jsonl"), key=lambda path: path.stem.split("-")[-2:])
