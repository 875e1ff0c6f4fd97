"""The Pareto figure: own and amortised seconds, the front's points by their trials' numbers."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from reports.figures.sweep_pareto import costs_of, draw_front, pareto_figure, points_of
from reports.numbers.sweep_info import MethodInfo, SweepInfo, TrialInfo, trials_of

INFO = SweepInfo("s", "t", "digits", (MethodInfo("WMDD", ()),), objectives=("top1", "seconds"))


def trials() -> tuple[TrialInfo, ...]:
    """Trial 1 is dominated by its own seconds, but not by the amortised ones."""
    rows = [(0.7, 2.0, 9.0), (0.6, 3.0, 4.0), (0.9, 5.0, 10.0)]
    lines = [
        {
            "method": "WMDD", "trial": number, "state": "COMPLETE", "gone": "", "top1": top1,
            "scores": [top1], "seconds": own, "seconds_amortised": amortised,
        }
        for number, (top1, own, amortised) in enumerate(rows)
    ]  # fmt: skip
    return trials_of(pd.DataFrame(lines))


def front(cost: str) -> list[str]:
    axes = Canvas().add_subplot()
    draw_front(axes, points_of(INFO, trials(), cost), cost)
    return [text.get_text() for text in axes.texts]


def test_points_of_the_front_bear_the_numbers_of_their_trials() -> None:
    assert front("seconds") == ["0", "2"]
    assert front("seconds_amortised") == ["1", "0", "2"]


def test_own_seconds_have_the_amortised_ones_beside_them() -> None:
    assert costs_of(INFO) == ["seconds", "seconds_amortised"]
    figure = pareto_figure("pareto", INFO, trials())
    assert figure is not None
    assert b"device seconds of one more cell" in figure.svg
    assert b"with its part of what trials share" in figure.svg
