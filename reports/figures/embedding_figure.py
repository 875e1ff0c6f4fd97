"""Figure 4: real and synthetic features in one plane, method beside method, with their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Canvas

from bench.core.errors import BadValue
from reports.figures.drawing import INK, MUTED, RULE, Figure, render
from reports.tables.entries import Column, Line, Table, fixed, number, percent, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 68  # characters of the note under a panel
NOTES = (
    "Precision: share of synthetic features within reach of a real one; recall: share of real ones "
    "within reach of a synthetic one; coverage: share of real ones with a synthetic one within "
    "their own reach. A point reaches its third nearest neighbour of its own kind: a few synthetic "
    "points reach far, which drives recall to 100 %, and cannot cover many real ones.",
    "W2: root mean over classes of the squared Wasserstein distance between features, in units of "
    "the real features' own spread (root mean square distance from their mean); lower is closer. "
    "Penultimate features, one seed.",
)


@dataclass(frozen=True)
class Measured:
    """How close one synthetic set is to the real one; None where a number is undefined."""

    row: str
    images: int
    precision: float
    recall: float | None
    coverage: float
    w2: float


@dataclass(frozen=True)
class Cloud:
    """Synthetic points (m, 2) of one row with their classes (m,), among real points (n, 2)."""

    measured: Measured
    points: np.ndarray
    labels: np.ndarray
    real: np.ndarray
    real_labels: np.ndarray


def embedding_figure(
    key: str, title: str, clouds: Sequence[Cloud], note: str, shared: bool
) -> Figure:
    """One panel per cloud; colours are classes.

    Args:
        shared: whether all clouds lie in one plane.

    Raises:
        BadValue: no clouds, or points that are not in a plane.
    """
    for points in (points for cloud in clouds for points in (cloud.real, cloud.points)):
        if points.ndim != 2 or points.shape[1] != 2:
            raise BadValue(f"embedding: expected points (n, 2), given {points.shape}")
    if not clouds:
        raise BadValue("embedding: expected at least one synthetic set, given none")

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(clouds), sharex=shared, sharey=shared, squeeze=False)
        for axes, cloud in zip(grid[0], clouds, strict=True):
            _panel(axes, cloud)
        canvas.supxlabel(
            fill(note, WIDTH * len(clouds)), fontsize=8, color=MUTED, x=0.01, ha="left"
        )

    return render(key, title, (4.1 * len(clouds) + 0.2, 4.85), draw)


def _panel(axes: "Axes", cloud: Cloud) -> None:
    colours = matplotlib.colormaps["tab10"]
    axes.scatter(
        cloud.real[:, 0], cloud.real[:, 1], s=6, c=colours(cloud.real_labels % 10), alpha=0.28,
        linewidths=0, zorder=1,
    )  # fmt: skip
    axes.scatter(
        cloud.points[:, 0], cloud.points[:, 1], s=46, marker="*", c=colours(cloud.labels % 10),
        edgecolors=INK, linewidths=0.7, zorder=2,
    )  # fmt: skip
    axes.set_title(cloud.measured.row)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(_summary(cloud.measured), fontsize=8.5)
    for side in axes.spines.values():
        side.set_color(RULE)


def _summary(m: Measured) -> str:
    recall = "–" if m.recall is None else f"{fixed(100 * m.recall)} %"
    return (
        f"precision {fixed(100 * m.precision)} %, recall {recall}\n"
        f"coverage {fixed(100 * m.coverage)} %, W2 {fixed(m.w2, 2)}"
    )


def closeness_table(key: str, title: str, rows: Sequence[Measured]) -> Table:
    """The numbers that the picture leaves to the eye."""
    columns = (
        Column("row", "text"),
        Column("images"),
        Column("precision, %", parts=("precision",)),
        Column("recall, %", parts=("recall",)),
        Column("coverage, %", parts=("coverage",)),
        Column("W2", parts=("w2",)),
    )
    lines = tuple(
        Line(
            (
                text(m.row),
                number(m.images, 0),
                percent(m.precision),
                percent(m.recall),
                percent(m.coverage),
                number(m.w2, 2),
            )
        )
        for m in rows
    )
    return Table(key, title, columns, lines, NOTES)
