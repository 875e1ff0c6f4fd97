"""Sensitivity: accuracy over one parameter with intervals, and the paper's curve beside it.

The paper's data sets are others than most of ours, so that its curve has an axis of its own: what
can be compared is the shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.figures.accuracy import LEGEND
from reports.figures.drawing import MUTED, OURS, PAPER, RULE, Figure, render
from reports.numbers.published import published
from reports.numbers.statistics import Sample, describe
from reports.numbers.sweep_info import MethodInfo, ParameterInfo, SweepInfo, TrialInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHORT = 300.0  # ratio of the ends of a logarithmic axis below which it has ticks at 2 and 5, too
BINS = 6  # groups of trials along a real parameter, of about equal size
OF_PARAMETER = {"figure5a": "bn_weight", "table6": "layer"}  # what a published curve is over
ENDS = {"lambda-0.1": (0.1,), "lambda>=10": (10.0, 1000.0)}  # where figure 5a's values hold
SMALL: dict[str, Any] = {"fontsize": 7, "color": MUTED, "va": "top"}
Curve = list[tuple[float | str, float]]


@dataclass(frozen=True)
class Level:
    """Trials at, or near, one value of a parameter: where, and all their runs' accuracies."""

    at: float | str
    trials: int
    sample: Sample


def levels(trials: Sequence[TrialInfo], parameter: ParameterInfo) -> list[Level]:
    """Accuracy over a parameter: per option, per repeated number, or per group of near numbers.

    A group's interval is over all runs of its trials, so it holds the spread of its settings, too.
    """
    known = [t for t in trials if t.full and parameter.name in t.params]
    if not parameter.numeric:
        name, options = parameter.name, parameter.options
        groups = [(o, [t for t in known if t.params[name] == o]) for o in options]
        return [_level(at, group) for at, group in groups if group]
    ordered = sorted(known, key=lambda t: float(t.params[parameter.name]))
    values = sorted({float(t.params[parameter.name]) for t in ordered})
    if len(values) <= BINS + 3:
        return [_level(v, [t for t in ordered if t.params[parameter.name] == v]) for v in values]
    parts = np.array_split(np.arange(len(ordered)), min(BINS, len(ordered) // 3 or 1))
    chunks = [[ordered[i] for i in part] for part in parts]
    return [_level(_middle(chunk, parameter), chunk) for chunk in chunks if chunk]


def _level(at: float | str, trials: Sequence[TrialInfo]) -> Level:
    return Level(at, len(trials), describe([score for t in trials for score in t.scores]))


def _middle(trials: Sequence[TrialInfo], parameter: ParameterInfo) -> float:
    """The mean of the numbers, on the parameter's own scale."""
    values = [float(t.params[parameter.name]) for t in trials]
    if parameter.log:
        return float(10 ** (sum(log10(v) for v in values) / len(values)))
    return sum(values) / len(values)


def paper_curves(table: str, parameter: str) -> dict[str, Curve]:
    """`data set, IPC n` -> the paper's (value, top-1 %) points; empty where it has none."""
    found: dict[str, Curve] = {}
    if OF_PARAMETER.get(table) != parameter:
        return found
    for fact in published():
        if fact.table == table:
            name = f"{fact.dataset}, IPC {fact.ipc}"
            points = [(at, fact.value) for at in ENDS.get(fact.method, (fact.method,))]
            found.setdefault(name, []).extend(points)
    return found


def sensitivity_figure(
    key: str, info: SweepInfo, method: MethodInfo, trials: Sequence[TrialInfo], name: str
) -> Figure | None:
    """One parameter's curve; None where fewer than two levels were run."""
    parameter = next(p for p in method.parameters if p.name == name)
    mine = [t for t in trials if t.method == method.label]
    curve, paper = levels(mine, parameter), paper_curves(info.paper_table, name)
    if len(curve) < 2:
        return None
    title = f"{method.label}: {name}"

    def draw(canvas: Canvas) -> None:
        panels = canvas.subplots(1, 2 if paper else 1, squeeze=False)[0]
        draw_ours(panels[0], mine, parameter, curve)
        panels[0].set_title(f"{info.dataset}, held-out images")
        panels[0].set_ylabel("top-1 accuracy, %")
        if paper:
            _draw_paper(panels[1], paper, parameter)
            panels[1].set_title(f"the paper, {_table_name(info.paper_table)}")
        for axes in panels:
            _frame(axes, parameter)
        same_limits(panels, parameter)

    return render(key, f"Sensitivity, {title}", (8.6 if paper else 5.2, 3.4), draw)


def same_limits(panels: Sequence["Axes"], parameter: ParameterInfo) -> None:
    """Gives all panels of a number one reach, so that shapes can be compared."""
    if parameter.numeric:
        ends = [end for axes in panels for end in axes.get_xlim()]
        for axes in panels:
            axes.set_xlim(min(ends), max(ends))


def _table_name(table: str) -> str:
    return {"figure5a": "Figure 5a", "table6": "Table 6"}.get(table, table)


def draw_ours(
    axes: "Axes", trials: Sequence[TrialInfo], parameter: ParameterInfo, curve: Sequence[Level]
) -> None:
    """Every trial, and mean and interval of the levels with several runs."""
    shown = [t for t in trials if t.full and parameter.name in t.params]
    axes.plot(
        [place(parameter, t.params[parameter.name]) for t in shown],
        [100 * t.top1 for t in shown],
        "o", color=MUTED, alpha=0.55, markersize=3.5, label="one trial",
    )  # fmt: skip
    curve = [level for level in curve if level.sample.n > 1]  # one run is its point already
    x = [place(parameter, level.at) for level in curve]
    low = [100 * (v.sample.low if v.sample.low is not None else v.sample.mean) for v in curve]
    high = [100 * (v.sample.high if v.sample.high is not None else v.sample.mean) for v in curve]
    mean = [100 * level.sample.mean for level in curve]
    label = "mean and 95 % CI of runs"
    if parameter.numeric and len(curve) > 1:
        axes.fill_between(x, low, high, color=OURS, alpha=0.15, linewidth=0)
        axes.plot(x, mean, "-", color=OURS, linewidth=1.8, label=label)
    elif curve:
        axes.vlines(x, low, high, color=OURS, linewidth=1.8)
        axes.plot(x, mean, "o", color=OURS, markersize=5.5, label=label)
    if not parameter.numeric:
        axes.set_xticks(range(len(parameter.options)), list(parameter.options))
    scores = [100 * score for t in shown for score in t.scores]
    pad = 0.12 * max(max(scores) - min(scores), 1.0)
    bottom, top = min(scores) - pad, max(scores) + pad
    axes.set_ylim(bottom, top)
    two = any(level.sample.n == 2 for level in curve)
    if min(low, default=bottom) < bottom or max(high, default=top) > top:
        why = "intervals of two runs are very wide and" if two else "some intervals"
        axes.text(0.01, 1.0 - 0.02, f"{why} leave the picture", **SMALL, transform=axes.transAxes)
    axes.legend(loc="best", **LEGEND)


def _draw_paper(axes: "Axes", curves: dict[str, Curve], parameter: ParameterInfo) -> None:
    styles = ("-", "--", ":", "-.")
    order = list(dict.fromkeys(at for curve in curves.values() for at, _ in curve))
    for (name, curve), style in zip(curves.items(), styles, strict=False):
        x = [at if parameter.numeric else order.index(at) for at, _ in curve]
        axes.plot(
            x, [value for _, value in curve], f"D{style}",
            color=PAPER, markersize=4, linewidth=1.2, label=name,
        )  # fmt: skip
    if not parameter.numeric:
        axes.set_xticks(range(len(order)), [str(at) for at in order])
    axes.legend(loc="best", **LEGEND)


def place(parameter: ParameterInfo, value: float | str) -> float:
    """Where a value stands on the axis: itself, or the rank of an option."""
    return float(value) if parameter.numeric else float(parameter.options.index(str(value)))


def log_axis(axes: "Axes", which: str, parameter: ParameterInfo) -> None:
    """A logarithmic axis whose labels are plain numbers, more of them where it is short."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    short = (parameter.high or 1) < SHORT * (parameter.low or 1)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if short else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _frame(axes: "Axes", parameter: ParameterInfo) -> None:
    if parameter.numeric and parameter.log:
        log_axis(axes, "x", parameter)
    if not parameter.numeric and len(axes.get_xticks()) > 4:
        axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(parameter.name)
    axes.grid(color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, which="both")
    for side in axes.spines.values():
        side.set_visible(False)
