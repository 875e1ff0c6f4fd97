"""Figures: the Pareto front by hand, deterministic bytes, labels that are only text."""

import matplotlib
import pytest
from report_frames import ablation_frame, ablation_info, spoil

from reports.figures.accuracy import accuracy_figure, cost_figure, pareto
from reports.figures.drawing import INK
from reports.figures.glyphs import inline, interval_glyph, shares, span
from reports.numbers.cells import cells_of
from reports.numbers.summary import Summary, summarise


def summaries() -> tuple[Summary, ...]:
    return summarise(ablation_info(), cells_of(spoil(ablation_frame(("imagenette",)))))


def test_pareto_front_by_hand() -> None:
    points = {"a": (1.0, 50.0), "b": (2.0, 60.0), "c": (3.0, 55.0), "d": (2.0, 58.0)}
    assert pareto(points) == ["a", "b"]


def test_ties_do_not_enter_the_front_twice() -> None:
    assert pareto({"a": (1.0, 50.0), "b": (2.0, 50.0), "c": (1.0, 50.0)}) == ["a"]


def test_same_input_same_bytes() -> None:
    a, b = (accuracy_figure("k", summaries(), "table4") for _ in range(2))
    assert (a.svg, a.png) == (b.svg, b.png)
    assert a.png.startswith(b"\x89PNG")
    assert b"Wass + PCBN" in a.svg


def test_drawing_leaves_no_settings_behind() -> None:
    before = dict(matplotlib.rcParams)
    accuracy_figure("k", summaries(), None)
    assert dict(matplotlib.rcParams) == before


def test_rows_without_numbers_keep_their_line() -> None:
    assert b"clean CE + BN (not run)" in accuracy_figure("k", summaries(), None).svg


def test_the_axis_stays_within_percent() -> None:
    frame = ablation_frame(seeds=2)
    frame["top1"] = [0.1 if seed else 0.9 for seed in frame["seed"]]
    figure = accuracy_figure("k", summarise(ablation_info(), cells_of(frame)), None)
    assert b">150<" not in figure.svg
    assert b">90<" in figure.svg


def test_costs_leave_out_the_full_data() -> None:
    figure = cost_figure("k", summaries())
    assert figure is not None
    assert b"8  Random real images" in figure.svg
    assert b"Full real data" not in figure.svg


def test_without_costs_there_is_no_figure() -> None:
    costly = [c for c in ablation_frame().columns if c.startswith("seconds_") or "bytes" in c]
    frame = ablation_frame().drop(columns=costly)
    assert cost_figure("k", summarise(ablation_info(), cells_of(frame))) is None


def test_hostile_labels_are_text() -> None:
    frame = ablation_frame().replace("Wass + PCBN", r"$\frac{<script>&")
    found = summarise(ablation_info(), cells_of(frame[frame["group"] == "as released"]))
    figure = accuracy_figure("k", found, None)
    assert b"<script>" not in figure.svg
    assert b"&lt;script&gt;&amp;" in figure.svg


def test_inlined_figures_follow_the_theme() -> None:
    svg = inline(accuracy_figure("k", summaries(), None).svg)
    assert svg.startswith('<svg class="figure" role="img" viewBox="0 0 ')
    assert INK not in svg
    assert "currentColor" in svg
    assert "http" not in svg
    assert "width=" not in svg.split(">")[0]


def test_glyph_positions() -> None:
    glyph = interval_glyph(0.5, 0.25, 0.75, (0.0, 1.0), zero=0.0, width=110)
    assert '<circle class="mean" cx="55.0"' in glyph
    assert 'x1="30.0" x2="80.0"' in glyph
    assert '<line class="zero" x1="5.0"' in glyph


def test_a_mean_out_of_reach_is_an_arrow() -> None:
    assert "circle" not in interval_glyph(2.0, None, None, (0.0, 1.0))


def test_reach_holds_equal_values_too() -> None:
    low, high = span([0.5, 0.5])
    assert low < 0.5 < high


def test_shares_sum_to_a_hundred() -> None:
    assert shares([1.0, 3.0]) == [25.0, 75.0]
    assert shares([]) == shares([0.0]) == []
    assert sum(shares([1.0] * 6)) == pytest.approx(100, abs=1)
