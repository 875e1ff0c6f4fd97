"""Curves over the levels of a study's rows, such as accuracy over lambda or over layers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure as Canvas

from reports.figures.accuracy import LEGEND
from reports.figures.drawing import MUTED, OURS, PAPER, RULE, Figure, render
from reports.numbers.info import Axis
from reports.numbers.summary import Summary
from reports.tables.result_tables import paper_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, Summary]


def curve_figure(
    key: str, summaries: Sequence[Summary], axis: Axis, paper_table: str | None
) -> Figure | None:
    """Means with 95 % intervals over the rows' levels; None with fewer than two points."""
    points = sorted(
        ((s.info.level, s) for s in summaries if s.info.level is not None), key=lambda p: p[0]
    )
    if sum(s.sample is not None for _, s in points) < 2:
        return None
    setting = summaries[0].setting
    title = f"{setting.dataset} · {setting.label}"

    def draw(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        _draw_ours(axes, points)
        _draw_paper(axes, points, paper_table)
        _frame(axes, axis, [level for level, _ in points], title)

    return render(key, f"Curve, {title}", (7.2, 3.6), draw)


def _draw_ours(axes: "Axes", points: Sequence[Point]) -> None:
    done = [(x, s, s.sample) for x, s in points if s.sample]
    for x, s, sample in done:
        seeds = [100 * value for value in s.values.values()]
        if len(seeds) > 1:
            axes.plot([x] * len(seeds), seeds, ".", color=MUTED, alpha=0.6, markersize=3.5)
        if sample.low is not None and sample.high is not None:
            axes.plot([x, x], [100 * sample.low, 100 * sample.high], color=OURS, linewidth=1.6)
    means = [100 * sample.mean for _, _, sample in done]
    style: dict[str, Any] = {"color": OURS, "linewidth": 1.2, "markersize": 5}
    axes.plot([x for x, _, _ in done], means, "o-", label="ours, mean and 95 % CI", **style)
    reach = [100 * v for _, s, _ in done for v in s.values.values()]
    pad = 0.12 * max(max(reach) - min(reach), 1.0)
    bottom, top = min(reach) - pad, max(reach) + pad
    axes.set_ylim(bottom, top)
    for x, _, sample in done:  # an interval that leaves the picture ends in an arrow
        if sample.high is not None and 100 * sample.high > top:
            axes.plot([x], [top], "^", color=OURS, markersize=6)
        if sample.low is not None and 100 * sample.low < bottom:
            axes.plot([x], [bottom], "v", color=OURS, markersize=6)


def _draw_paper(axes: "Axes", points: Sequence[Point], paper_table: str | None) -> None:
    theirs = [(x, s.paper) for x, s in points if s.paper]
    if not theirs:
        return
    values = [fact.value for _, fact in theirs]
    name = f"paper, {paper_name(paper_table or '')}"
    style: dict[str, Any] = {"color": PAPER, "linewidth": 1, "markersize": 4}
    axes.plot([x for x, _ in theirs], values, "D--", label=name, **style)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, min(values) - 1), max(high, max(values) + 1))


def _frame(axes: "Axes", axis: Axis, levels: Sequence[float], title: str) -> None:
    if axis.log:
        axes.set_xscale("log")
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()
    axes.set_xlabel(axis.label)
    axes.set_ylabel("top-1 accuracy, %")
    axes.set_title(title)
    axes.grid(color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=2, **LEGEND)
