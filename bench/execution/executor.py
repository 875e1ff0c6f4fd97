"""Where cells run: an executor maps work over cells and yields outcomes as they come."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

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
