"""The report as data: sections of tables that every format renders in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import pandas as pd

from bench.core.errors import UnknownName
from reports.numbers.cells import Cell, cells_of
from reports.numbers.info import StudyInfo
from reports.numbers.published import footnotes, published
from reports.numbers.summary import Summary, summarise
from reports.numbers.synopsis import synopsis
from reports.tables.alarms import Alarm, alarms
from reports.tables.bits_table import bits_table
from reports.tables.cell_table import cells_table
from reports.tables.contrast_tables import contrasts_table
from reports.tables.cost_tables import storage_table, time_table
from reports.tables.effect_tables import effects_table
from reports.tables.efficiency import efficiency_table, hours_table
from reports.tables.entries import Table
from reports.tables.flip_table import flip_tables
from reports.tables.look_table import look_table
from reports.tables.paper_tables import order_note, printed_table
from reports.tables.recipe_table import recipes_table
from reports.tables.result_tables import overview_table, results_table
from reports.tables.score_tables import scores_table
from reports.tables.stand_ins import beside_table, signs_table
from reports.tables.variance_table import variance_table


@dataclass(frozen=True)
class Section:
    """Everything about one data set.

    Attributes:
        results: one table per setting, in the order of `settings` in the summaries.
    """

    dataset: str
    summaries: tuple[Summary, ...]
    overview: Table | None
    results: tuple[Table, ...]
    scores: Table | None
    variance: Table | None
    storage: Table | None
    times: Table | None
    bits: Table | None = None

    @property
    def tables(self) -> tuple[Table, ...]:
        more = (self.scores, self.bits, self.variance, self.storage, self.times)
        return tuple(table for table in (self.overview, *self.results, *more) if table)


@dataclass(frozen=True)
class Page:
    """A whole report without its rendering.

    Attributes:
        analyses: paired differences, effects, and the paper's own comparisons, where there are any.
        synopsis: the whole report in one sentence.
        footnotes: what the paper's numbers mean and where they contradict each other.
    """

    info: StudyInfo
    cells: tuple[Cell, ...]
    alarms: tuple[Alarm, ...]
    sections: tuple[Section, ...]
    analyses: tuple[Table, ...]
    listing: Table
    footnotes: tuple[str, ...]
    synopsis: str = ""

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables but the listing of cells."""
        return (*(t for section in self.sections for t in section.tables), *self.analyses)

    @property
    def done(self) -> int:
        return sum(cell.status == "ok" for cell in self.cells)

    def values_of(self, name: str) -> tuple[str, ...]:
        """Distinct texts of a cell's attribute (profile, recipe, device), in order."""
        found = dict.fromkeys(str(getattr(cell, name)) for cell in self.cells)
        return tuple(value for value in found if value)


def page_of(info: StudyInfo, frame: pd.DataFrame) -> Page:
    """The report of a frame; works on partial results and on none.

    Raises:
        BadValue: for a frame that is not tidy.
        UnknownName: for a contrast between rows that do not exist.
    """
    cells = cells_of(frame)
    summaries = summarise(info, cells)
    _check_contrasts(info, summaries)
    analyses = (
        contrasts_table(info, summaries),
        look_table(summaries),
        *flip_tables(info, summaries),
        effects_table(info, summaries),
        signs_table(info, summaries),
        beside_table(info, summaries),
        efficiency_table(info, summaries),
        hours_table(info, summaries),
    )
    ordered = sorted(summaries, key=lambda s: _rank(s, cells))
    sections = [_section(info, list(group)) for _, group in groupby(ordered, key=_dataset)]
    found = alarms(info, summaries)
    return Page(
        info,
        cells,
        found if cells else (Alarm("caution", "No cell of this study was run yet."), *found),
        tuple(sections),
        tuple(t for t in (*analyses, printed_table(info), recipes_table(info)) if t),
        cells_table(cells),
        _footnotes(info, cells),
        synopsis(info, cells, summaries),
    )


def _section(info: StudyInfo, summaries: Sequence[Summary]) -> Section:
    settings = list(dict.fromkeys(s.setting for s in summaries))
    by_setting = [[s for s in summaries if s.setting == setting] for setting in settings]
    results = [results_table(info, group) for group in by_setting]
    order = [order_note(info, group) for group in by_setting]
    return Section(
        summaries[0].setting.dataset,
        tuple(summaries),
        overview_table(summaries) if len(settings) > 1 else None,
        tuple(
            replace(table, notes=(*table.notes, note)) if note else table
            for table, note in zip(results, order, strict=True)
        ),
        scores_table(summaries),
        variance_table(summaries),
        storage_table(summaries),
        time_table(summaries),
        bits_table(info, summaries),
    )


def _dataset(s: Summary) -> str:
    return s.setting.dataset


def _rank(s: Summary, cells: Sequence[Cell]) -> int:
    """Data sets in their order of appearance; the sort is stable within one."""
    return list(dict.fromkeys(cell.setting.dataset for cell in cells)).index(s.setting.dataset)


def _check_contrasts(info: StudyInfo, summaries: Sequence[Summary]) -> None:
    known = {row.label for row in info.rows} | {s.row for s in summaries}
    for contrast in info.contrasts:
        for label in (contrast.a, contrast.b):
            if label not in known:
                raise UnknownName.of(f"row in contrast {contrast.label!r}", label, known)


def _footnotes(info: StudyInfo, cells: Sequence[Cell]) -> tuple[str, ...]:
    if not info.paper_table:
        return ()
    datasets = {cell.setting.dataset for cell in cells}
    theirs = {fact.dataset for fact in published()}
    return footnotes(info.paper_table, datasets & theirs or theirs)
