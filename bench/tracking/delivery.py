"""Delivery of outboxes to MLflow: in the background while a run goes on, or later."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread

from bench.tracking.connection import short_calls
from bench.tracking.courier import Courier, one_line
from bench.tracking.observers import attempt
from bench.tracking.outbox import Claim, Outbox, outboxes

EVERY = 2.0  # seconds between looks into the outbox
LONGEST_PAUSE = 30.0  # seconds between tries while the store is down
PATIENCE = 8.0  # seconds without progress after which a closing run stops waiting
LONGEST_WAIT = 20.0  # seconds that a closing run waits at most, where it has no more patience
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
            if now - self._courier.progress > patience or now - start > max(patience, LONGEST_WAIT):
                self._abandoned.set()
                break
        if self._thread.is_alive():  # it lets the outbox go when it gets to it
            return False
        if self.problem or self._courier.reader.pending:
            self._outbox.release()
            return False
        self._courier.reader.discard()
        self._outbox.release()
        return True

    def _work(self) -> None:
        self._deliver()
        if self._abandoned.is_set():
            self._outbox.release()

    def _deliver(self) -> None:
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


def all_delivered(folder: Path) -> bool:
    """Whether no outbox in a tracking folder waits for delivery."""
    return not outboxes(folder / OUTBOX)


def deliver_pending(folder: Path) -> DeliveryReport:
    """Delivers the outboxes in `<folder>/outbox` whose processes ended; MLflow is needed only then.

    Runs that such a process left open become KILLED.
    """
    if all_delivered(folder):
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
