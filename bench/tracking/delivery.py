"""Delivery of outboxes to MLflow: in the background while a run goes on, or later."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread

from bench.errors import BenchError
from bench.tracking.books import Books
from bench.tracking.connection import Refused, Unreachable, short_calls
from bench.tracking.layout import Point
from bench.tracking.observers import attempt
from bench.tracking.outbox import Claim, Op, Outbox, Reader, outboxes
from bench.tracking.tracker import answers, public

TOGETHER = 1000  # metrics that are sent in one go
EVERY = 2.0  # seconds between looks into the outbox
LONGEST_PAUSE = 30.0  # seconds between tries while the store is down
PATIENCE = 8.0  # seconds without progress after which a closing run stops waiting
LONGEST_WAIT = 20.0  # seconds that a closing run waits at most
OUTBOX = "outbox"


@dataclass(frozen=True)
class DeliveryReport:
    """What became of pending outboxes.

    Attributes:
        delivered: outboxes that are wholly delivered and removed.
        kept: outboxes that wait for a store that does not answer.
        problems: one line per store that does not answer or per refused operation.
    """

    delivered: int = 0
    kept: int = 0
    problems: tuple[str, ...] = ()


class Courier:
    """Carries the operations of one outbox, acknowledging them as they arrive."""

    def __init__(self, path: Path, stopped: Callable[[], bool] = lambda: False) -> None:
        self.reader = Reader(path)
        self.refused: list[str] = []
        self.progress = time.monotonic()
        self._stopped = stopped
        self._books: Books | None = None
        self._points: dict[str, list[Point]] = {}

    def deliver(self) -> None:
        """Delivers what is there now.

        Raises:
            Unreachable: the store does not answer; all that is not acknowledged stays.
        """
        self._points.clear()
        position = self.reader.offset
        for op, end in self.reader.operations():
            if self._stopped():
                raise Unreachable("stopped before all was delivered")
            if op["op"] == "metrics":
                self._collect(op)
                full = sum(map(len, self._points.values())) >= TOGETHER
            else:
                self._flush()
                self._try(partial(self._apply, op))
                full = True
            position = end
            if full:
                self._flush()
                self._acknowledge(position)
        self._flush()
        self._acknowledge(position)

    def conclude(self) -> None:
        """Ends, as KILLED, what a dead writer left open, and removes the outbox."""
        millis = int(self.reader.path.stat().st_mtime * 1000)
        self._try(lambda: self._open().kill_open(millis))
        self.reader.discard()

    def _open(self) -> Books:
        if self._books is None:
            header = self.reader.header()
            if not answers(header.uri):
                raise Unreachable(f"{public(header.uri)} does not answer")
            self._books = Books(header, self.reader.path.with_suffix(".files"))
        return self._books

    def _apply(self, op: Op) -> None:
        self._open().apply(op)

    def _log(self, key: str, points: list[Point]) -> None:
        self._open().log(key, points)

    def _collect(self, op: Op) -> None:
        points, key = op.get("points"), op.get("key")
        if isinstance(points, list) and isinstance(key, str):
            self._points.setdefault(key, []).extend((p[0], p[1], p[2], p[3]) for p in points)

    def _flush(self) -> None:
        for key, points in self._points.items():
            self._try(partial(self._log, key, points))
        self._points.clear()

    def _try(self, action: Callable[[], None]) -> None:
        """Skips what the store will never take, so that the rest gets through."""
        try:
            action()
        except (Refused, KeyError, TypeError, ValueError) as error:
            self.refused.append(str(error) or type(error).__name__)

    def _acknowledge(self, position: int) -> None:
        self.reader.acknowledge(position)
        self.progress = time.monotonic()


class Delivery:
    """A thread that delivers a living run's outbox, after those that dead processes left behind."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._wake, self._closing, self._abandoned = Event(), Event(), Event()
        self._courier = Courier(outbox.path, self._abandoned.is_set)
        self.problem = ""  # why nothing is delivered at present
        self._thread = Thread(target=self._work, name="bench-tracking", daemon=True)
        self._thread.start()

    @property
    def refused(self) -> list[str]:
        """Why operations were refused, so far."""
        return list(self._courier.refused)

    def close(self, patience: float = PATIENCE) -> bool:
        """Waits while there is progress; whether all was delivered. The rest stays for later."""
        self._closing.set()
        self._wake.set()
        start = self._courier.progress = time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.05)
            now = time.monotonic()
            if now - self._courier.progress > patience or now - start > LONGEST_WAIT:
                self._abandoned.set()
                return False
        if self.problem or self._courier.reader.pending:
            self._outbox.release()
            return False
        self._courier.reader.discard()
        self._outbox.release()
        return True

    def _work(self) -> None:
        pause = EVERY
        with short_calls():
            attempt(partial(_deliver_all, self._outbox.path.parent, self._abandoned.is_set))
            while True:
                last = self._closing.is_set()
                error = attempt(self._courier.deliver)
                self.problem = one_line(error) if error else ""
                if last:
                    return
                pause = min(2 * pause, LONGEST_PAUSE) if error else EVERY
                self._wake.wait(pause)


def deliver_pending(folder: Path) -> DeliveryReport:
    """Delivers the outboxes in `<folder>/outbox` whose processes ended; MLflow is needed only then.

    Runs that such a process left open become KILLED.
    """
    if not outboxes(folder / OUTBOX):
        return DeliveryReport()
    with short_calls():
        return _deliver_all(folder / OUTBOX, lambda: False)


def _deliver_all(folder: Path, stopped: Callable[[], bool]) -> DeliveryReport:
    delivered, kept, problems = 0, 0, list[str]()
    for path in outboxes(folder):
        with Claim(path) as free:
            if not free:
                continue
            courier = Courier(path, stopped)
            error = attempt(partial(_finish, courier))
            delivered, kept = delivered + (error is None), kept + (error is not None)
            problems += courier.refused + ([one_line(error)] if error else [])
    return DeliveryReport(delivered, kept, tuple(dict.fromkeys(problems)))


def _finish(courier: Courier) -> None:
    courier.deliver()
    courier.conclude()


def one_line(error: Exception) -> str:
    """An error as one line of bounded length."""
    text = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:300]
