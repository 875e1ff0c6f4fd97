"""Figures of a search: slice, contour, history, importance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import Triangulation

from reports.figures.accuracy import LEGEND
from reports.figures.drawing import INK, MUTED, OURS, PAGE, PAPER, RULE, Figure, render
from reports.figures.sensitivity import log_axis, place
from reports.numbers.sweep_info import MethodInfo, ParameterInfo, SweepInfo, TrialInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 3  # panels in a row
LEAST = 6  # trials from which a contour is drawn between them


def slice_figure(key: str, method: MethodInfo, trials: Sequence[TrialInfo]) -> Figure | None:
    """Every trial's accuracy over each parameter, later trials darker."""
    mine = [t for t in trials if t.method == method.label and t.full]
    if len(mine) < 2:
        return None
    names = method.parameters
    rows, across = -(-len(names) // ACROSS), min(ACROSS, len(names))

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(rows, across, sharey=True, squeeze=False)
        for axes, parameter in zip(grid.flat, names, strict=False):
            x = [place(parameter, t.params[parameter.name]) for t in mine]
            shade = [0.25 + 0.75 * i / len(mine) for i in range(len(mine))]
            axes.scatter(x, [100 * t.top1 for t in mine], c=OURS, alpha=shade, s=18, linewidths=0)
            _axis(axes, parameter, "x")
            plain(axes)
        for axes in grid.flat[len(names) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("top-1 accuracy, %")
        grid[0, 0].set_title(f"{method.label}: later trials darker")

    return render(key, f"Slice, {method.label}", (3.1 * across + 0.9, 2.9 * rows), draw)


def contour_figure(key: str, method: MethodInfo, trials: Sequence[TrialInfo]) -> Figure | None:
    """Accuracy over the two numbers that matter most; None where the trials span no area."""
    mine = [t for t in trials if t.method == method.label and t.full]
    pair = _two_numbers(method)
    if pair is None or len(mine) < LEAST:
        return None
    first, second = pair
    x, y = ([place(p, t.params[p.name]) for t in mine] for p in pair)
    z = [100 * t.top1 for t in mine]
    scaled = [np.log10(v) if p.log else np.array(v) for v, p in ((x, first), (y, second))]
    if not _area(*scaled):
        return None

    def draw(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        mesh = Triangulation(*scaled)
        filled = axes.tricontourf(
            Triangulation(x, y, mesh.triangles), z, levels=8, cmap="Blues", alpha=0.9
        )
        axes.plot(x, y, "o", color=PAGE, markeredgecolor=INK, markersize=4, markeredgewidth=0.7)
        best = int(np.argmax(z))
        axes.plot(x[best], y[best], "D", color=PAPER, markersize=7, label="best trial")
        canvas.colorbar(filled, ax=axes, label="top-1 accuracy, %").outline.set_visible(False)
        _axis(axes, first, "x")
        _axis(axes, second, "y")
        axes.set_title(f"{method.label}: between the trials, linear")
        axes.use_sticky_edges = False  # trials on the border are shown in full
        axes.margins(0.05)
        axes.legend(loc="best", **LEGEND)
        plain(axes, grid=False)

    return render(key, f"Contour, {method.label}", (5.6, 4.1), draw)


def _area(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether points lie on more than one line; else there is nothing to draw between them."""
    spans = np.ptp(x), np.ptp(y)
    if not all(spans):
        return False
    points = np.column_stack([(x - x.mean()) / spans[0], (y - y.mean()) / spans[1]])
    return bool(np.linalg.matrix_rank(points, tol=1e-6) == 2)


def history_figure(key: str, info: SweepInfo, trials: Sequence[TrialInfo]) -> Figure | None:
    """Accuracy of every trial in its turn, and the best so far."""
    if sum(t.full for t in trials) < 2:
        return None
    count = len(info.methods)

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, count, sharey=True, squeeze=False)[0]
        for axes, method in zip(grid, info.methods, strict=True):
            done = [t for t in trials if t.method == method.label and t.done]
            full = [t for t in done if t.full]
            early = [t for t in trials if t.method == method.label and t.pruned and t.scores]
            best = np.maximum.accumulate([t.top1 for t in full]).tolist()
            _dots(axes, full, "o", OURS, "one trial")
            _dots(axes, early, "x", MUTED, "pruned")
            axes.step(
                [t.number for t in full], [100 * v for v in best], where="post",
                color=PAPER, linewidth=1.3, label="best so far",
            )  # fmt: skip
            axes.set_xlabel("trial")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_title(method.label)
            axes.legend(loc="best", **LEGEND)
            plain(axes)
        grid[0].set_ylabel("top-1 accuracy, %")

    return render(key, "History", (max(5.6, 3.2 * count), 3.1), draw)


def _dots(axes: "Axes", trials: Sequence[TrialInfo], marker: str, colour: str, label: str) -> None:
    if trials:
        scores = [100 * t.top1 for t in trials]
        axes.plot([t.number for t in trials], scores, marker, color=colour, ms=4, label=label)


def importance_figure(key: str, method: MethodInfo) -> Figure | None:
    """Shares by both evaluators; None with one parameter, whose share is 1 by definition."""
    known = [shares for shares in method.importances if shares.shares]
    if not known or len(method.parameters) < 2:
        return None
    names = sorted((p.name for p in method.parameters), key=lambda n: known[0].shares.get(n, 0.0))

    def draw(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        width = 0.8 / len(known)
        for k, shares in enumerate(known):
            y = [i + 0.4 - width * (k + 0.5) for i in range(len(names))]
            label = f"{shares.evaluator} (n = {shares.n})"
            values = [shares.shares.get(name, 0.0) for name in names]
            axes.barh(y, values, height=0.9 * width, color=(OURS, PAPER)[k % 2], label=label)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("share of importance")
        axes.set_title(method.label)
        axes.legend(loc="lower right", **LEGEND)
        plain(axes)

    return render(key, f"Importance, {method.label}", (5.6, 1.2 + 0.45 * len(names)), draw)


def _two_numbers(method: MethodInfo) -> tuple[ParameterInfo, ParameterInfo] | None:
    shares = method.importances[0].shares if method.importances else {}
    numeric = [p for p in method.parameters if p.numeric]
    ranked = sorted(numeric, key=lambda p: -shares.get(p.name, 0.0))
    return (ranked[0], ranked[1]) if len(ranked) > 1 else None


def _axis(axes: "Axes", parameter: ParameterInfo, which: str) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    if parameter.numeric and parameter.log:
        log_axis(axes, which, parameter)
    axis.set_label_text(parameter.name)
    if not parameter.numeric:
        axis.set_ticks(range(len(parameter.options)), list(parameter.options))
        if which == "x" and len(parameter.options) > 3:
            axes.tick_params(axis="x", rotation=40)


def plain(axes: "Axes", grid: bool = True) -> None:
    """Axes without a frame, on a faint grid."""
    if grid:
        axes.grid(color=RULE, linewidth=0.7)
        axes.set_axisbelow(True)
    axes.tick_params(length=0, which="both")
    for side in axes.spines.values():
        side.set_visible(False)
