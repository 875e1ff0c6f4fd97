"""A courier: carries the operations of one outbox to MLflow, in order, each until it is taken."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from bench.core.errors import BenchError
from bench.tracking.books import Books
from bench.tracking.connection import Clash, Refused, Unreachable
from bench.tracking.layout import Point
from bench.tracking.observers import attempt
from bench.tracking.outbox import Op, Reader

TOGETHER = 1000  # metrics that are sent in one go
FILES = ("artifact", "picture", "model")  # what goes to the artifact store
CLASHES = 2  # in a row that are taken for chance


class Courier:
    """Carries the operations of one outbox, acknowledging them as they arrive.

    Args:
        path: the outbox.
        progress: called whenever something has arrived.
    """

    def __init__(self, path: Path, progress: Callable[[], object] = lambda: None) -> None:
        self.reader = Reader(path)
        self.refused: list[str] = []
        self._progress = progress
        self._books: Books | None = None
        self._points: dict[str, list[Point]] = {}
        self._blocked = ""  # why files are not sent in this round

    def deliver(self) -> None:
        """Delivers what is there now.

        Raises:
            Unreachable: the store does not answer; all that is not acknowledged stays.
        """
        self._points.clear()
        self._blocked = ""
        position = self.reader.offset
        for op, end in self.reader.operations():
            self._take(op)
            position = end
            self._progress()
            if sum(map(len, self._points.values())) >= TOGETHER:
                self._flush()
            if not self._points:
                self._acknowledge(position)
        self._flush()
        self._acknowledge(position)
        if self._blocked:
            raise Unreachable(self._blocked)

    def _take(self, op: Op) -> None:
        """Sends an operation; metrics are gathered, for at most a round or until a run ends."""
        if op["op"] == "metrics":
            self._collect(op)
            return
        if op["op"] == "end":
            self._flush()
        if op["op"] in FILES:
            self._carry(op)
        else:
            self._try(partial(self._apply, op))

    def _carry(self, op: Op) -> None:
        """Sends a file; where the artifact store fails, files wait behind everything else."""
        self._open()
        if not self._blocked:
            error = attempt(partial(self._try, partial(self._apply, op)))
            if error is None:
                return
            self._blocked = f"artifacts: {one_line(error)}"
        self.reader.postpone(op)

    def conclude(self) -> None:
        """Ends, as KILLED, what a dead writer left open, and removes the outbox."""
        millis = int(self.reader.path.stat().st_mtime * 1000)
        self._try(lambda: self._open().kill_open(millis))
        self.reader.discard()

    def _open(self) -> Books:
        if self._books is None:
            header = self.reader.header()
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
            persistent(action)
        except (Refused, KeyError, TypeError, ValueError) as error:
            self.refused.append(str(error) or type(error).__name__)

    def _acknowledge(self, position: int) -> None:
        self.reader.acknowledge(position)
        self._progress()


def persistent(action: Callable[[], None]) -> None:
    """Does something that may clash with what another process does, a few times if need be."""
    for _ in range(CLASHES):
        with suppress(Clash):
            return action()
    return action()


def one_line(error: Exception) -> str:
    """An error as one line of bounded length."""
    text = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
    return (text.splitlines() or [type(error).__name__])[0][:300]
