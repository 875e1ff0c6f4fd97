"""Errors that a user can act on: each message is one line saying expected, given, and what to do.

BenchError
├── BadValue           a value of the wrong type or range
├── UnknownName        a name that nothing registered, with the nearest match
├── DuplicateName      two plugins under one name
├── BrokenPlugin       a plugin file that cannot be imported
├── MissingArtifact    a stage asked for an artifact that it did not declare
├── BadData            a data source that is missing, truncated or wrongly laid out
├── CorruptArtifact    stored bytes that do not match their checksum
├── CellFailed         a computation that broke down (NaN loss, out of memory)
└── StopRun            a wish to stop, not a fault; observers may raise it
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BenchError(Exception):
    """Base of all errors that are reported as one line with exit code 2."""


class BadValue(BenchError):
    """A value of the wrong type or outside its range."""


class UnknownName(BenchError):
    """A name that nothing registered."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownName":
        """An error that lists the known names and suggests the nearest."""
        return cls(f"unknown {kind} {name!r}{suggestion(name, known)}")


class DuplicateName(BenchError):
    """Two plugins registered under one name."""


class BrokenPlugin(BenchError):
    """A plugin whose import failed."""


class MissingArtifact(BenchError):
    """An artifact that a stage asked for without declaring it."""


class BadData(BenchError):
    """A data source that is missing, truncated or wrongly laid out."""


class CorruptArtifact(BenchError):
    """Stored bytes that do not match their checksum."""


class CellFailed(BenchError):
    """A computation that broke down; the cell is marked failed and the rest goes on."""


class StopRun(BenchError):
    """A wish to stop early, raised by an observer (pruning) or by an interrupt."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The tail of a did-you-mean message: the nearest match, then all known names."""
    names = sorted(set(known))
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" — did you mean {close[0]!r}?" if close else ""
    return f"{hint} (known: {', '.join(names) or 'none'})"
