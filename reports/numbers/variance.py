"""Two-level variance: what distilling adds to the spread, and what training students adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from bench.core.errors import BadValue


@dataclass(frozen=True)
class TwoLevel:
    """A random-effects split of scores by distillation seed and, within it, student seed.

    Attributes:
        between: variance of the distillation seed's effect; 0 where the estimate is negative.
        within: variance of students on one synthetic set.
        sets, students: numbers of synthetic sets and of all students.
        sem: standard error of the mean over this design.
    """

    mean: float
    between: float
    within: float
    sets: int
    students: int
    sem: float

    @property
    def share(self) -> float:
        """Share of the variance of one score that the distillation seed explains."""
        total = self.between + self.within
        return self.between / total if total > 0 else 0.0

    def sem_of(self, sets: int, students_per_set: int) -> float:
        """The standard error that another balanced design would have: where to spend repeats."""
        if min(sets, students_per_set) < 1:
            raise BadValue(
                f"design: expected at least one set and student, given {sets}, {students_per_set}"
            )
        return sqrt(self.between / sets + self.within / (sets * students_per_set))


def two_level(scores: Mapping[int, Sequence[float]]) -> TwoLevel:
    """Splits the variance of scores: distillation seed -> scores of its students.

    One-way random-effects analysis of variance by moments (Searle 1971), for unequal numbers too:
    within = MSW, between = (MSB - MSW) / n0 with n0 = (N - sum n_i^2 / N) / (a - 1).

    Raises:
        BadValue: fewer than two sets, an empty one, or no set with two students.
    """
    groups = [list(values) for values in scores.values()]
    count, total = len(groups), sum(map(len, groups))
    if count < 2 or not all(groups) or total <= count:
        raise BadValue(
            "two-level variance: expected at least 2 distillation seeds, one of them with 2 "
            f"students, given {[len(group) for group in groups]} students"
        )
    means = [sum(group) / len(group) for group in groups]
    grand = sum(map(sum, groups)) / total
    spread = sum((v - m) ** 2 for g, m in zip(groups, means, strict=True) for v in g)
    apart = sum(len(g) * (m - grand) ** 2 for g, m in zip(groups, means, strict=True))
    within = spread / (total - count)
    size = (total - sum(len(g) ** 2 for g in groups) / total) / (count - 1)
    between = max(0.0, (apart / (count - 1) - within) / size)
    weight = sum((len(g) / total) ** 2 for g in groups)
    return TwoLevel(grand, between, within, count, total, sqrt(between * weight + within / total))
