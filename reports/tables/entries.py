"""The one intermediate form of every table: typed entries whose text all formats print.

A number is turned into text once, here; Markdown, CSV, LaTeX, HTML and the console only typeset
that text, so that they cannot disagree. Signs are ASCII; formats may draw a proper minus.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "number", "code"]
Tone = Literal["plain", "muted", "strong", "alarm"]
NONE = "–"


@dataclass(frozen=True)
class Entry:
    """One entry of a table.

    Attributes:
        text: what every format prints.
        parts: the same, as the machine-readable columns of the CSV; one per part of the column.
        sort: what the entry sorts by, None for none.
        hint: more about it, shown on hover.
    """

    text: str
    parts: tuple[str, ...] = ()
    sort: float | None = None
    tone: Tone = "plain"
    hint: str = ""

    def __post_init__(self) -> None:
        if not self.parts:
            object.__setattr__(self, "parts", (self.text,))


@dataclass(frozen=True)
class Column:
    """A column: its printed name, how it is set, and the names of its CSV columns."""

    name: str
    kind: Kind = "number"
    parts: tuple[str, ...] = ()
    hint: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return self.parts or (self.name,)


@dataclass(frozen=True)
class Line:
    """A row of a table under its group heading."""

    entries: tuple[Entry, ...]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table with everything a reader needs to read it alone.

    Attributes:
        key: a name for files and labels, unique in a report.
        notes: footer lines, among them what ± means.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def text(value: str, tone: Tone = "plain", hint: str = "") -> Entry:
    return Entry(value, tone=tone, hint=hint)


def missing(parts: int = 1, mark: str = NONE, tone: Tone = "muted", hint: str = "") -> Entry:
    """An entry without a number; its CSV columns are empty but for the first's mark."""
    first = "" if mark == NONE else mark
    return Entry(mark, (first, *[""] * (parts - 1)), tone=tone, hint=hint)


def fixed(value: float, decimals: int = 1, signed: bool = False) -> str:
    """A number with fixed decimals and no negative zero."""
    shown = f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"
    return shown.lstrip("+-") if float(shown) == 0 else shown


def number(value: float | None, decimals: int = 1, signed: bool = False) -> Entry:
    if value is None:
        return missing()
    return Entry(fixed(value, decimals, signed), sort=value)


def percent(fraction: float | None, signed: bool = False) -> Entry:
    """A fraction in percent (or percentage points, where signed) with one decimal."""
    return number(None if fraction is None else 100 * fraction, signed=signed)


def estimate(mean: float, error: float | None) -> Entry:
    """`63.1 ± 0.4` from fractions; what ± is, the column or a note says."""
    shown = fixed(100 * mean)
    if error is None:
        return Entry(shown, (shown, ""), 100 * mean)
    spread = fixed(100 * error)
    return Entry(f"{shown} ± {spread}", (shown, spread), 100 * mean)


def interval(low: float | None, high: float | None, signed: bool = False) -> Entry:
    """`[61.2, 64.8]` from fractions."""
    if low is None or high is None:
        return missing(2)
    ends = (fixed(100 * low, signed=signed), fixed(100 * high, signed=signed))
    return Entry(f"[{ends[0]}, {ends[1]}]", ends, 100 * low)


def probability(p: float | None) -> Entry:
    if p is None:
        return missing()
    return Entry("<0.0001" if p < 0.0001 else f"{p:.4f}", sort=p)


def size(count: float | None) -> Entry:
    """Bytes for a person, such as 12.3 MB; the CSV has plain bytes."""
    if count is None:
        return missing()
    value, unit = count, "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    shown = f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
    return Entry(shown, (f"{count:.0f}",), count)


def duration(seconds: float | None) -> Entry:
    """Seconds for a person, such as 4.2 s, 3.3 min, 5.2 h; the CSV has plain seconds."""
    if seconds is None:
        return missing()
    for limit, divisor, unit in ((100, 1, "s"), (6000, 60, "min")):
        if seconds < limit:
            return Entry(f"{seconds / divisor:.1f} {unit}", (f"{seconds:.3f}",), seconds)
    return Entry(f"{seconds / 3600:.1f} h", (f"{seconds:.3f}",), seconds)


def slug(value: str) -> str:
    """A text as part of a file's or a metric's name."""
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-") or "unnamed"


def toned(entry: Entry, tone: Tone, hint: str = "") -> Entry:
    return replace(entry, tone=tone, hint=hint or entry.hint)


def grouped(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Consecutive lines of one group under its heading."""
    found: list[tuple[str, list[Line]]] = []
    for line in lines:
        if not found or found[-1][0] != line.group:
            found.append((line.group, []))
        found[-1][1].append(line)
    return found
