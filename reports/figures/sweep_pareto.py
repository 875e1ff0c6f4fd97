"""The Pareto front of a search: accuracy against each cost that was an objective."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from reports.figures.accuracy import LEGEND, pareto
from reports.figures.drawing import MUTED, OURS, Figure, render
from reports.figures.sweep_figures import plain
from reports.numbers.sweep_info import SweepInfo, TrialInfo
from reports.tables.entries import duration, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "seconds": ("device seconds of one more cell", lambda v: duration(v).text),
    "seconds_amortised": (
        "amortised: with its part of what trials share",
        lambda v: duration(v).text,
    ),
    "peak_memory": ("peak memory", lambda v: size(v).text),
    "bytes": ("bytes of images and labels", lambda v: size(v).text),
}
BESIDE = {"seconds": ("seconds", "seconds_amortised")}  # objective -> costs that are shown for it
Points = Mapping[str, tuple[float, float]]  # trial -> (cost, top-1 %)


def pareto_figure(key: str, info: SweepInfo, trials: Sequence[TrialInfo]) -> Figure | None:
    """A panel per cost, each with its own front, whose points bear the numbers of their trials."""
    drawn = {cost: points for cost in costs_of(info) if (points := points_of(info, trials, cost))}
    if max((len(points) for points in drawn.values()), default=0) < 2:
        return None

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
        for axes, (cost, points) in zip(grid, drawn.items(), strict=True):
            draw_front(axes, points, cost)
        grid[0].set_ylabel("top-1 accuracy, %")

    return render(key, "Pareto front", (4.2 * len(drawn) + 0.8, 3.3), draw)


def costs_of(info: SweepInfo) -> list[str]:
    """The costs among the objectives; own seconds have the amortised ones beside them."""
    named = [name for name in info.objectives if name in UNITS]
    return [cost for name in named for cost in BESIDE.get(name, (name,))]


def points_of(info: SweepInfo, trials: Sequence[TrialInfo], cost: str) -> Points:
    """Trials that were run in full and whose cost is known, by number."""
    several = len(info.methods) > 1
    return {
        f"{t.method} {t.number}" if several else str(t.number): (t.numbers[cost], 100 * t.top1)
        for t in trials
        if t.full and cost in t.numbers
    }


def draw_front(axes: "Axes", points: Points, cost: str) -> None:
    """All points, and the front as numbered steps."""
    names = pareto(points)
    front = [points[name] for name in names]
    axes.plot(*zip(*points.values(), strict=True), "o", color=MUTED, ms=4, alpha=0.6)
    axes.step(*zip(*front, strict=True), where="post", color=OURS, linewidth=1.2)
    axes.plot(*zip(*front, strict=True), "o", color=OURS, ms=6, label="Pareto front, by trial")
    for name, place in zip(names, front, strict=True):
        axes.annotate(name, place, (-4, 4), textcoords="offset points", fontsize=8, ha="right")
    label, text = UNITS[cost]
    axes.set_xlabel(label)
    axes.margins(0.08)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.xaxis.set_major_formatter(lambda v, _: text(v) if v >= 0 else "")
    axes.legend(loc="lower right", **LEGEND)
    plain(axes)
