"""Code that the documentation shows, as the files that a reader would make of it."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(
    r"^`([\w./-]+\.(?:py|toml))` (?:(?!```).)*?^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for kind, body in FENCE.findall(text) if kind == language]


def files(page: str) -> Mapping[str, str]:
    """Name -> text of the files that a page shows.

    The paragraph before the block begins with the file's name, as in "`paths.py` brings ...".
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    return dict(NAMED.findall(text))


def written(page: str, folder: Path) -> Mapping[str, Path]:
    """Name -> path of the files that a page shows, written into a folder."""
    found = {name: folder / name for name in files(page)}
    for name, text in files(page).items():
        found[name].parent.mkdir(parents=True, exist_ok=True)
        found[name].write_text(text, encoding="utf-8")
    return found
