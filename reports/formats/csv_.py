"""CSV: every cell as it was stored, and tables with machine-readable columns."""

import csv
from collections.abc import Sequence
from io import StringIO

import pandas as pd

from reports.tables.entries import Table


def frame_csv(frame: pd.DataFrame) -> str:
    """All rows and columns of the tidy frame, accuracies as fractions."""
    return str(frame.to_csv(index=False, lineterminator="\n")) if len(frame.columns) else ""


def table_csv(tables: Sequence[Table]) -> str:
    """Tables one under the other; columns that a table lacks stay empty.

    Numbers are the printed ones, with what is printed together (mean ± std, an interval) in
    columns of their own.
    """
    keys = dict.fromkeys(key for t in tables for column in t.columns for key in column.keys)
    out = StringIO()
    writer = csv.DictWriter(out, ["table", "group", *keys], restval="", lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for line in table.lines:
            cells = [
                (key, part)
                for column, entry in zip(table.columns, line.entries, strict=True)
                for key, part in zip(column.keys, entry.parts, strict=True)
            ]
            writer.writerow({"table": table.title, "group": line.group, **dict(cells)})
    return out.getvalue()
