"""Grids of synthetic images as labelled PNG, tiny images scaled up by whole factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.core.errors import BadValue

TILE = 56  # pixels that an image's longer side reaches at least
PREVIEW = 96  # and at most, in the page
COLUMNS = 10  # classes side by side
CLASSES = 50  # classes that a grid shows at most
GAP, LABEL = 3, 19  # pixels between images, and for a class's name
INK = (120, 126, 134, 255)  # readable on light and on dark pages


@dataclass(frozen=True)
class Grid:
    """A drawn grid with a caption that says what it leaves out.

    Attributes:
        png: every pixel, as a file of its own.
        preview: WebP for the page, reduced where the images are large.
    """

    key: str
    title: str
    caption: str
    png: bytes
    preview: bytes


@cache
def label_font() -> ImageFont.FreeTypeFont:
    """DejaVu, which has Greek letters and comes with Matplotlib."""
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(path, size=12)


def grid(key: str, title: str, images: np.ndarray, names: Sequence[str] = ()) -> Grid:
    """Classes from left to right in blocks of ten, slots from top to bottom.

    Args:
        images: (C, m, H, W, ch) uint8 with 1 or 3 channels.
        names: names of the classes; their numbers where there are none.

    Raises:
        BadValue: for another shape or type, or names that do not fit.
    """
    _check(images, names)
    classes, per_class, height, width, _ = images.shape
    shown = min(classes, CLASSES)
    factor = max(1, -(-TILE // max(height, width)))
    tile = (height * factor, width * factor)
    columns = min(shown, COLUMNS)
    block = LABEL + per_class * (tile[0] + GAP) + GAP
    blocks = -(-shown // columns)
    canvas = Image.new(
        "RGBA", (columns * (tile[1] + GAP) - GAP, blocks * block - GAP), (0, 0, 0, 0)
    )
    draw, font = ImageDraw.Draw(canvas), label_font()
    for k in range(shown):
        x, y = k % columns * (tile[1] + GAP), k // columns * block
        name = fitting(names[k] if names else str(k), tile[1], font)
        draw.text((x + tile[1] / 2, y + 2), name, fill=INK, font=font, anchor="ma")
        for j in range(per_class):
            canvas.paste(enlarged(images[k, j], factor), (x, y + LABEL + j * (tile[0] + GAP)))
    caption = _caption(images, shown, factor)
    return Grid(key, title, caption, encoded(canvas, "PNG"), preview_of(canvas, max(tile)))


def preview_of(canvas: Image.Image, tile: int) -> bytes:
    if tile <= PREVIEW:
        return encoded(canvas, "WEBP", lossless=True)
    size = (canvas.width * PREVIEW // tile, canvas.height * PREVIEW // tile)
    return encoded(canvas.resize(size, Image.Resampling.LANCZOS), "WEBP", lossless=False)


def encoded(canvas: Image.Image, kind: str, lossless: bool = True) -> bytes:
    out = BytesIO()
    canvas.save(out, format=kind, lossless=lossless, quality=88)
    return out.getvalue()


def enlarged(image: np.ndarray, factor: int) -> Image.Image:
    flat = image[..., 0] if image.shape[-1] == 1 else image
    picture = Image.fromarray(np.ascontiguousarray(flat)).convert("RGBA")
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST)


def fitting(name: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The name, cut with an ellipsis where it is wider than its images."""
    if font.getlength(name) <= width:
        return name
    while name and font.getlength(name + "…") > width:
        name = name[:-1]
    return name + "…"


def _caption(images: np.ndarray, shown: int, factor: int) -> str:
    classes, per_class, height, width, _ = images.shape
    parts = [f"{shown} of {classes} classes" if shown < classes else f"{classes} classes"]
    parts.append(f"{per_class} per class, {width} × {height} px")
    parts += [f"shown {factor} times larger"] if factor > 1 else []
    return ", ".join(parts)


def _check(images: np.ndarray, names: Sequence[str]) -> None:
    fits = images.ndim == 5 and images.shape[-1] in (1, 3) and 0 not in images.shape
    if not fits or images.dtype != np.uint8:
        raise BadValue(
            "grid: expected (C, m, H, W, ch) uint8 with 1 or 3 channels, "
            f"given {images.shape} {images.dtype}"
        )
    if names and len(names) != len(images):
        raise BadValue(f"grid: expected {len(images)} class names, given {len(names)}")
