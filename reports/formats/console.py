"""Tables as plain text for terminals."""

from collections.abc import Sequence
from textwrap import wrap
from unicodedata import combining, east_asian_width

from reports.tables.entries import Table, grouped

GAP = "  "
WIDTH = 100  # columns at which notes wrap


def terminal(table: Table) -> str:
    """The title, aligned columns under a rule, group headings, and the notes."""
    header = [column.name for column in table.columns]
    body = [[entry.text for entry in line.entries] for line in table.lines]
    widths = [max(_width(row[i]) for row in [header, *body]) for i in range(len(header))]
    left = [column.kind != "number" for column in table.columns]
    lines = [table.title, "", _row(header, widths, left), GAP.join("─" * w for w in widths)]
    for heading, members in grouped(table.lines):
        lines += [f"[{heading}]"] if heading else []
        lines += [_row([e.text for e in line.entries], widths, left) for line in members]
    lines += [""] if table.notes else []
    for note in table.notes:
        lines += wrap(note, WIDTH)
    return "\n".join(lines)


def _row(values: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> str:
    padded = [
        value + " " * (width - _width(value)) if start else " " * (width - _width(value)) + value
        for value, width, start in zip(values, widths, left, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _width(value: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in value)
