"""Accuracy against total bits, one panel a row, one line a label regime."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.figures.drawing import MUTED, RULE, Figure, render, short
from reports.numbers.summary import Summary
from reports.tables.bits_table import by_bits
from reports.tables.cost_tables import FULL, total_bytes
from reports.tables.entries import size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#c2702c", "#8a5a2b", "#2a6fbb", "#1b9e77", "#7a5195", "#6e7681")
MARKS = "osD^vP"


def bits_figure(key: str, summaries: Sequence[Summary]) -> Figure | None:
    """Means with 95 % intervals over bytes of images and labels; None where no regimes differ."""
    if not any(by_bits(summaries)):
        return None
    known = [s for s in summaries if s.sample and total_bytes(s)]
    rows = list(dict.fromkeys(s.row for s in known if s.info.distiller != FULL))
    regimes = list(dict.fromkeys(s.setting.evaluator for s in known))
    dataset = known[0].setting.dataset

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(rows), sharey=True, sharex=True, squeeze=False)
        for axes, row in zip(grid[0], rows, strict=True):
            for index, regime in enumerate(regimes):
                here = [s for s in known if (s.row, s.setting.evaluator) == (row, regime)]
                _line(axes, sorted(here, key=lambda s: total_bytes(s) or 0), index, regime)
            _axis(axes, row)
        grid[0][0].set_ylabel("top-1 accuracy, %")
        canvas.legend(
            *grid[0][0].get_legend_handles_labels(), loc="outside lower center",
            ncols=min(5, len(regimes)), frameon=False, fontsize=8.5,
        )  # fmt: skip

    across = (max(7.2, 2.9 * len(rows) + 0.8), 4.2)
    return render(key, f"Accuracy against total bits, {dataset}", across, draw)


def _line(axes: "Axes", points: Sequence[Summary], index: int, label: str) -> None:
    colour, mark = COLOURS[index % len(COLOURS)], MARKS[index % len(MARKS)]
    bits = [total_bytes(s) or 0 for s in points]
    means = [100 * s.sample.mean for s in points if s.sample]
    axes.plot(bits, means, mark, ls="-", lw=1.2, ms=5, color=colour, label=label)
    for x, s in zip(bits, points, strict=True):
        if s.sample and s.sample.low is not None and s.sample.high is not None:
            axes.vlines(x, 100 * s.sample.low, 100 * s.sample.high, colour, lw=0.8, alpha=0.6)
        mean = 100 * s.sample.mean if s.sample else 0.0
        axes.annotate(
            str(s.setting.ipc), (x, mean), xytext=(3, 4), textcoords="offset points",
            fontsize=7, color=MUTED,
        )  # fmt: skip


def _axis(axes: "Axes", row: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(value).text))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color=RULE, lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(short(row, 30))
    axes.set_xlabel("images and labels; numbers are IPC")
