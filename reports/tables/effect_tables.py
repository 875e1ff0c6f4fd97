"""Main effects and interactions of every full two-level design among the rows."""

from collections.abc import Sequence

from reports.numbers.effects import Effect, effects
from reports.numbers.info import StudyInfo
from reports.numbers.statistics import holm
from reports.numbers.summary import Summary
from reports.tables.difference_entries import (
    DIFFERENCE,
    INTERVAL,
    difference_entries,
    headings_of,
    nominal_reading,
    reading,
)
from reports.tables.entries import Column, Line, Table, number, probability, text


def effects_table(info: StudyInfo, summaries: Sequence[Summary]) -> Table | None:
    """Main effects and interactions of every full two-level design among the rows."""
    settings = list(dict.fromkeys(s.setting for s in summaries))
    headings = headings_of(settings)
    found: list[tuple[str, Effect]] = []
    for setting in settings:
        here = [s for s in summaries if s.setting == setting and s.info.factors]
        for group in dict.fromkeys(s.info.group for s in here):
            rows = [s for s in here if s.info.group == group]
            heading = " · ".join(part for part in (headings[setting], group) if part)
            found += [(heading, effect) for effect in _effects(info.factors, rows)]
    if not found:
        return None
    adjusted = holm([effect.difference.p for _, effect in found])
    lines = [
        _effect_line(heading, effect, p)
        for (heading, effect), p in zip(found, adjusted, strict=True)
    ]
    columns = (
        Column("effect", "text"),
        DIFFERENCE,
        INTERVAL,
        Column("n"),
        Column("p (t)"),
        Column("p (Holm)"),
        Column("nominal", "text", hint="what the line would say alone, without Holm"),
        Column("reading", "text"),
    )
    note = (
        "A main effect is averaged over the other factors; an interaction is the difference "
        "between two differences. Paired over seeds, Student-t intervals; Holm over "
        f"the {len(lines)} lines."
    )
    return Table("effects", "Effects of the factors", columns, tuple(lines), (note,))


def _effects(factors: Sequence[str], rows: Sequence[Summary]) -> tuple[Effect, ...]:
    """Effects of one group of rows; none unless it is a full design of two levels per factor."""
    names = [name for name in factors if all(name in s.info.factors for s in rows)]
    values = {tuple(s.info.factors[name] for name in names): s.values for s in rows}
    levels = [{cell[i] for cell in values} for i in range(len(names))]
    if not names or len(values) != 2 ** len(names) or any(len(found) != 2 for found in levels):
        return ()
    return effects(names, values)


def _effect_line(group: str, effect: Effect, adjusted: float | None) -> Line:
    d = effect.difference
    entries = (
        text(effect.label),
        *difference_entries(d, adjusted),
        number(d.n, 0),
        probability(d.p),
        probability(adjusted),
        text(nominal_reading(d)),
        text(reading(d, adjusted)),
    )
    return Line(entries, group)
