"""Strips of images: one line per row of a study, one column per class, for eyes that compare."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from bench.core.errors import BadValue
from reports.figures.grids import (
    CLASSES,
    COLUMNS,
    GAP,
    INK,
    LABEL,
    TILE,
    Grid,
    encoded,
    enlarged,
    fitting,
    label_font,
    preview_of,
)

SIDE = 150  # pixels for the names of the rows


def strip(key: str, title: str, rows: Mapping[str, np.ndarray], names: Sequence[str] = ()) -> Grid:
    """The first image of each class, rows from top to bottom, classes in blocks of ten.

    Args:
        rows: name -> (C, m, H, W, ch) uint8, all of one shape but for m.
        names: names of the classes; their numbers where there are none.

    Raises:
        BadValue: no rows, or images of different shapes.
    """
    images = {name: array[:, 0] for name, array in rows.items()}
    shapes = {array.shape for array in images.values()}
    if len(shapes) != 1:
        raise BadValue(f"strip: expected images of one shape, given {sorted(shapes)}")
    classes, height, width, _ = shapes.pop()
    shown = min(classes, CLASSES)
    factor = max(1, -(-TILE // max(height, width)))
    tile = (height * factor, width * factor)
    columns = min(shown, COLUMNS)
    block = LABEL + len(images) * (tile[0] + GAP) + GAP
    size = (SIDE + columns * (tile[1] + GAP) - GAP, -(-shown // columns) * block - GAP)
    canvas = Image.new("RGBA", size, (0, 0, 0, 0))
    draw, font = ImageDraw.Draw(canvas), label_font()
    for k in range(shown):
        x, y = SIDE + k % columns * (tile[1] + GAP), k // columns * block
        name = fitting(names[k] if names else str(k), tile[1], font)
        draw.text((x + tile[1] / 2, y + 2), name, fill=INK, font=font, anchor="ma")
        for j, (label, array) in enumerate(images.items()):
            top = y + LABEL + j * (tile[0] + GAP)
            canvas.paste(enlarged(array[k], factor), (x, top))
            if k % columns == 0:
                place = (SIDE - 10, top + tile[0] / 2)
                shortened = fitting(label, SIDE - 10, font)
                draw.text(place, shortened, fill=INK, font=font, anchor="rm")
    caption = f"{shown} of {classes} classes" if shown < classes else f"{classes} classes"
    caption += f", one image each, {width} × {height} px"
    caption += f", shown {factor} times larger" if factor > 1 else ""
    return Grid(key, title, caption, encoded(canvas, "PNG"), preview_of(canvas, max(tile)))
