"""Pictures of a cell, drawn from arrays: images in rows, and what a student confuses.

Needs no torch, since the process that draws them has none.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw

SIDE, GAP = 64, 2
TILE, MOST = 30, 30  # pixels of one entry of a confusion matrix; classes up to which it is lettered


def draw(kind: str, draft: NDArray[np.generic], rows: Sequence[int], path: Path) -> None:
    """Writes a picture, in the format that the name ends in.

    Args:
        kind: `tiles` or `confusion`.
        draft: (n, ch, H, W) uint8 images, or (classes, classes) counts.
        rows: how many of the images stand in each row of tiles.
        path: PNG or WebP file.
    """
    picture = confusion(draft) if kind == "confusion" else tiles(draft, rows)
    if path.suffix == ".webp":
        picture.save(path, method=0, quality=80)
    else:
        picture.save(path, compress_level=1)


def tiles(images: NDArray[np.generic], rows: Sequence[int]) -> PIL.Image.Image:
    """(n, ch, H, W) uint8 images in rows, each 64 pixels wide."""
    pitch = SIDE + GAP
    method = PIL.Image.Resampling.BILINEAR
    if images.shape[-1] < SIDE:
        method = PIL.Image.Resampling.NEAREST
    size = (max(rows, default=0) * pitch + GAP, len(rows) * pitch + GAP)
    canvas, given = PIL.Image.new("RGB", size, "white"), iter(images)
    for y, count in enumerate(rows):
        for x, image in zip(range(count), given, strict=False):
            pixels = image.transpose(1, 2, 0)  # (H, W, ch)
            if pixels.shape[2] != 3:
                pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
            tile = PIL.Image.fromarray(np.ascontiguousarray(pixels)).resize((SIDE, SIDE), method)
            canvas.paste(tile, (x * pitch + GAP, y * pitch + GAP))
    return canvas


def confusion(counts: NDArray[np.generic]) -> PIL.Image.Image:
    """A row per class, a column per prediction, darker the larger its share of the row."""
    shares = counts / counts.sum(1, keepdims=True).clip(min=1)
    classes = len(counts)
    tile = TILE if classes <= MOST else max(1, 900 // classes)
    shades = (255 * (1 - 0.8 * shares)).round().astype(np.uint8)
    size = (classes * tile, classes * tile)
    picture = PIL.Image.fromarray(shades, "L").resize(size, PIL.Image.Resampling.NEAREST)
    if classes > MOST:
        return picture
    pen = ImageDraw.Draw(picture)
    for row, column in zip(*np.nonzero(counts), strict=True):
        centre = ((column + 0.5) * tile, (row + 0.5) * tile)
        fill = 255 if shares[row, column] > 0.5 else 0
        pen.text(centre, str(counts[row, column]), fill=fill, anchor="mm")
    return picture
