"""What two rows of one setting differ by: paired over the sets that both have.

Where a study draws several teachers, the teacher is what is independent: the differences of its
sets are averaged first, and a teacher counts once. For a balanced nested design the Student-t
interval of the teachers' means is the exact one (Searle, Casella and McCulloch 1992, section 3.5).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from statistics import fmean

from reports.numbers.cells import by_seed
from reports.numbers.statistics import Difference, difference_of
from reports.numbers.summary import Summary


def compared(a: Summary, b: Summary) -> Difference | None:
    """a minus b in fractions, its interval within -1 and 1; None where they share no set."""
    mine, theirs = by_seed(a.cells), by_seed(b.cells)
    shared = sorted(mine.keys() & theirs.keys())
    groups = _by_unit(a, {seed: mine[seed] - theirs[seed] for seed in shared})
    return _within([fmean(group) for group in groups]) if groups else None


def mean_over(s: Summary, seeds: Collection[int]) -> float:
    """A row's mean accuracy over some seeds; a teacher counts once where it is the unit."""
    known = by_seed(s.cells)
    return fmean(fmean(group) for group in _by_unit(s, {seed: known[seed] for seed in seeds}))


def _by_unit(s: Summary, values: Mapping[int, float]) -> list[list[float]]:
    """Values of seeds, grouped by what counts once."""
    teachers = {cell.seed: cell.teacher for cell in s.cells}
    groups: dict[int, list[float]] = {}
    for seed, value in values.items():
        groups.setdefault(teachers[seed] if s.unit == "teacher" else seed, []).append(value)
    return [*groups.values()]


def _within(differences: list[float]) -> Difference:
    """No difference of fractions lies beyond -1 or 1, and neither does an interval of it."""
    found = difference_of(differences)
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(-1.0, found.low), high=min(1.0, found.high))
