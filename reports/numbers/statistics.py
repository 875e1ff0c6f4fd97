"""Statistics of few paired seeds: Student-t intervals, exact sign-flip tests, Holm, Welch.

All functions take accuracies or differences as plain floats in one unit and answer in that unit.
An interval of 3 to 5 seeds is a Student-t interval, never a bootstrap. The interval of a mean of
accuracies is cut at 0 and 1, where such a mean ends: this never lowers its coverage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np
from scipy.special import stdtr, stdtrit  # not scipy.stats, which takes a second to import

from bench.core.errors import BadValue

CONFIDENCE = 0.95
LEVEL = 0.05
FEWEST = 3  # values below which nothing is decided
ENUMERABLE = 20  # pairs up to which all sign flips are enumerated
TINY = 1e-12  # relative spread below which differences count as identical


@dataclass(frozen=True)
class Sample:
    """Mean and spread of n values; what needs two values is None at n = 1.

    Attributes:
        std: with n - 1 in the denominator.
        low, high: 95 % Student-t interval of the mean.
    """

    n: int
    mean: float
    std: float | None = None
    sem: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Difference:
    """A difference of means with its interval and p-values.

    Attributes:
        p: two-sided p of the t test; None where the differences do not vary.
        p_flip: exact two-sided sign-flip p; None where it does not apply.
        std: of the differences, with n - 1; None where there is no spread to know.
    """

    n: int
    mean: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_flip: float | None = None
    std: float | None = None

    @property
    def nominal(self) -> bool:
        """Whether the interval excludes zero, not adjusted for other comparisons.

        Fewer than 3 values, or values without spread, decide nothing.
        """
        if self.low is None or self.high is None or self.p is None or self.n < FEWEST:
            return False
        return not self.low <= 0 <= self.high

    def decided(self, adjusted: float | None) -> bool:
        """Whether it is decided by its p-value adjusted over the declared family."""
        return self.nominal and adjusted is not None and adjusted <= LEVEL


@dataclass(frozen=True)
class Printed:
    """A published mean with its standard error and number of runs."""

    mean: float
    sem: float
    n: int


def describe(values: Sequence[float]) -> Sample:
    """Mean, std, sem and 95 % interval of some values.

    Raises:
        BadValue: for no values, or one that is not finite.
    """
    if not values or not all(isfinite(v) for v in values):
        raise BadValue(f"values: expected at least one finite number, given {list(values)}")
    n, mean = len(values), float(np.mean(values))
    if n == 1:
        return Sample(1, mean)
    std = float(np.std(values, ddof=1))
    sem = std / sqrt(n)
    half = quantile(n - 1) * sem
    return Sample(n, mean, std, sem, mean - half, mean + half)


def accuracy(values: Sequence[float]) -> Sample:
    """As `describe`, of fractions: the interval is cut at 0 and 1."""
    sample = describe(values)
    if sample.low is None or sample.high is None:
        return sample
    return replace(sample, low=max(0.0, sample.low), high=min(1.0, sample.high))


def paired(a: Mapping[int, float], b: Mapping[int, float]) -> Difference | None:
    """a minus b over the seeds that both have; None where they share none."""
    differences = [a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]
    return difference_of(differences) if differences else None


def difference_of(differences: Sequence[float]) -> Difference:
    """Mean, t interval and both p-values of paired differences."""
    sample = describe(differences)
    if sample.sem is None:
        return Difference(1, sample.mean)
    if sample.sem <= TINY * max(1.0, *(abs(d) for d in differences)):
        same, flip = sample.mean, sign_flip(differences)
        return Difference(sample.n, same, same, same, None, flip, 0.0)
    p = 2 * float(stdtr(sample.n - 1, -abs(sample.mean) / sample.sem))
    ends, flip = (sample.low, sample.high), sign_flip(differences)
    return Difference(sample.n, sample.mean, *ends, p, flip, sample.std)


def sign_flip(differences: Sequence[float]) -> float | None:
    """The exact two-sided p of the sign-flip test; None beyond 20 pairs.

    The share of all 2^n sign patterns whose sum is at least as far from zero as the observed one.
    """
    if len(differences) > ENUMERABLE:
        return None
    sums = np.zeros(1)
    for value in differences:
        sums = np.concatenate([sums + value, sums - value])
    slack = TINY * max(1.0, *(abs(d) for d in differences))
    return float(np.mean(np.abs(sums) >= abs(sum(differences)) - slack))


def flip_floor(n: int) -> float:
    """The smallest two-sided p that n pairs allow in a rank or sign-flip test."""
    return min(1.0, float(2.0 ** (1 - n)))


def rank_note(n: int) -> str:
    """What a reader must know about tests without assumptions at this n; may be empty."""
    if n < 1 or flip_floor(n) < LEVEL:
        return ""
    return f"n = {n}: no rank test can reach 0.05 (smallest two-sided p is {flip_floor(n):.4g})."


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm-adjusted p-values, in the given order, over the whole declared family.

    A hypothesis without a p (not run, one seed, no spread) stays None, and counts as one whose p is
    the largest: a partial run may not be less strict than the whole one.
    """
    known = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, (len(ps) - rank) * p))
        adjusted[i] = highest
    return adjusted


def welch(a: Printed, b: Printed) -> Difference:
    """a minus b from printed means, standard errors and n (Welch-Satterthwaite).

    Raises:
        BadValue: where an n is below 2 or both errors are zero.
    """
    if min(a.n, b.n) < 2 or a.sem < 0 or b.sem < 0 or a.sem + b.sem == 0:
        raise BadValue(f"Welch: expected n of at least 2 and positive errors, given {a} and {b}")
    variance = a.sem**2 + b.sem**2
    freedom = variance**2 / (a.sem**4 / (a.n - 1) + b.sem**4 / (b.n - 1))
    mean, half = a.mean - b.mean, quantile(freedom) * sqrt(variance)
    p = 2 * float(stdtr(freedom, -abs(mean) / sqrt(variance)))
    return Difference(min(a.n, b.n), mean, mean - half, mean + half, p)


def quantile(freedom: float) -> float:
    """The Student-t quantile of a two-sided 95 % interval."""
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
