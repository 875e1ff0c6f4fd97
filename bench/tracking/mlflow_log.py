"""The observer that writes events down for MLflow; it never waits for MLflow itself."""

from pathlib import Path

from bench.core.events import Emit, Event, Note, Step, StudyStarted, silent
from bench.tracking.dispatch import PATIENCE
from bench.tracking.study_log import StudyLog
from bench.tracking.tracker import Tracker, public


class MlflowObserver:
    """Turns events into operations of an outbox, which a process of its own delivers.

    Args:
        tracker: where to deliver.
        folder: local folder whose `outbox/` keeps what is not delivered yet.
        say: hears a Note when the store is down or refuses something, each once.
        code: folder of the code whose git state is recorded; None for bench's own.
        patience: seconds without progress that `close` waits for a slow store.
        span: when a study of the past began and ended, in seconds since the epoch; None for one
            that happens now.
    """

    def __init__(
        self,
        tracker: Tracker,
        folder: Path,
        say: Emit = silent,
        code: Path | None = None,
        patience: float = PATIENCE,
        span: tuple[float, float] | None = None,
    ) -> None:
        self._tracker, self._folder, self._say = tracker, folder, say
        self._code, self._patience = code, patience
        self._span = (round(1000 * span[0]), round(1000 * span[1])) if span else None
        self._said: set[str] = set()
        self._open: StudyLog | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):  # first, for there are a thousand of them to one of the others
            if self._open is not None:
                self._open.step(event)
        elif isinstance(event, StudyStarted):
            self._open = self._open or self._begun(event)
        elif self._open is not None:
            self._open.hear(event)
            self._report(self._open)

    def _begun(self, event: StudyStarted) -> StudyLog:
        return StudyLog(self._tracker, self._folder, self._code, event, self._span)

    @property
    def problem(self) -> str:
        """Why nothing is delivered at present, "" if nothing is wrong."""
        return self._open.delivery.problem if self._open else ""

    def close(self, status: str) -> None:
        """Writes the end down and waits a few seconds for the last deliveries."""
        if self._open is None:
            return
        log, self._open = self._open, None
        delivered = log.close(status, self._patience)
        self._report(log)
        if not delivered and "down" not in self._said:
            self._note("down", "is slow", log)

    def _report(self, log: "StudyLog") -> None:
        if log.delivery.problem:
            self._note("down", f"does not take records now ({log.delivery.problem})", log)
        for text in log.delivery.refused:
            if text not in self._said:
                self._said.add(text)
                self._say(Note(f"tracking: one record was refused: {text}"))

    def _note(self, kind: str, what: str, log: "StudyLog") -> None:
        if kind not in self._said:
            self._said.add(kind)
            self._say(
                Note(
                    f"tracking: {public(self._tracker.uri)} {what}; the run goes on, its records "
                    f"are kept in {log.path} and delivered by the next bench command"
                )
            )
