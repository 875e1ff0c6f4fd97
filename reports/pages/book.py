"""Many studies on one page: the tables and figures of a paper, in its order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from reports.figures.drawing import Figure
from reports.formats.book_page import ChapterView, book_html
from reports.formats.console import terminal
from reports.formats.csv_ import frame_csv, table_csv
from reports.formats.html import parts_of
from reports.formats.latex import book_document, snippet
from reports.formats.markdown import report_markdown, table_markdown
from reports.numbers.info import StudyInfo
from reports.pages.build import Drawn, Report, console_text, draw, metrics, pictures_of
from reports.pages.sections import Page
from reports.tables.book_alarms import gathered
from reports.tables.entries import Table
from reports.tables.glance import glance_table
from reports.tables.recipe_table import recipes_table

FIRST = ("efficiency", "hours", "beside", "signs")


@dataclass(frozen=True)
class Chapter:
    """One table or figure: a study with what is known of its cells, or drawings alone.

    Attributes:
        name: what the paper calls it, such as `Table 4`.
        frame: one line per cell; None for a chapter of computed drawings.
        images: title -> (C, m, H, W, ch) uint8.
        class_names: data set -> names of its classes.
    """

    key: str
    name: str
    info: StudyInfo
    frame: pd.DataFrame | None = None
    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    plates: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Cover:
    """What stands before and after the chapters.

    Attributes:
        closing: tables after the last chapter, such as the differences between recipes.
    """

    title: str
    lead: str
    command: str
    provenance: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    closing: tuple[Table, ...] = ()


def build_book(cover: Cover, chapters: Sequence[Chapter]) -> Report:
    """Every format of a book; works on partial results and on none."""
    cover = replace(cover, closing=(*cover.closing, *recipes_of(chapters)))
    drawn = {
        chapter.key: draw(chapter.info, chapter.frame, chapter.images, chapter.class_names)
        for chapter in chapters
        if chapter.frame is not None
    }
    pages = {key: made.page for key, made in drawn.items()}
    glance = glance_table([(c.name, c.info, pages.get(c.key)) for c in chapters])
    files: dict[str, bytes] = {}
    for key, made in drawn.items():
        files |= {f"{key}/{path}": content for path, content in pictures_of(made).items()}
    for chapter in chapters:
        for plate in chapter.plates:
            files[f"{chapter.key}/figures/{plate.key}.svg"] = plate.svg
            files[f"{chapter.key}/figures/{plate.key}.png"] = plate.png
    texts = {
        "report.html": _html(cover, chapters, drawn, glance),
        "report.md": _markdown(cover, chapters, drawn, glance),
        "report.csv": _cells(chapters),
        "report.tex": book_document(cover.title, [(c.name, _tables(c, drawn)) for c in chapters]),
        "table.csv": table_csv([t for c in chapters for t in _titled(c, drawn)]),
        "table.tex": snippet([t for c in chapters for t in _titled(c, drawn)]),
    }
    files |= {name: content.encode("utf-8") for name, content in texts.items()}
    found = {f"{k}/{n}": v for k, made in drawn.items() for n, v in metrics(made.page).items()}
    shown = [console_text(made.page) for made in drawn.values()] if len(drawn) == 1 else []
    return Report(files, "\n\n".join([*shown, terminal(glance)]), found)


def _html(
    cover: Cover, chapters: Sequence[Chapter], drawn: Mapping[str, Drawn], glance: Table
) -> str:
    views = []
    for chapter in chapters:
        made = drawn.get(chapter.key)
        parts = parts_of(led(made.page), made.figures, made.grids) if made else None
        info, plates = chapter.info, chapter.plates
        about = (info.title, info.description)
        views.append(ChapterView(chapter.key, chapter.name, *about, plates, chapter.tables, parts))
    cells = [cell for made in drawn.values() for cell in made.page.cells]
    named = [(c.name, drawn[c.key].page.alarms) for c in chapters if c.key in drawn]
    return book_html(cover, views, gathered(cover.warnings, named), glance, cells)


def recipes_of(chapters: Sequence[Chapter]) -> list[Table]:
    """What the recipes of all chapters differ in; nothing where there is one."""
    recipes = {key: values for c in chapters for key, values in c.info.recipes.items()}
    table = recipes_table(StudyInfo("", "", recipes=recipes))
    return [table] if table else []


def led(page: Page) -> Page:
    """The page with what concerns the paper before the rest; recipes stand at the book's end."""
    kept = [table for table in page.analyses if table.key != "recipes"]
    first = [table for key in FIRST for table in kept if table.key == key]
    return replace(page, analyses=(*first, *(table for table in kept if table not in first)))


def _markdown(
    cover: Cover, chapters: Sequence[Chapter], drawn: Mapping[str, Drawn], glance: Table
) -> str:
    parts = [f"# {cover.title}", cover.lead, table_markdown(glance)]
    for chapter in chapters:
        made = drawn.get(chapter.key)
        if made is None:
            parts += [f"# {chapter.info.title}", chapter.info.description]
        else:
            parts.append(report_markdown(made.page, made.links(f"{chapter.key}/")))
        parts += [f"![{p.title}]({chapter.key}/figures/{p.key}.svg)" for p in chapter.plates]
        parts += [table_markdown(table) for table in chapter.tables]
    for table in cover.closing:
        parts += [f"# {table.title}", table_markdown(table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cells(chapters: Sequence[Chapter]) -> str:
    frames = [c.frame for c in chapters if c.frame is not None and len(c.frame)]
    return frame_csv(pd.concat(frames, ignore_index=True)) if frames else ""


def _tables(chapter: Chapter, drawn: Mapping[str, Drawn]) -> list[Table]:
    """All tables of a chapter under keys of their own."""
    made = drawn.get(chapter.key)
    found = [*chapter.tables, *(made.page.tables if made else ())]
    return [replace(table, key=f"{chapter.key}-{table.key}") for table in found]


def _titled(chapter: Chapter, drawn: Mapping[str, Drawn]) -> list[Table]:
    """The main tables of a chapter, named after it."""
    made = drawn.get(chapter.key)
    results = [t for s in made.page.sections for t in s.results] if made else []
    return [
        replace(t, key=f"{chapter.key}-{t.key}", title=f"{chapter.name} · {t.title}")
        for t in results
    ]
