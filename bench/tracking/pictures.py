"""Synthetic sets as one picture: a row per class, its first images side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.artifacts import SyntheticSet

ROWS, COLUMNS, SIDE, GAP = 10, 10, 64, 2


def save_grid(synthetic: "SyntheticSet", path: Path) -> None:
    """Writes a PNG of at most 10 classes x 10 images, each 64 pixels wide."""
    import numpy as np
    from PIL import Image

    labels = synthetic.labels.tolist()
    by_class: dict[int, list[int]] = {}
    for index, label in enumerate(labels):
        by_class.setdefault(label, []).append(index)
    shown = [indices[:COLUMNS] for _, indices in sorted(by_class.items())[:ROWS]]
    width = max((len(row) for row in shown), default=0)
    pitch, small = SIDE + GAP, synthetic.images.shape[-1] < SIDE
    method = Image.Resampling.NEAREST if small else Image.Resampling.BILINEAR
    canvas = Image.new("RGB", (width * pitch + GAP, len(shown) * pitch + GAP), "white")
    for y, row in enumerate(shown):
        for x, index in enumerate(row):
            pixels = synthetic.images[index].permute(1, 2, 0).cpu().numpy()  # (H, W, ch)
            if pixels.shape[2] != 3:
                pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
            tile = Image.fromarray(np.ascontiguousarray(pixels)).resize((SIDE, SIDE), method)
            canvas.paste(tile, (x * pitch + GAP, y * pitch + GAP))
    canvas.save(path, compress_level=1)
