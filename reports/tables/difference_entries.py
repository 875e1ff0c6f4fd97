"""Entries that every table of differences shares: the difference, its interval, its reading."""

from collections.abc import Sequence

from reports.numbers.cells import Setting
from reports.numbers.statistics import LEVEL, Difference
from reports.tables.entries import Column, Entry, interval, percent, toned
from reports.tables.result_tables import short_names

INTERVAL = Column("95 % CI", parts=("ci_low", "ci_high"))
DIFFERENCE = Column("difference, points", parts=("difference",))


def difference_entries(d: Difference, unit: float = 1.0) -> tuple[Entry, Entry]:
    """Difference and interval; emphasised only where the interval excludes zero."""
    low = None if d.low is None else d.low / unit
    high = None if d.high is None else d.high / unit
    entry = percent(d.mean / unit, signed=True)
    return toned(entry, "strong" if d.decided else "plain"), interval(low, high, signed=True)


def reading(d: Difference, adjusted: float | None) -> str:
    if d.low is None:
        return "one pair: no interval"
    if d.low == d.high == 0:
        return "identical"
    if not d.decided:
        return "undecided: interval spans zero"
    word = "higher" if d.mean > 0 else "lower"
    if adjusted is not None and adjusted > LEVEL:
        return f"{word}, but not after Holm"
    return word


def headings_of(settings: Sequence[Setting]) -> dict[Setting, str]:
    """Group headings that tell settings apart; none where there is one setting."""
    if len(settings) < 2:
        return dict.fromkeys(settings, "")
    names = short_names(settings)
    several = len({s.dataset for s in settings}) > 1
    return {
        s: " · ".join(part for part in (s.dataset if several else "", name) if part)
        for s, name in zip(settings, names, strict=True)
    }
