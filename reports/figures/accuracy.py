"""Figures: accuracy with intervals against the paper, accuracy against cost."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.figures.drawing import MUTED, OURS, PAGE, PAPER, RULE, Figure, render, short
from reports.numbers.crowding import crowds
from reports.numbers.summary import Summary
from reports.tables.cost_tables import FULL, total_bytes, total_seconds
from reports.tables.entries import duration, size
from reports.tables.result_tables import paper_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Cost = Callable[[Summary], float | None]
CROWDED = 12.0  # points of the page between two marks below which they overlap
LEGEND = {"frameon": False, "fontsize": 8.5, "handletextpad": 0.3, "borderaxespad": 0}


def accuracy_figure(key: str, summaries: Sequence[Summary], paper_table: str | None) -> Figure:
    """One line per row of a setting: mean, 95 % interval, single seeds, and the paper's number."""
    setting = summaries[0].setting
    title = f"{setting.dataset} · {setting.label}"
    height = 1.25 + 0.3 * len(summaries)

    def draw(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for y, s in enumerate(summaries):
            _draw_row(axes, y, s)
        _row_axis(axes, summaries)
        left, right = axes.get_xlim()
        axes.set_xlim(max(left, -2), min(right, 102))  # intervals of two seeds leave [0, 100]
        _references(axes, summaries)
        axes.set_xlabel("top-1 accuracy, %")
        axes.set_title(short(title, 70))
        shown = [("o", OURS, "ours, mean and 95 % CI"), (".", MUTED, "one seed")]
        if any(s.paper for s in summaries):
            shown.append(("D", PAPER, f"paper, {paper_name(paper_table or '')}"))
        for marker, colour, label in shown:
            axes.plot([], [], marker, color=colour, label=label, markersize=5)
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.62 / height), ncols=3, **LEGEND)

    return render(key, f"Accuracy, {title}", (7.2, height), draw)


def cost_figure(key: str, summaries: Sequence[Summary]) -> Figure | None:
    """Accuracy against seconds and bytes, dominated rows hollow; None where costs do not differ.

    The full-data reference is left out: it is not a synthetic set and would set the scale.
    """
    distilled = [s for s in summaries if s.info.distiller != FULL and s.sample]
    panels = {
        name: {s.row: _point(s, cost) for s in distilled if (cost(s) or 0) > 0}
        for name, (cost, _) in COSTS.items()
    }
    panels = {
        name: points
        for name, points in panels.items()
        if len({COSTS[name][1](cost, 0) for cost, _ in points.values()}) > 1  # as they are printed
    }
    if not panels:
        return None
    numbers = {s.row: str(i) for i, s in enumerate(distilled, 1)}
    setting = summaries[0].setting
    title = f"{setting.dataset} · {setting.label}"
    height = max(3.4, 1 + 0.2 * len(numbers))

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)
        for axes, (name, points) in zip(grid[0], panels.items(), strict=True):
            _draw_costs(axes, points)
            axes.set_xlabel(name)
            axes.xaxis.set_major_formatter(FuncFormatter(COSTS[name][1]))
        canvas.draw_without_rendering()  # places the axes, so that distances on the page are known
        for axes, points in zip(grid[0], panels.values(), strict=True):
            _number(axes, points, numbers)
        grid[0][0].set_ylabel("top-1 accuracy, %")
        grid[0][0].set_title(short(title, 70))
        listing = "\n".join(f"{number}  {short(row)}" for row, number in numbers.items())
        grid[0][-1].annotate(
            listing, (1, 1), xycoords="axes fraction", xytext=(14, 0),
            textcoords="offset points", va="top", fontsize=8.5, linespacing=1.6,
        )  # fmt: skip

    across = (3.5 * len(panels) + 2.2, height)
    return render(key, f"Accuracy against cost, {title}", across, draw)


def pareto(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names of the (cost, accuracy) points that no other point beats, by increasing cost."""
    front: list[str] = []
    best = float("-inf")
    for name, (_, accuracy) in sorted(points.items(), key=lambda p: (p[1][0], -p[1][1])):
        if accuracy > best:
            front.append(name)
            best = accuracy
    return front


def _point(s: Summary, cost: Cost) -> tuple[float, float]:
    return (cost(s) or 0.0, 100 * s.sample.mean if s.sample else 0.0)


def _draw_row(axes: "Axes", y: int, s: Summary) -> None:
    if s.sample is None:
        return
    mean, low, high = s.sample.mean, s.sample.low, s.sample.high
    seeds = [100 * value for value in s.values.values()]
    if len(seeds) > 1:
        axes.plot(seeds, [y - 0.24] * len(seeds), ".", color=MUTED, alpha=0.7, markersize=3.5)
    if low is not None and high is not None:
        axes.plot([100 * low, 100 * high], [y, y], color=OURS, linewidth=1.8, zorder=2)
    axes.plot(100 * mean, y, "o", color=OURS, markersize=5.5, zorder=3)
    if s.paper:
        axes.errorbar(
            s.paper.value,
            y + 0.26,
            fmt="D",
            color=PAPER,
            xerr=s.paper.error,
            markersize=4,
            elinewidth=1.2,
        )


def _references(axes: "Axes", summaries: Sequence[Summary]) -> None:
    """Dotted lines at chance and at the teacher, where all rows share them and they are near."""
    near = axes.get_xlim()
    for name, label in (("chance", "chance"), ("teacher_top1", "teacher")):
        values = {round(v, 6) for s in summaries if (v := s.mean_of(name)) is not None}
        x = 100 * values.pop() if len(values) == 1 else None
        if x is not None and near[0] <= x <= near[1]:
            axes.axvline(x, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
            axes.annotate(
                label, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                textcoords="offset points", ha="center", fontsize=8, color=MUTED,
            )  # fmt: skip


def _row_axis(axes: "Axes", summaries: Sequence[Summary]) -> None:
    labels = [short(s.row) if s.sample else f"{short(s.row)} ({s.status})" for s in summaries]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="both", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    for y in range(1, len(summaries)):
        if summaries[y].info.group != summaries[y - 1].info.group:
            axes.axhline(y - 0.5, color=RULE, linewidth=0.9)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_costs(axes: "Axes", points: Mapping[str, tuple[float, float]]) -> None:
    front = pareto(points)
    costs = [cost for cost, _ in points.values()]
    if max(costs) > 20 * min(costs):
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.step(
        [points[name][0] for name in front], [points[name][1] for name in front],
        where="post", color=OURS, linewidth=1.2, alpha=0.6, zorder=1,
    )  # fmt: skip
    for name, (cost, accuracy) in points.items():
        best = name in front
        edge, face = (OURS, OURS) if best else (MUTED, PAGE)
        axes.plot(cost, accuracy, "o", color=edge, markerfacecolor=face, markersize=12)
    axes.margins(x=0.14, y=0.12)
    axes.grid(color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, which="both")
    for side in axes.spines.values():
        side.set_visible(False)


def _number(
    axes: "Axes", points: Mapping[str, tuple[float, float]], numbers: Mapping[str, str]
) -> None:
    """A number on every mark; marks that overlap get one list of numbers above them."""
    inch = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    places = {name: tuple(axes.transData.transform(point)) for name, point in points.items()}
    front = pareto(points)
    for crowd in crowds(places, CROWDED * inch / 72):
        first = max(crowd, key=lambda name: points[name][1])
        if len(crowd) == 1:
            colour = PAGE if first in front else MUTED
            axes.annotate(
                numbers[first], points[first], ha="center", va="center_baseline", fontsize=7.5,
                color=colour,
            )  # fmt: skip
            continue
        listed = ", ".join(numbers[name] for name in crowd)
        axes.annotate(
            listed, points[first], xytext=(0, 9), textcoords="offset points", ha="center",
            va="bottom", fontsize=7.5, color=MUTED, bbox={"fc": PAGE, "ec": "none", "pad": 0.5},
        )  # fmt: skip


def _seconds(value: float, _: int) -> str:
    return duration(value).text if value >= 0 else ""


def _bytes(value: float, _: int) -> str:
    return size(value).text if value >= 0 else ""


COSTS: Mapping[str, tuple[Cost, Callable[[float, int], str]]] = {
    "wall time per seed, shared stages included": (total_seconds, _seconds),
    "images and soft labels": (total_bytes, _bytes),
}
