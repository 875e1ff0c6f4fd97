"""Figures: accuracy with intervals against the paper, accuracy against cost."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from reports.cost_tables import total_bytes, total_seconds
from reports.drawing import INK, MUTED, OURS, PAGE, PAPER, RULE, Figure, render
from reports.result_tables import paper_name
from reports.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        _references(axes, summaries)
        _row_axis(axes, summaries)
        axes.set_xlabel("top-1 accuracy, %")
        axes.set_title(title)
        shown = [("o", OURS, "ours, mean and 95 % CI"), (".", MUTED, "one seed")]
        if any(s.paper for s in summaries):
            shown.append(("D", PAPER, f"paper, {paper_name(paper_table or '')}"))
        for marker, colour, label in shown:
            axes.plot([], [], marker, color=colour, label=label, markersize=5)
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.62 / height), ncols=3, **LEGEND)

    return render(key, f"Accuracy, {title}", (7.2, height), draw)


def cost_figure(key: str, summaries: Sequence[Summary]) -> Figure | None:
    """Accuracy against seconds and against bytes, dominated rows hollow; None without costs."""
    axes_of = {
        "seconds per seed, shared stages included": total_seconds,
        "bytes of images and labels": total_bytes,
    }
    known = {
        name: [s for s in summaries if s.sample and (cost(s) or 0) > 0]
        for name, cost in axes_of.items()
    }
    known = {name: found for name, found in known.items() if len(found) > 1}
    if not known:
        return None
    setting = summaries[0].setting
    title = f"{setting.dataset} · {setting.label}"

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(known), sharey=True, squeeze=False)
        for axes, (name, found) in zip(grid[0], known.items(), strict=True):
            _draw_costs(axes, {s.row: _point(s, axes_of[name]) for s in found})
            axes.set_xlabel(name)
        grid[0][0].set_ylabel("top-1 accuracy, %")
        grid[0][0].set_title(title)

    return render(key, f"Accuracy against cost, {title}", (4.6 * len(known), 3.6), draw)


def pareto(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names of the (cost, accuracy) points that no other point beats, by increasing cost."""
    front: list[str] = []
    best = float("-inf")
    for name, (_, accuracy) in sorted(points.items(), key=lambda p: (p[1][0], -p[1][1])):
        if accuracy > best:
            front.append(name)
            best = accuracy
    return front


def _point(s: Summary, cost: Callable[[Summary], float | None]) -> tuple[float, float]:
    return (cost(s) or 0.0, 100 * s.sample.mean if s.sample else 0.0)


def _draw_row(axes: "Axes", y: int, s: Summary) -> None:
    if s.sample is None:
        return
    mean, low, high = s.sample.mean, s.sample.low, s.sample.high
    seeds = [100 * value for value in s.values.values()]
    if len(seeds) > 1:
        axes.plot(seeds, [y] * len(seeds), "|", color=MUTED, alpha=0.6, markersize=6)
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
    """Dotted lines at chance and at the teacher, where every row has the same."""
    for name, label in (("chance", "chance"), ("teacher_top1", "teacher")):
        values = {round(v, 6) for s in summaries if (v := s.mean_of(name)) is not None}
        if len(values) == 1:
            x = 100 * values.pop()
            axes.axvline(x, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
            axes.annotate(
                label, (x, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                textcoords="offset points", ha="center", fontsize=8, color=MUTED,
            )  # fmt: skip


def _row_axis(axes: "Axes", summaries: Sequence[Summary]) -> None:
    labels = [s.row if s.sample else f"{s.row} ({s.status})" for s in summaries]
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
    axes.step(
        [points[name][0] for name in front], [points[name][1] for name in front],
        where="post", color=OURS, linewidth=1.2, alpha=0.6, zorder=1,
    )  # fmt: skip
    for name, (cost, accuracy) in points.items():
        best = name in front
        face = OURS if best else PAGE
        axes.plot(
            cost, accuracy, "o", color=OURS if best else MUTED, markerfacecolor=face, markersize=6
        )
        axes.annotate(
            name, (cost, accuracy), xytext=(5, 4), textcoords="offset points", fontsize=7.5,
            color=INK if best else MUTED,
        )  # fmt: skip
    axes.margins(x=0.18, y=0.14)
    axes.grid(color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, which="both")
    for side in axes.spines.values():
        side.set_visible(False)
