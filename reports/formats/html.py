"""The report as one self-contained HTML page: no network, works from a file URL."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.figures.drawing import Figure
from reports.figures.glyphs import inline
from reports.figures.grids import Grid
from reports.formats.views import View, analysis_view, result_extras, times_view, typeset, view
from reports.numbers.cells import computing_time, kinds_of
from reports.pages.sections import Page, Section
from reports.tables.cost_tables import timed
from reports.tables.entries import Table, duration


@dataclass(frozen=True)
class Panel:
    """One data set's share of the page."""

    dataset: str
    overview: View | None
    results: tuple[tuple[View, Markup, Markup], ...]
    scores: View | None
    bits: tuple[View, Markup] | None
    variance: View | None
    storage: View | None
    times: View | None
    kinds: tuple[str, ...]
    papers: bool
    cost_figures: tuple[Markup, ...]
    grids: tuple[Grid, ...]


def report_html(
    page: Page, figures: Mapping[str, Sequence[Figure]], grids: Mapping[str, Sequence[Grid]]
) -> str:
    """The page; figures and grids are given per data set."""
    template = environment().get_template("report.html")
    return template.render(facts=_facts(page), **parts_of(page, figures, grids))


def parts_of(
    page: Page, figures: Mapping[str, Sequence[Figure]], grids: Mapping[str, Sequence[Grid]]
) -> dict[str, object]:
    """What the templates show of one page."""
    panels = [
        _panel(section, figures.get(section.dataset, ()), grids.get(section.dataset, ()))
        for section in page.sections
    ]
    analyses = [analysis_view(table) for table in page.analyses]
    return {
        "page": page,
        "panels": panels,
        "analyses": analyses,
        "listing": view(page.listing),
    }


def _panel(section: Section, figures: Sequence[Figure], grids: Sequence[Grid]) -> Panel:
    by_title = {figure.key: Markup(inline(figure.svg)) for figure in figures}
    settings = dict.fromkeys(s.setting for s in section.summaries)
    results = []
    for table, setting in zip(section.results, settings, strict=True):
        here = [s for s in section.summaries if s.setting == setting]
        drawing = by_title.get(f"accuracy-{table.key}", Markup())
        curve = by_title.get(f"curve-{table.key}", Markup())
        results.append((view(table, result_extras(here)), drawing, curve))
    return Panel(
        dataset=section.dataset,
        overview=view(section.overview) if section.overview else None,
        results=tuple(results),
        scores=view(section.scores) if section.scores else None,
        bits=_bits(section.bits, by_title),
        variance=view(section.variance) if section.variance else None,
        storage=view(section.storage) if section.storage else None,
        times=times_view(section.times, timed(section.summaries)) if section.times else None,
        kinds=kinds_of(cell for s in timed(section.summaries) for cell in s.cells),
        papers=any(s.paper for s in section.summaries),
        cost_figures=tuple(svg for key, svg in by_title.items() if key.startswith("cost-")),
        grids=tuple(grids),
    )


def _bits(table: Table | None, drawn: Mapping[str, Markup]) -> tuple[View, Markup] | None:
    """Label regimes at equal bits: the figure of all, and the table of what can be paired."""
    figure = next((svg for key, svg in drawn.items() if key.startswith("bits-")), Markup())
    return (view(table), figure) if table else None


def _facts(page: Page) -> list[tuple[str, str]]:
    """What stands under the title: name -> value."""
    seeds = sorted({cell.seed for cell in page.cells})
    spent = computing_time(page.cells)
    facts = [
        ("cells done", f"{page.done} of {len(page.cells)}"),
        ("seeds", str(len(seeds)) if seeds else ""),
        ("data sets", ", ".join(section.dataset for section in page.sections)),
        ("profile", ", ".join(page.values_of("profile"))),
        ("recipe", ", ".join(page.values_of("recipe")[:3])),
        ("device", ", ".join(page.values_of("device"))),
        ("computing time", duration(spent).text if spent else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["data"] = _data
    made.globals["typeset"] = typeset
    return made
