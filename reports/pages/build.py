"""All files of a report from a study's description, its frame and its images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.figures.accuracy import accuracy_figure, cost_figure
from reports.figures.bits_figure import bits_figure
from reports.figures.curves import curve_figure
from reports.figures.drawing import Figure
from reports.figures.grids import Grid, grid
from reports.figures.strips import strip
from reports.formats.console import terminal
from reports.formats.csv_ import frame_csv, table_csv
from reports.formats.html import report_html
from reports.formats.latex import document, snippet
from reports.formats.markdown import report_markdown
from reports.numbers.info import StudyInfo
from reports.pages.sections import Page, Section, page_of
from reports.tables.entries import slug

Files = dict[str, bytes]


@dataclass(frozen=True)
class Report:
    """A built report.

    Attributes:
        files: relative path -> content.
        terminal: the main tables as plain text.
        metrics: summary numbers for a tracker, such as "top1_mean/wass-pcbn.digits.ipc2".
    """

    files: Mapping[str, bytes]
    terminal: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Drawn:
    """A page with its figures and grids, each per data set."""

    page: Page
    figures: Mapping[str, Sequence[Figure]]
    grids: Mapping[str, Sequence[Grid]]

    def links(self, folder: str = "") -> dict[str, list[tuple[str, str]]]:
        """Data set -> (title, path) of every picture below a folder."""
        return {
            section.dataset: [
                *(
                    (f.title, f"{folder}figures/{f.key}.svg")
                    for f in self.figures.get(section.dataset, ())
                ),
                *(
                    (g.title, f"{folder}grids/{g.key}.png")
                    for g in self.grids.get(section.dataset, ())
                ),
            ]
            for section in self.page.sections
        }


def build(
    info: StudyInfo,
    frame: pd.DataFrame,
    grids: Mapping[str, np.ndarray] | None = None,
    class_names: Mapping[str, Sequence[str]] | None = None,
) -> Report:
    """The report of whatever the frame holds; nothing is written.

    Args:
        frame: one line per cell, accuracies as fractions.
        grids: title -> (C, m, H, W, ch) uint8; a title names its data set as `row · data set · …`.
        class_names: data set -> names of its classes, in the order of the images.

    Raises:
        BadValue: for a frame or an image array of the wrong form.
        UnknownName: for a status, a table of the paper or a contrast's row that does not exist.
    """
    drawn = draw(info, frame, grids, class_names)
    files = {**_texts(drawn, frame), **pictures_of(drawn)}
    return Report(files, console_text(drawn.page), metrics(drawn.page))


def draw(
    info: StudyInfo,
    frame: pd.DataFrame,
    grids: Mapping[str, np.ndarray] | None = None,
    class_names: Mapping[str, Sequence[str]] | None = None,
) -> Drawn:
    """A study's page with its figures and grids, before any format is chosen; as `build`."""
    page = page_of(info, frame)
    figures = {section.dataset: _figures(info, section) for section in page.sections}
    return Drawn(page, figures, _grids(page, grids or {}, class_names or {}))


def pictures_of(drawn: Drawn) -> Files:
    """Figures and grids as files of their own."""
    files: Files = {}
    for figures in drawn.figures.values():
        for figure in figures:
            files[f"figures/{figure.key}.svg"] = figure.svg
            files[f"figures/{figure.key}.png"] = figure.png
    for shown in drawn.grids.values():
        files |= {f"grids/{picture.key}.png": picture.png for picture in shown}
    return files


def console_text(page: Page) -> str:
    """Results, paired differences and effects, then the warnings."""
    tables = [t for section in page.sections for t in (section.overview, *section.results) if t]
    tables += [t for t in page.analyses if t.key not in ("printed", "beside", "recipes")]
    blocks = [terminal(table) for table in tables]
    blocks += ["\n".join(f"{alarm.level}: {alarm.text}" for alarm in page.alarms)]
    return "\n\n".join(block for block in blocks if block)


def metrics(page: Page) -> dict[str, float]:
    """Mean, std and n of every row under every setting, and counts of cells."""
    found: dict[str, float] = {"cells_done": page.done, "cells": len(page.cells)}
    found["cells_failed"] = sum(cell.status == "failed" for cell in page.cells)
    for section in page.sections:
        several = len(section.results) > 1
        for s in section.summaries:
            if s.sample is None:
                continue
            place = [slug(s.row), slug(s.setting.dataset), f"ipc{s.setting.ipc}"]
            judged = (s.setting.protocol, s.setting.evaluator, s.setting.student)
            place += [slug(part) for part in judged if part] if several else []
            name = _unused(".".join(place), found)
            found[f"top1_mean/{name}"] = s.sample.mean
            found[f"top1_n/{name}"] = s.sample.n
            if s.sample.std is not None:
                found[f"top1_std/{name}"] = s.sample.std
    return found


def _unused(name: str, found: Mapping[str, float]) -> str:
    """The name, numbered where another row has taken it."""
    count = 2
    unique = name
    while f"top1_mean/{unique}" in found:
        unique, count = f"{name}-{count}", count + 1
    return unique


def _texts(drawn: Drawn, frame: pd.DataFrame) -> Files:
    page = drawn.page
    results = [t for section in page.sections for t in section.results]
    texts = {
        "report.html": report_html(page, drawn.figures, drawn.grids),
        "report.md": report_markdown(page, drawn.links()),
        "report.csv": frame_csv(frame),
        "report.tex": document(page),
        "table.csv": table_csv(results),
        "table.tex": snippet(results),
    }
    return {name: content.encode("utf-8") for name, content in texts.items()}


def _figures(info: StudyInfo, section: Section) -> list[Figure]:
    drawn: list[Figure] = []
    settings = dict.fromkeys(s.setting for s in section.summaries)
    for table, setting in zip(section.results, settings, strict=True):
        here = [s for s in section.summaries if s.setting == setting]
        drawn.append(accuracy_figure(f"accuracy-{table.key}", here, info.paper_table))
        if info.axis:
            curve = curve_figure(f"curve-{table.key}", here, info.axis, info.paper_table)
            drawn += [curve] if curve else []
        costs = cost_figure(f"cost-{table.key}", here)
        drawn += [costs] if costs else []
    bits = bits_figure(f"bits-{slug(section.dataset)}", section.summaries)
    return [*([bits] if bits else []), *drawn]


def _grids(
    page: Page, images: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]
) -> dict[str, list[Grid]]:
    found: dict[str, list[Grid]] = {}
    datasets = [section.dataset for section in page.sections]
    places: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for title, array in images.items():
        dataset = next((d for d in datasets if d in title.split(" · ")), "".join(datasets[:1]))
        row, _, place = title.partition(" · ")
        shared = place if page.info.side_by_side else title
        places.setdefault((dataset, shared), {})[row] = array
    for count, ((dataset, title), rows) in enumerate(places.items()):
        key, known = f"{count:02d}-{slug(title)}", names.get(dataset, ())
        if page.info.side_by_side:
            made = strip(key, title, rows, known)
        else:
            made = grid(key, title, next(iter(rows.values())), known)
        found.setdefault(dataset, []).append(made)
    return found
