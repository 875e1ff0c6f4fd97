"""Figure 1: barycenters of rings and crosses, computed and drawn; it needs no study."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.figures.drawing import Figure

TITLE = "Figure 1: barycenters of rings and crosses"


def figure1() -> "Figure":
    """Rings and crosses with their barycenters under KL, MMD and Wasserstein."""
    from bench.transport.toy_shapes import figure_1_panels
    from reports.figures.shape_figure import shape_figure

    panels = figure_1_panels()
    return shape_figure("figure1", TITLE, {k: (p.inputs, p.barycenters) for k, p in panels.items()})
