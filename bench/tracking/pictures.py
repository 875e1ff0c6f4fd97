"""Pictures of a cell: its synthetic set, how that came about, and what its student confuses."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from bench.artifacts import SyntheticSet
    from bench.labels import Score

ROWS, COLUMNS, SIDE, GAP = 10, 10, 64, 2
TILE, MOST = 30, 30  # pixels of one entry of a confusion matrix; classes up to which it is lettered


def save_grid(synthetic: "SyntheticSet", path: Path) -> None:
    """Writes a PNG of at most 10 classes x 10 images, a row per class, each 64 pixels wide."""
    labels = synthetic.labels.tolist()
    by_class: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        by_class.setdefault(label, []).append(index)
    shown = [indices[:COLUMNS] for _, indices in sorted(by_class.items())[:ROWS]]
    canvas = _tiles([[synthetic.images[index] for index in row] for row in shown])
    canvas.save(path, compress_level=1)


def save_strip(images: "Tensor", png: Path, webp: Path) -> None:
    """Writes (n, ch, H, W) uint8 images side by side, in two formats."""
    canvas = _tiles([list(images)])
    canvas.save(png, compress_level=1)
    canvas.save(webp, method=0, quality=80)


def save_confusion(score: "Score", path: Path) -> None:
    """Writes a PNG: a row per class, a column per prediction, darker the larger its share."""
    from PIL import Image, ImageDraw

    counts = score.confusion
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    classes = len(counts)
    tile = TILE if classes <= MOST else max(1, 900 // classes)
    shades = (255 * (1 - 0.8 * shares)).round().byte().numpy()
    picture = Image.fromarray(shades, "L").resize((classes * tile,) * 2, Image.Resampling.NEAREST)
    if classes <= MOST:
        draw = ImageDraw.Draw(picture)
        for row, line in enumerate(counts.tolist()):
            for column, count in enumerate(line):
                centre = ((column + 0.5) * tile, (row + 0.5) * tile)
                if count:
                    draw.text(
                        centre,
                        str(count),
                        fill=255 if shares[row, column] > 0.5 else 0,
                        anchor="mm",
                    )
    picture.save(path, compress_level=1)


def _tiles(rows: "Sequence[Sequence[Tensor]]") -> "Image":
    """Images in rows, each 64 pixels wide."""
    import numpy as np
    import PIL.Image

    width = max((len(row) for row in rows), default=0)
    pitch = SIDE + GAP
    small = any(image.shape[-1] < SIDE for row in rows for image in row)
    method = PIL.Image.Resampling.NEAREST if small else PIL.Image.Resampling.BILINEAR
    canvas = PIL.Image.new("RGB", (width * pitch + GAP, len(rows) * pitch + GAP), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            pixels = image.permute(1, 2, 0).cpu().numpy()  # (H, W, ch)
            if pixels.shape[2] != 3:
                pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
            tile = PIL.Image.fromarray(np.ascontiguousarray(pixels)).resize((SIDE, SIDE), method)
            canvas.paste(tile, (x * pitch + GAP, y * pitch + GAP))
    return canvas
