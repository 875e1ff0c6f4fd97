"""Grids show classes as rows, and no more than ten by ten."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.artifacts import SyntheticSet
from bench.tracking.pictures import GAP, SIDE, save_grid


def synthetic(classes: int, ipc: int, channels: int, side: int) -> SyntheticSet:
    count = classes * ipc
    labels = torch.arange(classes).repeat_interleave(ipc)
    level = (labels * 10).to(torch.uint8).reshape(-1, 1, 1, 1)
    return SyntheticSet(
        level.expand(count, channels, side, side).contiguous(),
        labels,
        torch.arange(ipc).repeat(classes),
        torch.ones(count),
        0,
    )


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (3, 128)])
def test_each_row_is_one_class(tmp_path: Path, channels: int, side: int) -> None:
    save_grid(synthetic(3, 2, channels, side), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        pixels = np.asarray(image)
    pitch = SIDE + GAP
    assert pixels.shape == (3 * pitch + GAP, 2 * pitch + GAP, 3)
    centres = pixels[GAP + SIDE // 2 :: pitch, GAP + SIDE // 2 :: pitch, 0]
    assert centres.tolist() == [[0, 0], [10, 10], [20, 20]]


def test_large_sets_are_cut_to_ten_by_ten(tmp_path: Path) -> None:
    save_grid(synthetic(12, 11, 1, 8), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (10 * (SIDE + GAP) + GAP,) * 2
