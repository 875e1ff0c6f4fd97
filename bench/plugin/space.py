"""Search spaces that distillers declare for sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from bench.core.errors import BadValue


@dataclass(frozen=True)
class Uniform:
    """A real number between `low` and `high`, uniform on a linear or logarithmic scale.

    Attributes:
        low, high: the ends.
        log: uniform in the logarithm; both ends are then positive.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)


@dataclass(frozen=True)
class Integer:
    """An integer between `low` and `high`, both included.

    Attributes:
        low, high: the ends.
        log: uniform in the logarithm; both ends are then positive.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)


def _check_bounds(low: float, high: float, log: bool) -> None:
    """Refuses empty ranges and those that have no logarithm or no end."""
    if not (isfinite(low) and isfinite(high) and low < high):
        raise BadValue(
            f"search space: expected finite bounds with low < high, given {low:g}:{high:g}"
        )
    if log and low <= 0:
        raise BadValue(
            f"search space: expected positive bounds on a logarithmic scale, given {low:g}:"
            f"{high:g}; raise the lower one, or leave out the logarithm"
        )


@dataclass(frozen=True)
class Choice:
    """One of a few values.

    Attributes:
        options: the values, at least one.
    """

    options: Sequence[str | float | int | bool]

    def __post_init__(self) -> None:
        if not self.options:
            raise BadValue("search space: expected at least one option, given none")


Space = Uniform | Integer | Choice
