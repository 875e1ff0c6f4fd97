"""A book binds chapters in order, names each cell's file and table once, and survives gaps."""

import re

import numpy as np
import pandas as pd
import pytest
from report_frames import ablation_frame, ablation_info, digit_grid, spoil

from bench.core.errors import BadValue
from reports.figures.curves import curve_figure
from reports.figures.shape_figure import shape_figure
from reports.figures.strips import strip
from reports.numbers.cells import cells_of
from reports.numbers.info import Axis, RowInfo, StudyInfo
from reports.numbers.summary import summarise
from reports.pages.book import Chapter, Cover, build_book
from reports.pages.sections import page_of
from reports.tables.efficiency import efficiency_table

COVER = Cover("WMDD: the paper", "All of it.", "bench reproduce wmdd", {"code": "0123abc"})
CURVE = StudyInfo(
    "figure5a",
    "Figure 5: lambda",
    paper_table="figure5a",
    rows=tuple(RowInfo(f"λ = {x:g}", "", "wmdd", "", level=x) for x in (0.1, 10.0, 1000.0)),
    axis=Axis("λ", log=True),
    side_by_side=True,
)


def curve_frame(seeds: int = 3) -> pd.DataFrame:
    lines = [
        {"row": row.label, "distiller": "wmdd", "dataset": "digits", "ipc": 2, "seed": seed,
         "evaluator": "fkd", "student": "convnet3", "profile": "smoke",
         "top1": 0.5 + 0.1 * index + 0.01 * seed}
        for index, row in enumerate(CURVE.rows)
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(lines)


def chapters() -> list[Chapter]:
    images = {f"{row.label} · digits · ipc 2": digit_grid() for row in CURVE.rows}
    return [
        Chapter("ablation", "Table 4", ablation_info(), spoil(ablation_frame())),
        Chapter("figure5a", "Figure 5", CURVE, curve_frame(), images),
    ]


def test_all_formats_hold_every_chapter() -> None:
    files = build_book(COVER, chapters()).files
    page = files["report.html"].decode()
    assert page.index('id="ablation"') < page.index('id="figure5a"')
    assert "figure5a/figures/curve-digits-ipc2-fkd-convnet3.svg" in files
    assert [name for name in files if name.startswith("figure5a/grids/")] != []
    markdown = files["report.md"].decode()
    assert "figure5a/figures/curve-digits-ipc2-fkd-convnet3.svg" in markdown
    assert len(pd.read_csv(pd.io.common.BytesIO(files["report.csv"]))) == 50 + 9
    labels = re.findall(r"\\label\{(.*?)\}", files["report.tex"].decode())
    assert len(labels) == len(set(labels)) > 0


def test_ids_of_a_page_are_distinct_and_links_lead_to_them() -> None:
    page = build_book(COVER, chapters()).files["report.html"].decode()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    clips = re.findall(r"url\(#([^)]+)\)", page)
    assert len(set(clips)) > 1  # each figure clips at its own frame
    assert set(clips) <= set(ids)


def test_nothing_is_fetched_from_anywhere() -> None:
    page = build_book(COVER, chapters()).files["report.html"].decode()
    fetched = re.findall(r'(?:src|href)="(https?:[^"]*)"', page)
    assert fetched == []


def test_a_book_without_a_single_cell_says_so() -> None:
    empty = Chapter("ablation", "Table 4", ablation_info(), pd.DataFrame())
    made = build_book(COVER, [empty])
    assert "No cell of this study was run yet" in made.files["report.html"].decode()
    assert "0 of 0" in made.terminal


def test_failures_reach_the_top_of_the_page() -> None:
    page = build_book(COVER, chapters()).files["report.html"].decode()
    top = page[: page.index('id="glance"')]
    assert "Table 4: 1 of 50 cells failed" in top


def test_a_computed_figure_needs_no_cells() -> None:
    ring = np.eye(8)
    plate = shape_figure("figure1", "Shapes", {"rings": ([ring, ring], {"KL": ring})})
    info = StudyInfo("figure1", "Figure 1: shapes")
    made = build_book(COVER, [Chapter("figure1", "Figure 1", info, plates=(plate,))])
    assert made.files["figure1/figures/figure1.svg"] == plate.svg
    assert "computed" in made.terminal


def test_a_curve_shows_levels_in_order_on_a_logarithmic_axis() -> None:
    found = summarise(CURVE, cells_of(curve_frame()))
    figure = curve_figure("k", list(reversed(found)), Axis("λ", log=True), None)
    assert figure is not None
    text = figure.svg.decode()
    places = [float(text.split(f">{tick}<")[0].rsplit('x="', 1)[1].split('"')[0])
              for tick in ("0.1", "10", "1000")]  # fmt: skip
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], rel=1e-3)


def test_one_point_is_no_curve() -> None:
    found = summarise(CURVE, cells_of(curve_frame()))
    assert curve_figure("k", found[:1], Axis("λ"), None) is None


def test_the_cost_of_an_iteration_stands_beside_the_papers() -> None:
    rows = (RowInfo("WMDD", "", "wmdd", "wmdd"), RowInfo("DC", "", "", "dc"))
    info = StudyInfo("table3", "T", paper_table="table3", rows=rows)
    line = {"row": "WMDD", "distiller": "wmdd", "dataset": "digits", "ipc": 1, "seed": 0,
            "top1": 0.5, "seconds_recover": 0.6, "recover_steps": 200, "seconds_squeeze": 1.8,
            "peak_memory_recover": 1e9, "paper_row": "wmdd", "address_squeeze": "t"}  # fmt: skip
    lines = [{**line, "seed": seed, "address_recover": f"r{seed}"} for seed in range(2)]
    found = summarise(info, cells_of(pd.DataFrame(lines)))
    table = efficiency_table(info, found)
    assert table is not None
    ours, theirs = ([entry.text for entry in line.entries] for line in table.lines)
    assert ours == ["WMDD", "200", "3.00", "1.0 GB", "0.6 s", "2.4 s", "75 %", "0.013", "1.22",
                    "207.53"]  # fmt: skip
    assert theirs[2] == "paper only"
    assert theirs[-3:] == ["2.154", "11.9", "6348.17"]
    assert "efficiency" in [t.key for t in page_of(info, pd.DataFrame([line])).analyses]


def test_a_strip_has_one_line_per_row() -> None:
    images = digit_grid()
    one, two = (strip("k", "t", dict.fromkeys(names, images)) for names in (["a"], ["a", "b"]))
    assert one.png != two.png
    assert "10 classes, one image each, 8 × 8 px" in two.caption


def test_a_strip_of_unlike_images_is_refused() -> None:
    with pytest.raises(BadValue, match="images of one shape"):
        strip("k", "t", {"a": digit_grid(), "b": digit_grid()[:, :, :4]})
