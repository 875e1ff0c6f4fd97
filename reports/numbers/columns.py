"""Columns that many tables share, and the rule that a table has no column without an entry."""

from collections.abc import Sequence
from dataclasses import replace

from reports.numbers.summary import Summary
from reports.tables.entries import NONE, Column, Entry, Line, Table

LAMBDA = Column("λ", parts=("bn_weight",), hint="weight of the statistics of BatchNorm, bn_weight")


def lambda_entry(*summaries: Summary) -> Entry:
    """λ of one row, of all its settings, or of the two rows of a contrast; blank without one."""
    values = tuple(dict.fromkeys(value for s in summaries for value in s.bn_weight))
    shown = " / ".join(f"{value:g}" for value in values)
    return Entry(shown, sort=values[0] if len(values) == 1 else None)


def dense(table: Table) -> Table:
    """The table without columns in which no line has an entry; the first one stays."""
    if not table.lines:
        return table
    kept = [
        i
        for i in range(len(table.columns))
        if i == 0 or any(line.entries[i].text not in ("", NONE) for line in table.lines)
    ]
    lines: Sequence[Line] = [
        Line(tuple(line.entries[i] for i in kept), line.group) for line in table.lines
    ]
    return replace(table, columns=tuple(table.columns[i] for i in kept), lines=tuple(lines))
