"""Variance by teacher, by synthetic set within a teacher, and by student within a set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.core.errors import BadValue


@dataclass(frozen=True)
class ThreeLevel:
    """A nested random-effects split of scores.

    Attributes:
        teacher, sets, students: variances of the three effects; 0 where an estimate is negative.
            `students` is None, and part of `sets`, where every set has one student.
        shape: numbers of teachers, of sets in all, and of students in all.
    """

    teacher: float
    sets: float
    students: float | None
    shape: tuple[int, int, int]


def three_level(scores: Mapping[int, Mapping[int, Sequence[float]]]) -> ThreeLevel:
    """Splits the variance of scores: teacher -> synthetic set -> scores of its students.

    Nested analysis of variance by moments, for unequal numbers too (Searle, Casella and McCulloch
    1992, section 3.6): the expected mean squares of teachers and of sets are solved for the
    variances.

    Raises:
        BadValue: fewer than two teachers, an empty set, or no teacher with two sets.
    """
    nested = [[list(values) for values in sets.values()] for sets in scores.values()]
    flat = [values for sets in nested for values in sets]
    a, b, n = len(nested), len(flat), sum(map(len, flat))
    if a < 2 or not all(nested) or not all(flat) or b <= a:
        raise BadValue(
            "three-level variance: expected at least 2 teachers, one of them with 2 sets, given "
            f"{[len(sets) for sets in nested]} sets"
        )
    grand = sum(map(sum, flat)) / n
    sizes = [sum(map(len, sets)) for sets in nested]
    means = [sum(map(sum, sets)) / size for sets, size in zip(nested, sizes, strict=True)]
    within = sum((v - sum(s) / len(s)) ** 2 for s in flat for v in s)
    between = sum(
        len(s) * (sum(s) / len(s) - mean) ** 2
        for sets, mean in zip(nested, means, strict=True)
        for s in sets
    )
    above = sum(size * (m - grand) ** 2 for size, m in zip(sizes, means, strict=True))
    squares = sum(
        sum(len(s) ** 2 for s in sets) / size for sets, size in zip(nested, sizes, strict=True)
    )
    per_set = (n - squares) / (b - a)
    per_teacher = (squares - sum(len(s) ** 2 for s in flat) / n) / (a - 1)
    per_size = (n - sum(size**2 for size in sizes) / n) / (a - 1)
    students = within / (n - b) if n > b else None
    of_sets = max(0.0, (between / (b - a) - (students or 0.0)) / per_set)
    rest = (students or 0.0) + per_teacher * of_sets
    return ThreeLevel(max(0.0, (above / (a - 1) - rest) / per_size), of_sets, students, (a, b, n))
