"""The page of a book: one self-contained HTML file, chapter after chapter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from reports.figures.drawing import Figure
from reports.figures.glyphs import inline
from reports.formats.html import environment
from reports.formats.views import view
from reports.numbers.cells import Cell, computing_time
from reports.tables.alarms import Alarm
from reports.tables.entries import Table, duration


class Cover(Protocol):
    """What the page needs of a book's cover."""

    @property
    def title(self) -> str: ...
    @property
    def lead(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def provenance(self) -> Mapping[str, str]: ...
    @property
    def closing(self) -> tuple[Table, ...]: ...


@dataclass(frozen=True)
class ChapterView:
    """A chapter as the template takes it; `parts` is None where it has no cells."""

    key: str
    name: str
    title: str
    description: str
    plates: tuple[Figure, ...]
    tables: tuple[Table, ...]
    parts: Mapping[str, object] | None


def book_html(
    cover: Cover,
    chapters: Sequence[ChapterView],
    alarms: Sequence[Alarm],
    glance: Table,
    cells: Sequence[Cell],
) -> str:
    """The page; works from a file URL and without a network."""
    return (
        environment()
        .get_template("book.html")
        .render(
            title=cover.title,
            lead=cover.lead,
            command=cover.command,
            provenance=cover.provenance,
            closing=[view(table) for table in cover.closing],
            chapters=[_shown(chapter) for chapter in chapters],
            alarms=alarms,
            glance=view(glance),
            facts=facts(cells),
        )
    )


def _shown(chapter: ChapterView) -> dict[str, object]:
    return {
        "key": chapter.key,
        "name": chapter.name,
        "title": chapter.title,
        "description": chapter.description,
        "plates": [Markup(inline(plate.svg)) for plate in chapter.plates],
        "tables": [view(table) for table in chapter.tables],
        "parts": chapter.parts,
    }


def facts(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """What stands under the title; a cell that several chapters show counts once."""
    once = {cell.address or id(cell): cell for cell in cells}
    spent = computing_time(cells)
    found = [
        ("distinct cells done", f"{sum(c.status == 'ok' for c in once.values())} of {len(once)}"),
        ("data sets", _listed(cell.setting.dataset for cell in cells)),
        ("profile", _listed(cell.profile for cell in cells)),
        ("device", _listed(cell.device for cell in cells)),
        ("computing time", duration(spent).text if spent else ""),
    ]
    return [(name, value) for name, value in found if value]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(value for value in dict.fromkeys(values) if value)
