"""Writes docs/types.md: the fields of every type that a plugin meets, from their docstrings."""

import dataclasses
import re
from collections.abc import Mapping
from inspect import cleandoc
from pathlib import Path
from typing import get_args

import bench

PAGE = Path(__file__).resolve().parent.parent / "docs/types.md"
HEAD = """# Types

What plugins are given and what they return. All names are imported from `bench`. Symbols: N real
images, C classes, m images per class (IPC), M = C * m synthetic images, B images of a batch, ch
channels, H and W sides in pixels, d the size of a feature, L BatchNorm layers with ch_l channels,
E epochs of relabelling. `python tools/types_page.py` writes this page from the docstrings.
"""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Images": ("RealSet", "SyntheticSet", "NetworkInput"),
    "Teachers and what they see": (
        "Teacher", "Observation", "GlobalStats", "ClassStats", "ClassFeatures", "ClassMeans",
        "Barycenter",
    ),
    "Labels and scores": ("Draws", "SoftLabels", "Score"),
    "What a distiller and a loss are given": ("Budget", "View", "Moments", "Step", "Milestone"),
    "What a request is given": ("Context", "Source", "Run", "Work", "Passes"),
    "Data sets": ("DatasetSpec", "Arrays", "Samples"),
    "Recipes": (
        "Recipe", "Squeeze", "Observe", "Solving", "Objective", "Recover", "Relabel", "Student",
    ),
    "Studies and sweeps": (
        "Study", "Row", "Contrast", "Protocol", "Sweep", "Uniform", "Integer", "Choice",
    ),
}  # fmt: skip


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_described(getattr(bench, name)) for name in names]
    return "\n".join(parts)


def fields_of(kind: type) -> dict[str, str]:
    """Field -> what the docstring says of it; empty where it says nothing."""
    said = _attributes(kind)
    return {f.name: said.get(f.name, "") for f in dataclasses.fields(kind)}


def _described(kind: type) -> str:
    summary = cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    lines = [
        f"### {kind.__name__}",
        "",
        summary,
        "",
        "| field | type | default | |",
        "|---|---|---|---|",
    ]
    said = fields_of(kind)
    for f in dataclasses.fields(kind):
        cells = (f"`{f.name}`", f"`{_type(f.type)}`", _default(f), said[f.name])
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _type(declared: object) -> str:
    """A type as it is written, without the modules that its parts come from."""
    plain = isinstance(declared, type) and not get_args(declared)
    text = declared.__name__ if plain and isinstance(declared, type) else str(declared)
    return re.sub(r"\b(?:\w+\.)+(\w)", r"\1", text)


def _default(item: "dataclasses.Field[object]") -> str:
    if item.default is not dataclasses.MISSING:
        whole = dataclasses.is_dataclass(item.default)
        return f"`{type(item.default).__name__}()`" if whole else f"`{item.default!r}`"
    return "empty" if item.default_factory is not dataclasses.MISSING else ""


def _attributes(kind: type) -> dict[str, str]:
    """Name -> text of the docstring's section Attributes; a line may describe several names."""
    _, _, section = cleandoc(kind.__doc__ or "").partition("Attributes:\n")
    section = re.split(r"\n\S", section)[0]
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        begun = re.match(r"    ([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)", line)
        if begun:
            names = begun[1].split(", ")
            found |= dict.fromkeys(names, begun[2].strip())
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
