"""Entries that every table of differences shares: the difference, its interval, its reading."""

from collections.abc import Sequence

from reports.numbers.cells import Setting
from reports.numbers.statistics import FEWEST, Difference
from reports.tables.entries import Column, Entry, interval, percent, toned
from reports.tables.result_tables import short_names

INTERVAL = Column("95 % CI", parts=("ci_low", "ci_high"))
DIFFERENCE = Column("difference, points", parts=("difference",))


def difference_entries(
    d: Difference, adjusted: float | None, unit: float = 1.0
) -> tuple[Entry, Entry]:
    """Difference and interval; emphasised only where the adjusted p decides it."""
    low = None if d.low is None else d.low / unit
    high = None if d.high is None else d.high / unit
    entry = percent(d.mean / unit, signed=True)
    return toned(entry, "strong" if d.decided(adjusted) else "plain"), interval(
        low, high, signed=True
    )


def reading(d: Difference, adjusted: float | None) -> str:
    """What the family as a whole lets one say."""
    if d.low is None:
        return "one pair: no interval"
    if d.low == d.high == 0:
        return "identical"
    if d.p is None:
        return "undecided: no spread"
    if d.n < FEWEST:
        return f"undecided: fewer than {FEWEST} pairs"
    if not d.nominal:
        return "undecided: interval spans zero"
    return _word(d) if d.decided(adjusted) else "undecided after Holm"


def nominal_reading(d: Difference) -> str:
    """What the line alone would say, were it the only one."""
    return _word(d) if d.nominal else "undecided"


def _word(d: Difference) -> str:
    return "higher" if d.mean > 0 else "lower"


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
