"""CSV: every cell as it was stored, and tables with machine-readable columns.

Text that a spreadsheet would run as a formula is preceded by an apostrophe, which makes it text
there; `plain` takes it away again.
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO

import pandas as pd

from reports.tables.entries import Table

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf")


def harmless(value: object) -> object:
    """A value as a CSV file may hold it: text like a formula with an apostrophe before it."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def plain(value: object) -> object:
    """What `harmless` was given, of what it returned."""
    if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value):
        return value[1:]
    return value


def frame_csv(frame: pd.DataFrame) -> str:
    """All rows and columns of the tidy frame, accuracies as fractions."""
    if not len(frame.columns):
        return ""
    texts = frame.map(harmless).rename(columns=harmless)
    return str(texts.to_csv(index=False, lineterminator="\n"))


def table_csv(tables: Sequence[Table]) -> str:
    """Tables one under the other; columns that a table lacks stay empty.

    Numbers are the printed ones, with what is printed together (mean ± std, an interval) in
    columns of their own.
    """
    keys = dict.fromkeys(key for t in tables for column in t.columns for key in column.keys)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("table", "group", *keys)
    writer.writerow(map(harmless, names))
    for table in tables:
        for line in table.lines:
            cells = {
                key: part
                for column, entry in zip(table.columns, line.entries, strict=True)
                for key, part in zip(column.keys, entry.parts, strict=True)
            }
            cells = {"table": table.title, "group": line.group, **cells}
            writer.writerow(harmless(cells.get(name, "")) for name in names)
    return out.getvalue()
