"""Where cells run: an executor maps work over cells and yields outcomes as they come."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

C = TypeVar("C")
R = TypeVar("R")


class Executor(Protocol):
    """Runs `work` on every cell; how many at once and on which machine is its own affair.

    Cells are independent: what they share, they find in the store.
    """

    def run(self, cells: Sequence[C], work: Callable[[C], R]) -> Iterator[R]: ...


class InProcess:
    """One cell after the other, in this process."""

    def run(self, cells: Sequence[C], work: Callable[[C], R]) -> Iterator[R]:
        for cell in cells:
            yield work(cell)


@dataclass(frozen=True)
class Sharing(Generic[C]):
    """One cell after the other; those that another process works on come last.

    So any number of processes, on any machines that see the same store, share out a plan by
    running it. None knows of the others, and each ends when all cells have ended.

    Attributes:
        claim: holds a cell for a block: True; or False where another process holds it.
    """

    claim: Callable[[C], AbstractContextManager[bool]]

    def run(self, cells: Sequence[C], work: Callable[[C], R]) -> Iterator[R]:
        waiting = list(cells)
        while waiting:
            yield self._next(waiting, work)

    def _next(self, waiting: list[C], work: Callable[[C], R]) -> R:
        for index, cell in enumerate(waiting):
            with self.claim(cell) as mine:
                if mine:
                    del waiting[index]
                    return work(cell)
        return work(waiting.pop(0))  # all are taken: wait for one, in the store
