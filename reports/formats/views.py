"""Tables as the HTML page shows them: entries typeset, drawings and cells beside the lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from reports.figures.glyphs import NARROW, interval_glyph, shares, span
from reports.numbers.cells import Cell, kinds_of
from reports.numbers.summary import Summary
from reports.tables.cost_tables import FULL, stage_seconds
from reports.tables.entries import Column, Entry, Line, Table, duration, grouped

COLOURS = 8  # of kinds, in report.css
ESTIMATE = re.compile(r"^(-?[\d.]+) (± [\d.]+)(.*)$")


@dataclass(frozen=True)
class Extra:
    """What a line of a table shows beside its entries: a drawing, and the cells behind it."""

    glyph: Markup = field(default_factory=Markup)
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class View:
    """A table ready for the template: groups of (line, extra)."""

    table: Table
    groups: tuple[tuple[str, tuple[tuple[Line, Extra], ...]], ...]
    drawn: bool
    opens: bool


def view(table: Table, extras: Sequence[Extra] = ()) -> View:
    """A table with its extras, one per line or none at all."""
    pairs = iter(extras or [Extra()] * len(table.lines))
    groups = tuple(
        (heading, tuple((line, next(pairs)) for line in lines))
        for heading, lines in grouped(table.lines)
    )
    drawn, opens = any(e.glyph for e in extras), any(e.cells for e in extras)
    return View(table, groups, drawn, opens)


def typeset(entry: Entry, column: Column) -> Markup:
    """An entry's text with a proper minus, its error apart so that decimals align."""
    if column.kind != "number":
        return escape(entry.text)
    shown = entry.text.replace("-", "−") if entry.sort is not None else entry.text
    parts = ESTIMATE.match(shown)
    if parts is None:
        return escape(shown)
    value, error, rest = parts.groups()
    return Markup('{}<span class="error"> {}</span>{}').format(value, error, rest)


def result_extras(summaries: Sequence[Summary]) -> list[Extra]:
    """Drawings on an axis that the full-data reference, far above the rest, does not stretch."""
    near = [s for s in summaries if s.info.distiller != FULL] or summaries
    known = [s.sample for s in near if s.sample]
    points = [v for s in known for v in (s.mean, s.low, s.high) if v is not None]
    points += [s.paper.value / 100 for s in near if s.paper]
    # An interval of two seeds leaves [0, 1]; the drawing does not.
    reach = span([min(1.0, max(0.0, v)) for v in points]) if points else (0.0, 1.0)
    return [
        Extra(_glyph(s, reach), tuple(sorted(s.cells, key=lambda cell: (cell.seed, cell.repeat))))
        for s in summaries
    ]


def _glyph(s: Summary, reach: tuple[float, float]) -> Markup:
    if s.sample is None:
        return Markup()
    paper = s.paper.value / 100 if s.paper else None
    low, high = s.sample.low, s.sample.high
    # Only numbers enter the drawing, so it needs no escaping.
    return Markup(interval_glyph(s.sample.mean, low, high, reach, [*s.values.values()], paper))


def analysis_view(table: Table) -> View:
    """Differences with a drawing of their intervals around zero."""
    keys = [column.keys[0] for column in table.columns]
    if not table.lines or "difference" not in keys or "ci_low" not in keys:
        return view(table)
    at, ends = keys.index("difference"), keys.index("ci_low")
    rows = [_numbers(line.entries[at], line.entries[ends]) for line in table.lines]
    points = [v for row in rows for v in row if v is not None]
    reach = span([0.0, *points])
    extras = [
        Extra(
            Markup(interval_glyph(mean, low, high, reach, zero=0.0, width=NARROW))
            if mean is not None
            else Markup()
        )
        for mean, low, high in rows
    ]
    return view(table, extras)


def _numbers(mean: Entry, ends: Entry) -> tuple[float | None, float | None, float | None]:
    if mean.sort is None or ends.sort is None:
        return mean.sort, None, None
    return mean.sort, float(ends.parts[0]), float(ends.parts[1])


def times_view(table: Table, summaries: Sequence[Summary]) -> View:
    kinds = kinds_of(cell for s in summaries for cell in s.cells)
    return view(table, [Extra(_stage_bar(s, kinds)) for s in summaries])


def _stage_bar(s: Summary, kinds: Sequence[str]) -> Markup:
    """Shares of the kinds of artifacts in a row's wall time."""
    seconds = stage_seconds(s)
    pieces = [
        Markup('<i class="s{3}" style="width:{1}%" title="{0}: {2}, {1} %"></i>').format(
            kind, part, duration(value).text, kinds.index(kind) % COLOURS
        )
        for (kind, value), part in zip(seconds.items(), shares([*seconds.values()]), strict=False)
    ]
    return Markup('<span class="stages">{}</span>').format(Markup("").join(pieces))
