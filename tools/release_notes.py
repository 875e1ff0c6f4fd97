"""Prints the notes of a version, as a release shows them: `python tools/release_notes.py 0.1.0`.

They are that version's part of CHANGELOG.md; a version without one, or with an empty one, is
refused, so that no release goes out without notes.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def notes(version: str, changelog: str) -> str:
    """The text below the heading of a version, up to the next version's.

    Raises:
        ValueError: there is no such heading, or nothing below it.
    """
    parts = re.split(r"^## \[([^\]]+)\].*\n", changelog, flags=re.MULTILINE)
    known = dict(zip(parts[1::2], parts[2::2], strict=True))
    if not known.get(version, "").strip():
        raise ValueError(f"CHANGELOG.md: expected notes of {version!r}, found {', '.join(known)}")
    return known[version].strip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(notes(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")))
    except (IndexError, ValueError) as error:
        sys.exit(f"error: {error}")
