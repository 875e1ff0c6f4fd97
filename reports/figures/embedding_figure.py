"""Figure 4: real and synthetic features in one plane, method beside method, with their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Canvas

from bench.core.errors import BadValue
from reports.figures.drawing import INK, MUTED, RULE, Figure, render
from reports.tables.entries import Column, Line, Table, fixed, number, percent, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTES = (
    "Precision: share of synthetic features within reach of a real one; recall: share of real ones "
    "within reach of a synthetic one; coverage: share of real ones with a synthetic one within "
    "their own reach. A point reaches its third nearest neighbour of its own kind: a few synthetic "
    "points reach far, which drives recall to 100 %, and cannot cover many real ones.",
    "W2: root mean over classes of the squared Wasserstein distance between features; lower is "
    "closer. All on the teacher's penultimate features, one seed.",
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
    """Synthetic points (m, 2) of one row with their classes (m,)."""

    measured: Measured
    points: np.ndarray
    labels: np.ndarray


def embedding_figure(
    key: str, title: str, real: np.ndarray, labels: np.ndarray, clouds: Sequence[Cloud], note: str
) -> Figure:
    """One panel per cloud over the same real points (n, 2); colours are classes.

    Raises:
        BadValue: no clouds, or points that are not in a plane.
    """
    for points in (real, *(cloud.points for cloud in clouds)):
        if points.ndim != 2 or points.shape[1] != 2:
            raise BadValue(f"embedding: expected points (n, 2), given {points.shape}")
    if not clouds:
        raise BadValue("embedding: expected at least one synthetic set, given none")

    def draw(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)
        for axes, cloud in zip(grid[0], clouds, strict=True):
            _panel(axes, real, labels, cloud)
        canvas.supxlabel(note, fontsize=8, color=MUTED, x=0.01, ha="left")

    return render(key, title, (4.1 * len(clouds) + 0.2, 4.7), draw)


def _panel(axes: "Axes", real: np.ndarray, labels: np.ndarray, cloud: Cloud) -> None:
    colours = matplotlib.colormaps["tab10"]
    axes.scatter(
        real[:, 0], real[:, 1], s=6, c=colours(labels % 10), alpha=0.28, linewidths=0, zorder=1
    )
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
