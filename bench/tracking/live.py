"""The console on a terminal: one bar for the study, one per running stage with loss and ETA."""

import time
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Event,
    Note,
    StageFinished,
    StageStarted,
    Step,
    StudyStarted,
)
from bench.core.public import public
from bench.tracking.console import Clock, Losses, outcome, seconds
from bench.tracking.console import Progress as Counts


class LiveConsole:
    """Bars that rich redraws in its own thread; results and notes scroll by above them."""

    def __init__(self, stream: TextIO | None = None, clock: Clock = time.monotonic) -> None:
        self._console = Console(file=stream)
        self._counts, self._losses = Counts(), Losses(clock)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}", markup=False),
            console=self._console,
            refresh_per_second=5,
            transient=True,
        )
        self._study: TaskID | None = None
        self._stage: TaskID | None = None
        self._cell = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):
            self._step(event)
            return
        self._counts.hear(event)
        if isinstance(event, StudyStarted):
            self._bars.start()
            self._study = self._bars.add_task(event.study, total=len(event.cells), loss="")
        elif isinstance(event, CellStarted):
            self._cell = event.cell
        elif isinstance(event, StageStarted):
            self._begin(event)
        elif isinstance(event, StageFinished):
            self._finish(event)
        elif isinstance(event, CellFinished | CellFailed):
            self._result(event)
        elif isinstance(event, Note):
            self._print(event.text)

    def close(self, status: str) -> None:
        """Takes the bars away and says what came from the store."""
        self._bars.stop()
        hits = self._counts.take_hits()
        if hits:
            self._print(hits)
        if status != "FINISHED":
            self._print(f"{status.lower()}: {self._counts.text}")

    def refresh(self) -> None:
        """Redraws the bars now, not at the next turn of rich's thread."""
        self._bars.refresh()

    def _step(self, event: Step) -> None:
        if self._losses.hear(event) and self._stage is not None:
            self._bars.update(
                self._stage, completed=event.step, total=event.total, loss=self._losses.text
            )

    def _begin(self, event: StageStarted) -> None:
        self._end_stage()
        self._losses.clear()
        name = f"{event.cell}: {event.stage}"
        self._stage = self._bars.add_task(name, total=None, loss="")

    def _finish(self, event: StageFinished) -> None:
        if event.hit:
            return
        self._end_stage()
        if event.seconds >= 1:
            self._print(f"{event.cell}: {event.stage} in {seconds(event.seconds)}")

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._bars.remove_task(self._stage)
            self._stage = None

    def _result(self, event: CellFinished | CellFailed) -> None:
        self._end_stage()
        self._print(outcome(event))
        if self._study is not None:
            done = self._counts.done + self._counts.failed
            hits = f"{self._counts.hits} from the store" if self._counts.hits else ""
            self._bars.update(self._study, completed=done, loss=hits)

    def _print(self, text: str) -> None:
        self._console.print(Text(public(text)), soft_wrap=True)
