"""How figures are drawn, as SVG and PNG: ours without pyplot, those of a library on its canvas.

The same input gives the same bytes.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure as Canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, RULE = "#24292f", "#6e7681", "#d8dce1"
OURS, PAPER, PAGE = "#2a6fbb", "#c2702c", "#ffffff"


@dataclass(frozen=True)
class Figure:
    """A drawn figure: vector for the page, pixels for slides and trackers."""

    key: str
    title: str
    svg: bytes
    png: bytes


def short(label: str, limit: int = 40) -> str:
    """A label on one line, cut with an ellipsis so that it leaves room for the drawing."""
    flat = " ".join(label.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def render(
    key: str, title: str, size: tuple[float, float], draw: Callable[[Canvas], None]
) -> Figure:
    """What `draw` puts on a canvas of `size` inches."""
    with _styled():
        canvas = Canvas(figsize=size, layout="constrained")
        draw(canvas)
        return _saved(key, title, canvas)


def render_made(
    key: str, title: str, size: tuple[float, float], draw: "Callable[[], Axes | np.ndarray]"
) -> Figure:
    """What a library draws on a canvas that it makes with pyplot: its axes, one or an array."""
    from matplotlib import pyplot

    with _styled():
        matplotlib.rc("figure", figsize=size)
        matplotlib.rc("figure.constrained_layout", use=True)
        made = draw()
        canvas = (made.flat[0] if isinstance(made, np.ndarray) else made).figure
        assert isinstance(canvas, Canvas)
        canvas.set_size_inches(size)
        try:
            return _saved(key, title, canvas)
        finally:
            pyplot.close(canvas)


@contextmanager
def _styled() -> Iterator[None]:
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        _style()
        yield


def _saved(key: str, title: str, canvas: Canvas) -> Figure:
    svg, png = BytesIO(), BytesIO()
    canvas.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    canvas.set_layout_engine("none")  # both forms have the layout of the first
    canvas.savefig(png, format="png", dpi=160, facecolor=PAGE, metadata={"Software": None})
    return Figure(key, title, svg.getvalue(), png.getvalue())


def _style() -> None:
    """Defaults, then ours; labels are text, never mathematics, since users choose them."""
    matplotlib.rcdefaults()
    matplotlib.rc("font", family="sans-serif", size=9.5)
    matplotlib.rc("text", parse_math=False, color=INK)
    matplotlib.rc("axes", titlesize=10.5, titleweight="bold", titlelocation="left", titlepad=15)
    matplotlib.rc("axes", labelcolor=INK, titlecolor=INK, facecolor="none")
    matplotlib.rc("figure", facecolor="none")
    matplotlib.rc("xtick", color=INK)
    matplotlib.rc("ytick", color=INK)
    matplotlib.rc("svg", fonttype="none", hashsalt="report")
