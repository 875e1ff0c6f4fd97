"""Figure 1: shapes and their barycenters under several distances, drawn as densities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure as Canvas

from bench.core.errors import BadValue
from reports.figures.drawing import MUTED, RULE, Figure, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shapes = tuple[np.ndarray, Mapping[str, np.ndarray]]  # (N, S, S) inputs; distance -> (S, S)
NOTE = (
    "Minimisers of the mean distance to the inputs. KL: the mean of the densities. MMD: the mean "
    "of the Gaussian kernel means.\nWasserstein: free support, exact transport. KL and MMD "
    "superimpose the inputs; Wasserstein moves them onto one shape."
)


def shape_figure(key: str, title: str, shapes: Mapping[str, Shapes]) -> Figure:
    """One row per kind of shape: its inputs, a gap, then one barycenter per distance.

    Raises:
        BadValue: no shapes, or kinds with different numbers of inputs or other distances.
    """
    kinds = list(shapes.values())
    layouts = {(len(inputs), tuple(found)) for inputs, found in kinds}
    if len(layouts) != 1:
        raise BadValue(f"shapes: expected one layout of inputs and distances, given {layouts}")
    count, distances = layouts.pop()
    titles = [f"input {i + 1}" for i in range(count)] + [""] + list(distances)

    def draw(canvas: Canvas) -> None:
        widths = [1.0] * count + [0.25] + [1.25] * len(distances)
        grid = canvas.subplots(len(kinds), len(widths), width_ratios=widths, squeeze=False)
        for row, (name, (inputs, found)) in zip(grid, shapes.items(), strict=True):
            row[count].set_axis_off()
            for axes, image in zip(row[:count], inputs, strict=True):
                _show(axes, image)
            for axes, image in zip(row[count + 1 :], found.values(), strict=True):
                _show(axes, image)
            row[0].set_ylabel(name, color=MUTED)
        for axes, heading in zip(grid[0], titles, strict=True):
            axes.set_title(heading, fontsize=9, pad=4, fontweight="normal", loc="center")
        canvas.supxlabel(NOTE, fontsize=8, color=MUTED, x=0.01, ha="left")

    return render(key, title, (9.4, 1.45 * len(kinds) + 0.7), draw)


def _show(axes: "Axes", image: np.ndarray) -> None:
    axes.imshow(image, cmap="Blues", vmin=0, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(RULE)
