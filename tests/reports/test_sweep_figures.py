"""The figures of a search's report: what is drawn of which trials."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from sweep_frames import INFO, LAMBDA, LAYER, frame, line

from reports.figures.sensitivity import draw_ours, levels, paper_curves, same_limits
from reports.numbers.sweep_info import trials_of
from reports.pages.sweep_page import build_sweep


def drawn(scores: Sequence[Sequence[float]]) -> Axes:
    """Our panel of the sensitivity to lambda for trials with these runs."""
    trials = trials_of(pd.DataFrame([line(k, runs) for k, runs in enumerate(scores)]))
    axes = Canvas().add_subplot()
    draw_ours(axes, trials, LAMBDA, levels(trials, LAMBDA))
    return axes


def test_options_are_pooled_over_all_runs() -> None:
    lines = [line(0, [0.1, 0.3]), line(1, [0.5]), line(2, [0.2])]  # layers 5, 10, 5
    found = levels(trials_of(pd.DataFrame(lines)), LAYER)
    assert [(v.at, v.trials, v.sample.n) for v in found] == [("layer-5", 2, 3), ("layer-10", 1, 1)]
    assert found[0].sample.mean == pytest.approx(0.2)


def test_repeated_numbers_are_levels_and_scattered_ones_are_grouped() -> None:
    repeated = levels(trials_of(frame(18)), replace(LAMBDA, name="recover.lr"))
    assert len(repeated) == 6  # 18 numbers in groups of 3
    few = levels(trials_of(frame(5)), LAMBDA)
    assert [v.at for v in few] == sorted({0.1 * 10 ** (4 * k / 11) for k in range(5)})


def test_the_papers_curve_stands_beside_lambda_only() -> None:
    curves = paper_curves("figure5a", "bn_weight")
    assert curves["imagenette, IPC 10"] == [(0.1, 58.0), (10.0, 64.0), (1000.0, 64.0)]
    assert paper_curves("figure5a", "layer") == {}
    assert paper_curves("table6", "layer")["tiny-imagenet, IPC 10"][0] == ("layer-5", 2.4)


def test_single_runs_are_points_without_a_line_between_them() -> None:
    single = drawn([[0.5], [0.7], [0.4], [0.6]])
    assert [mark.get_label() for mark in single.lines] == ["one trial"]
    several = drawn([[0.5, 0.6], [0.7, 0.8], [0.4, 0.5], [0.6, 0.7]])
    assert [m.get_label() for m in several.lines] == ["one trial", "mean and 95 % CI of runs"]


def test_intervals_that_leave_the_picture_are_told() -> None:
    (text,) = drawn([[0.5, 0.9], [0.6, 0.8]]).texts
    assert text.get_text() == "intervals of two runs are very wide and leave the picture"
    assert not drawn([[0.60, 0.61, 0.62], [0.2, 0.21, 0.22]]).texts


def test_ours_and_the_papers_panel_share_the_limits() -> None:
    canvas = Canvas()
    panels = canvas.subplots(1, 2)
    panels[0].plot([1, 10], [0, 1])
    panels[1].plot([0.1, 1000], [0, 1])
    same_limits(panels, LAMBDA)
    assert panels[0].get_xlim() == panels[1].get_xlim()
    assert panels[0].get_xlim()[1] >= 1000


@pytest.mark.parametrize("one", ["recover.lr", "bn_weight", "both"])
def test_trials_on_one_line_have_no_contour(one: str) -> None:
    lines = frame().to_dict("records")
    for number, row in enumerate(lines):
        place = {"recover.lr": (number, 0), "bn_weight": (0, number), "both": (number, number)}[one]
        row["param:bn_weight"], row["param:recover.lr"] = 0.1 * 1.3 ** place[0], 1.3 ** place[1]
    names = set(build_sweep(INFO, pd.DataFrame(lines)).files)
    assert "figures/slice-wmdd.png" in names
    assert "figures/contour-wmdd.png" not in names
