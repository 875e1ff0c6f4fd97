"""Two reports as one table: finding them, reading them, and writing what differs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BadData, suggestion
from reports.formats.console import terminal
from reports.formats.csv_ import plain, table_csv
from reports.formats.latex import snippet
from reports.formats.markdown import table_markdown
from reports.tables.comparison import compare

if TYPE_CHECKING:
    from pandas import DataFrame

    from reports.tables.entries import Table

CELLS = "report.csv"  # file of a report that has one line per cell
FORMATS: Mapping[str, Callable[["Table"], str]] = {
    "text": terminal,
    "md": lambda table: f"## {table.title}\n\n{table_markdown(table)}",
    "csv": lambda table: table_csv([table]),
    "latex": lambda table: snippet([table]),
}


def comparison(a: str, b: str, reports: Path, kind: str) -> str:
    """The table of `a` minus `b` in a format; names without a path are looked up in `reports`.

    Raises:
        BadData: one is no report.
    """
    paths = [found(name, reports) for name in (a, b)]
    frames = [read(path) for path in paths]
    if any(frame["study"].nunique() > 1 for frame in frames):
        frames = [frame.assign(row=frame["study"] + ": " + frame["row"]) for frame in frames]
    content = FORMATS[kind](compare(frames[0], frames[1], "A", "B")).rstrip("\n") + "\n"
    if kind == "csv":
        return content
    mark = "% " if kind == "latex" else "- " if kind == "md" else ""
    sides = zip("AB", paths, frames, strict=True)
    heads = [f"{mark}{side}: {described(path, frame)}" for side, path, frame in sides]
    return "\n".join([*heads, "", content])


def found(name: str, reports: Path) -> Path:
    """The file of cells that a name stands for."""
    for place in (Path(name), reports / name):
        if place.is_file():
            return place
        if (place / CELLS).is_file():
            return place / CELLS
    known = [path.parent.name for path in reports.glob(f"*/{CELLS}")]
    raise BadData(
        f"{name}: expected a report's folder, its {CELLS}, or a report in {reports}"
        f"{suggestion(name, known)}"
    )


def read(path: Path) -> "DataFrame":
    """The cells of a report, as text; what columns mean is known to reports alone."""
    from pandas import read_csv

    try:
        frame = read_csv(path, dtype=str)
    except (ValueError, UnicodeError) as error:
        raise BadData(f"{path}: expected the {CELLS} of a report: {str(error).strip()}") from None
    if not {"study", "row"} <= set(frame.columns):
        raise BadData(
            f"{path}: expected the {CELLS} of a report, with columns study and row, "
            f"given {', '.join(map(str, frame.columns[:4]))}"
        )
    return frame.map(plain)


def described(path: Path, frame: "DataFrame") -> str:
    """Where a side lies, how much of it is done, and on what terms."""
    done = int((frame["status"] == "ok").sum()) if "status" in frame else len(frame)
    terms = [
        ", ".join(sorted(frame[name].dropna().unique()))
        for name in ("profile", "device")
        if name in frame
    ]
    return ", ".join([str(path), f"{done} of {len(frame)} cells", *filter(None, terms)])
