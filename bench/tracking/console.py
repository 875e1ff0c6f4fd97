"""What a user sees while a study runs: one line per cell, or live bars on a terminal."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from bench.core.events import (
    CellFailed,
    CellFinished,
    Event,
    Note,
    ReportWritten,
    StageFinished,
    StageStarted,
    Step,
    StudyStarted,
)
from bench.core.public import public
from bench.tracking.observers import Observer
from bench.tracking.samples import Sample, sample

READ_EVERY = 0.2  # seconds between two looks at the values of steps
SAY_EVERY = 180.0  # seconds of a stage without a word, where there is no terminal
Clock = Callable[[], float]


class Silent:
    """Shows nothing but notes: what a user must know even with --quiet."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note):
            print(public(event.text), file=self._stream or sys.stderr, flush=True)

    def close(self, status: str) -> None:
        """Nothing is open."""


class Progress:
    """Counts what a study has done; both consoles show it.

    Attributes:
        hits: artifacts found in the store since the last line about them.
    """

    def __init__(self) -> None:
        self.cells = self.done = self.failed = self.hits = 0
        self._seen: set[str] = set()

    def hear(self, event: Event) -> None:
        if isinstance(event, StudyStarted):
            self.cells = len(event.cells)
        elif isinstance(event, CellFinished):
            self.done += 1
        elif isinstance(event, CellFailed):
            self.failed += 1
        elif isinstance(event, StageFinished) and event.address not in self._seen:
            self._seen.add(event.address)
            self.hits += event.hit

    def take_hits(self) -> str:
        """A line on store hits since the last one, "" where there were none."""
        count, self.hits = self.hits, 0
        kind = "artifact" if count == 1 else "artifacts"
        return f"{count} {kind} from the store" if count else ""

    @property
    def text(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done + self.failed}/{self.cells} cells{failed}"


class Losses:
    """The latest numbers of a stage, read at most every `READ_EVERY` seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock, self._next = clock, 0.0
        self._waiting: Sample | None = None
        self.known: dict[str, float] = {}

    def hear(self, event: Step) -> bool:
        """Looks at a step if it is time to; whether something may be shown anew."""
        now = self._clock()
        if now < self._next and event.step < event.total:
            return False
        self._next = now + READ_EVERY
        if self._waiting is None:
            self._waiting = sample(event.values)
        if self._waiting.ready:
            self.known = self._waiting.read()
            self._waiting = None
        return True

    def clear(self) -> None:
        self._waiting, self.known, self._next = None, {}, 0.0

    @property
    def text(self) -> str:
        """`loss 0.123`, or the last of several terms, which is their sum."""
        if not self.known:
            return ""
        name = "loss" if "loss" in self.known else list(self.known)[-1]
        return f"{name} {self.known[name]:.4g}"


class PlainConsole:
    """One line per cell, for logs and CI, and now and then one of a stage that takes long.

    Args:
        verbose: a line per stage, too, and per file of the report.
    """

    def __init__(
        self, stream: TextIO | None = None, verbose: bool = False, clock: Clock = time.monotonic
    ) -> None:
        from rich.console import Console

        self._console = Console(file=stream, markup=False, highlight=False, emoji=False)
        self._verbose, self._clock = verbose, clock
        self._progress, self._losses = Progress(), Losses(clock)
        self._stage, self._begun, self._said = "", 0.0, 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):
            self._losses.hear(event)
            self._long(event)
            return
        self._progress.hear(event)
        for line in self._lines(event):
            self._print(line)

    def close(self, status: str) -> None:
        """Says what came from the store, and how it ended where it did not end well."""
        hits = "" if self._verbose else self._progress.take_hits()
        bad = f"{status.lower()}: {self._progress.text}" if status != "FINISHED" else ""
        for line in filter(None, (hits, bad)):
            self._print(line)

    def _print(self, text: str) -> None:
        self._console.print(public(text), soft_wrap=True)

    def _long(self, event: Step) -> None:
        """Says how far a stage is that has said nothing for a while."""
        now = self._clock()
        if self._stage and now - self._said >= SAY_EVERY:
            self._said = now
            loss = f", {self._losses.text}" if self._losses.text else ""
            spent = seconds(now - self._begun)
            self._print(f"{self._stage}: {event.step} of {event.total} after {spent}{loss}")

    def _lines(self, event: Event) -> list[str]:
        if isinstance(event, Note):
            return [event.text]
        if isinstance(event, StageStarted):
            self._losses.clear()
            self._stage = f"{event.cell}: {event.stage}"
            self._begun = self._said = self._clock()
            return [f"{self._stage} ..."] if self._verbose else []
        if isinstance(event, StageFinished):
            return [self._finished(event)] if self._verbose else []
        if isinstance(event, CellFinished | CellFailed):
            self._stage = ""
            return [f"[{self._progress.text}] {outcome(event)}"]
        if isinstance(event, ReportWritten) and self._verbose:
            return [f"wrote {path}" for path in event.paths]
        return []

    def _finished(self, event: StageFinished) -> str:
        if event.hit:
            return f"{event.cell}: {event.stage} from the store ({event.address[:12]})"
        end = f" ({self._losses.text})" if self._losses.text else ""
        return f"{event.cell}: {event.stage} in {seconds(event.seconds)}{end}"


def outcome(event: CellFinished | CellFailed) -> str:
    """A cell's result in one line."""
    if isinstance(event, CellFailed):
        return f"{event.cell}: failed: {event.error.splitlines()[0] if event.error else 'unknown'}"
    top1 = event.metrics.get("top1")
    return f"{event.cell}: top1 {100 * top1:.1f} %" if top1 is not None else f"{event.cell}: done"


def seconds(value: float) -> str:
    """`0.42 s`, `12.3 s`, `3 min 5 s`."""
    if value >= 60:
        return f"{int(value) // 60} min {int(value) % 60} s"
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def console(quiet: bool = False, verbose: bool = False, stream: TextIO | None = None) -> Observer:
    """Live bars on a terminal, plain lines elsewhere; quiet shows notes only."""
    out = stream or sys.stdout
    if quiet:
        return Silent()
    if out.isatty() and not verbose:
        from bench.tracking.live import LiveConsole

        return LiveConsole(out)
    return PlainConsole(out, verbose)
