"""Curves in the store: numbers and pictures on the way to an artifact, written as they come.

    <store>/curves/<address>/curve.jsonl   a line per sampled step or picture
    <store>/curves/<address>/<name>.npy    the images of a picture, (n, ch, H, W) uint8

Whoever makes an artifact holds its lock, so that a curve has one writer at a time. Where a stage
goes on after a break, steps are written again: the first of equal steps counts.
"""

import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from bench.core.events import (
    CellFailed,
    CellStarted,
    Event,
    Milestone,
    StageFinished,
    StageStarted,
    Step,
)
from bench.storage.gc import CURVES
from bench.tracking.layout import milliseconds
from bench.tracking.samples import Sample, due, sample

FOLDER, FILE = CURVES, "curve.jsonl"
TOGETHER = 1000  # milliseconds of a curve that are written down at once, and lost by a kill


@dataclass(frozen=True)
class Spot:
    """One line of a curve: values at a step of a stage, or the file of a picture."""

    stage: str
    step: int
    millis: int
    values: dict[str, float] = field(default_factory=dict)
    picture: str = ""


class Curve:
    """The writing end of one artifact's curve."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder / address
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._file = os.open(self._folder / FILE, flags, 0o644)
        self._end_broken_line()
        self._lines: list[bytes] = []
        self._written = 0

    def _end_broken_line(self) -> None:
        """A line that a kill has cut must not take the next one with it."""
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def add(self, stage: str, step: int, millis: int, **more: object) -> None:
        """Adds a line; it is written with others, at most a second later than the next one."""
        self._add({"stage": stage, "step": step, "millis": millis, **more})
        if millis - self._written >= TOGETHER:
            self._written = millis
            self.flush()

    def _add(self, line: dict[str, object]) -> None:
        self._lines.append(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def picture(self, event: Milestone, millis: int) -> None:
        """Keeps images, unless those of the step are there."""
        import numpy as np

        name = sha256(f"{event.stage} {event.step}".encode()).hexdigest()[:16] + ".npy"
        if not (self._folder / name).exists():
            part = self._folder / f"{name}.{os.getpid()}.part"
            with part.open("wb") as file:
                np.save(file, event.images.cpu().numpy())
            part.replace(self._folder / name)
        where = {"stage": event.stage, "step": event.step, "millis": millis}
        self._add({**where, "picture": name})
        self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        lines, self._lines = self._lines, []
        if lines:
            os.write(self._file, b"".join(lines))

    def close(self) -> None:
        self.flush()
        os.close(self._file)


class Curves:
    """The observer that writes the curve of every stage that is computed.

    Args:
        folder: of all curves of a store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._curve: Curve | None = None
        self._series = ""
        self._waiting: deque[tuple[Step, int, Sample]] = deque()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):  # first, for there are a thousand of them to one of the others
            self._step(event)
        elif isinstance(event, StageStarted):
            self._end()
            self._curve = Curve(self._folder, event.address)
            self._series = f"/{event.series}" if event.series else ""
        elif isinstance(event, Milestone):
            if self._curve is not None:
                self._curve.picture(event, milliseconds())
        elif isinstance(event, CellStarted | CellFailed | StageFinished) and not _is_hit(event):
            self._end()  # a stage that broke off has no end of its own

    @property
    def open(self) -> bool:
        """Whether a stage is computing."""
        return self._curve is not None

    def close(self, status: str) -> None:
        """Writes the rest."""
        self._end()

    def _step(self, event: Step) -> None:
        """Samples a step, and writes earlier samples that have arrived from the device."""
        if self._curve is None:
            return
        if due(event):
            self._waiting.append((event, milliseconds(), sample(event.values)))
        while self._waiting and self._waiting[0][2].ready:
            self._write(*self._waiting.popleft())

    def _write(self, event: Step, millis: int, found: Sample) -> None:
        values = found.read()
        if values and self._curve is not None:
            stage = event.stage.removesuffix(self._series)  # an artifact may be of two trials
            self._curve.add(stage, event.step, millis, values=values)

    def _end(self) -> None:
        while self._waiting:
            self._write(*self._waiting.popleft())
        if self._curve is not None:
            self._curve.close()
            self._curve = None


def _is_hit(event: Event) -> bool:
    return isinstance(event, StageFinished) and event.hit


def read_curve(folder: Path, address: str) -> Iterator[Spot]:
    """The lines of a curve, without repetitions of a step and without what a kill has cut."""
    try:
        lines = (folder / address / FILE).read_bytes().splitlines(keepends=True)
    except (FileNotFoundError, NotADirectoryError):
        return
    seen = set[tuple[str, int, str, frozenset[str]]]()
    for line in lines:
        with suppress(ValueError, TypeError):
            spot = Spot(**json.loads(line)) if line.endswith(b"\n") else None
            mark = spot and (spot.stage, spot.step, spot.picture, frozenset(spot.values))
            if spot and mark and mark not in seen:
                seen.add(mark)
                yield spot
