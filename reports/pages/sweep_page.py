"""All files of a sweep's report: tables, figures, one self-contained page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from markupsafe import Markup

from reports.figures.drawing import Figure
from reports.figures.glyphs import inline
from reports.figures.search_figures import interactive, pareto_figures, search_figures
from reports.figures.sensitivity import paper_curves, sensitivity_figure
from reports.formats.console import terminal
from reports.formats.csv_ import frame_csv, table_csv
from reports.formats.html import environment
from reports.formats.markdown import escape, fenced, table_markdown
from reports.formats.views import view
from reports.numbers.published import footnotes
from reports.numbers.rank_correlation import fidelity_table
from reports.numbers.sweep_info import MethodInfo, ParameterInfo, SweepInfo, TrialInfo, trials_of
from reports.pages.build import Report
from reports.tables.entries import Table, slug
from reports.tables.sweep_tables import budget_table, importance_table, winners_table
from reports.tables.sweep_trials import explorer, pruned, trials_table

PIXELS = 1.35  # of the page for a point of a figure


def build_sweep(info: SweepInfo, frame: pd.DataFrame) -> Report:
    """The report of a sweep from its trials, one per line; nothing is written.

    Raises:
        BadValue: for a frame without the columns of trials.
    """
    trials = trials_of(frame)
    drawn, tables = figures(info, trials), summary_tables(info, trials)
    listing = trials_table(info, trials)
    notes, page = _notes(info), interactive(info, trials)
    files = {
        "report.html": _html(info, drawn, tables, listing, notes, trials, bool(page)),
        "report.md": _markdown(info, drawn, [*tables, listing], notes),
        "trials.csv": frame_csv(frame),
        "tables.csv": table_csv(tables),
    }
    content = {name: value.encode("utf-8") for name, value in files.items()}
    for figure in drawn:
        content[f"figures/{figure.key}.svg"] = figure.svg
        content[f"figures/{figure.key}.png"] = figure.png
    if page:
        content["figures/interactive.html"] = page
    return Report(content, "\n\n".join(terminal(_flat(table)) for table in tables), {})


def summary_tables(info: SweepInfo, trials: Sequence[TrialInfo]) -> list[Table]:
    found = (
        winners_table(info),
        budget_table(info, trials),
        importance_table(info),
        fidelity_table(info, trials),
    )
    return [table for table in found if table]


def figures(info: SweepInfo, trials: Sequence[TrialInfo]) -> list[Figure]:
    """Whatever the trials suffice for."""
    found: list[Figure | None] = []
    for method in info.methods:
        found += [
            sensitivity_figure(_sensitivity_key(method, p), info, method, trials, p.name)
            for p in method.parameters
        ]
    for method in info.methods:
        found += search_figures(slug(method.label), method, trials)
    found += pareto_figures(info, trials)
    return [figure for figure in found if figure]


def _notes(info: SweepInfo) -> dict[str, tuple[str, ...]]:
    """Figure -> what the paper's curve in it means."""
    return {
        _sensitivity_key(method, parameter): footnotes(info.paper_table, ())
        for method in info.methods
        for parameter in method.parameters
        if paper_curves(info.paper_table, parameter.name)
    }


def _sensitivity_key(method: MethodInfo, parameter: ParameterInfo) -> str:
    return f"sensitivity-{slug(method.label)}-{slug(parameter.name)}"


def _flat(table: Table) -> Table:
    """The table with every entry on one line, as a terminal needs it."""
    lines = (
        replace(
            line, entries=tuple(replace(e, text=" ".join(e.text.split())) for e in line.entries)
        )
        for line in table.lines
    )
    return replace(table, lines=tuple(lines))


def _html(
    info: SweepInfo,
    drawn: Sequence[Figure],
    tables: Sequence[Table],
    listing: Table,
    notes: Mapping[str, Sequence[str]],
    trials: Sequence[TrialInfo],
    linked: bool,
) -> str:
    return (
        environment()
        .get_template("sweep.html")
        .render(
            info=info,
            figures=[
                (f.title, Markup(inline(f.svg)), _pixels(f), notes.get(f.key, ())) for f in drawn
            ],
            tables=[view(table) for table in tables],
            listing=view(listing),
            wide=any(len(t.scores) == 2 for t in trials),
            rings=any(pruned(t) for t in trials),
            linked=linked,
            data=Markup(explorer(info, trials)),
        )
    )


def _pixels(figure: Figure) -> int:
    """The width at which the letters of all figures have one size."""
    width = re.search(rb'viewBox="0 0 ([0-9.]+)', figure.svg)
    return round(PIXELS * float(width[1])) if width else 0


def _markdown(
    info: SweepInfo,
    drawn: Sequence[Figure],
    tables: Sequence[Table],
    notes: Mapping[str, Sequence[str]],
) -> str:
    parts = [f"# {escape(info.title)}", escape(info.description)]
    parts.append("\n".join(f"- {escape(k)}: {escape(v)}" for k, v in info.facts.items()))
    for table in tables:
        parts += [f"## {escape(table.title)}", table_markdown(table)]
    parts += ["## Figures"]
    for figure in drawn:
        parts += [f"![{escape(figure.title)}](figures/{figure.key}.svg)"]
        parts += [escape(note) for note in notes.get(figure.key, ())]
    parts += ["## Provenance", fenced(info.command)]
    parts.append("\n".join(f"- {escape(k)}: {escape(v)}" for k, v in info.provenance.items()))
    return "\n\n".join(part for part in parts if part) + "\n"
