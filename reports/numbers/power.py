"""How many pairs a paired t test needs to find a difference of a given size."""

from math import isfinite, sqrt

from scipy.special import nctdtr, stdtrit

from bench.core.errors import BadValue
from reports.numbers.statistics import FEWEST, LEVEL

POWER = 0.8
MOST = 10_000  # pairs beyond which a difference is as good as none


def power_of(effect: float, n: int, level: float = LEVEL) -> float:
    """The power of a two-sided paired t test of n pairs.

    Exact, from the noncentral t distribution with n - 1 degrees of freedom and the noncentrality
    effect * sqrt(n) (Cohen 1988, chapter 2).

    Args:
        effect: mean of the differences over their standard deviation.
    """
    bound, shift = float(stdtrit(n - 1, 1 - level / 2)), abs(effect) * sqrt(n)
    return float(1 - nctdtr(n - 1, shift, bound) + nctdtr(n - 1, shift, -bound))


def pairs_needed(
    difference: float, std: float, power: float = POWER, level: float = LEVEL
) -> int | None:
    """The least n of at least 3 pairs with this power; None where 10,000 would not do.

    Raises:
        BadValue: a difference that is not finite, or a spread that is not positive.
    """
    if not isfinite(difference) or not 0 < std < float("inf"):
        raise BadValue(
            f"pairs needed: expected a finite difference and a positive std, given {difference}, "
            f"{std}"
        )
    effect = difference / std
    if power_of(effect, MOST, level) < power:
        return None
    low, high = FEWEST - 1, FEWEST
    while power_of(effect, high, level) < power:
        low, high = high, min(2 * high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        enough = power_of(effect, middle, level) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high
