"""Search spaces that distillers declare for sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BadValue


@dataclass(frozen=True)
class Uniform:
    """A real number between `low` and `high`, uniform on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise BadValue(f"search space: expected low < high (positive if log), given {self}")


@dataclass(frozen=True)
class Integer:
    """An integer between `low` and `high`, both included."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise BadValue(f"search space: expected low < high (positive if log), given {self}")


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: Sequence[str | float | int | bool]

    def __post_init__(self) -> None:
        if not self.options:
            raise BadValue("search space: expected at least one option, given none")


Space = Uniform | Integer | Choice
