"""Grids show classes as rows, and no more than ten by ten."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.artifacts.values import SyntheticSet
from bench.storage.store import ArtifactSpec, Store
from bench.tracking.pictures import GAP, SIDE, TILE, confusion, draw, tiles
from bench.tracking.sheets import Sheet, read
from bench.tracking.shown import shown


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


def grid(
    folder: Path, made: SyntheticSet, mean: Sequence[float] = (), std: Sequence[float] = ()
) -> np.ndarray:
    """What is drawn of a synthetic set in a store."""
    store, scratch = Store(folder / "store"), folder / "scratch"
    scratch.mkdir()
    store.get_or_make(ArtifactSpec("a" * 64, "recover", SyntheticSet), lambda: made)
    data = [{"mean": list(mean), "std": list(std)}]
    opening = {"cell": "cell", "address": "a" * 64, "tags": {}, "data": data}
    sheet = Sheet(folder, "c" * 64, 1, opening)
    sheet.add({"stage": "recover", "address": "a" * 64, "hit": True})
    attempt = read(sheet.path)
    assert attempt is not None
    (path,) = shown(attempt, store, scratch).files
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (3, 128)])
def test_each_row_is_one_class(tmp_path: Path, channels: int, side: int) -> None:
    pixels = grid(tmp_path, synthetic(3, 2, channels, side))
    pitch = SIDE + GAP
    assert pixels.shape == (3 * pitch + GAP, 2 * pitch + GAP, 3)
    centres = pixels[GAP + SIDE // 2 :: pitch, GAP + SIDE // 2 :: pitch, 0]
    assert centres.tolist() == [[0, 0], [10, 10], [20, 20]]


def test_floats_are_drawn_clamped_to_pixels(tmp_path: Path) -> None:
    made = synthetic(3, 1, 1, 8)
    levels = torch.tensor([-9.0, 0.0, 9.0]).reshape(3, 1, 1, 1).expand(3, 1, 8, 8)
    pixels = grid(tmp_path, replace(made, images=levels), (0.4,), (0.2,))
    centres = pixels[GAP + SIDE // 2 :: SIDE + GAP, GAP + SIDE // 2, 0]
    assert centres.tolist() == [0, 102, 255]


def test_large_sets_are_cut_to_ten_by_ten(tmp_path: Path) -> None:
    assert grid(tmp_path, synthetic(12, 11, 1, 8)).shape == (10 * (SIDE + GAP) + GAP,) * 2 + (3,)


def test_a_short_row_leaves_the_next_in_its_place() -> None:
    images = np.stack([np.full((1, 8, 8), level, np.uint8) for level in (10, 20, 30)])
    canvas = np.asarray(tiles(images, [1, 2]))
    pitch = SIDE + GAP
    centres = canvas[GAP + SIDE // 2 :: pitch, GAP + SIDE // 2 :: pitch, 0]
    assert centres.tolist() == [[10, 255], [20, 30]]


def test_a_row_of_the_confusion_is_shaded_by_its_shares(tmp_path: Path) -> None:
    draw("confusion", np.array([[1, 0, 1], [0, 1, 0], [1, 0, 0]]), [], tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        corners = [
            image.getpixel((x * TILE + 1, y * TILE + 1)) for x, y in ((0, 0), (1, 1), (1, 0))
        ]
    assert corners == [153, 51, 255]  # a half, all, none


def test_many_classes_are_shaded_without_letters() -> None:
    picture = confusion(np.eye(200, dtype=np.int64))
    assert picture.size == (800, 800)
    assert picture.getpixel((1, 1)) == 51
