"""Grids of images: pixels stay what they are, scaled by whole factors."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from report_frames import digit_grid

from bench.core.errors import BadValue
from reports.figures.grids import GAP, LABEL, grid


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png))


def test_tiny_images_are_scaled_by_a_whole_factor() -> None:
    made = grid("k", "T", digit_grid())
    pixels = np.asarray(opened(made.png))
    first = digit_grid()[0, 0, ..., 0].repeat(7, axis=0).repeat(7, axis=1)
    assert (pixels[LABEL : LABEL + 56, :56, 0] == first).all()
    assert made.caption == "10 classes, 2 per class, 8 × 8 px, shown 7 times larger"


def test_colours_survive() -> None:
    images = np.zeros((1, 1, 64, 64, 3), np.uint8)
    images[..., 1] = 200
    pixels = np.asarray(opened(grid("k", "T", images).png))
    assert tuple(pixels[LABEL + 5, 5]) == (0, 200, 0, 255)


def test_classes_wrap_in_blocks_of_ten_and_are_limited() -> None:
    made = grid("k", "T", np.zeros((120, 1, 56, 56, 1), np.uint8))
    assert opened(made.png).size == (10 * (56 + GAP) - GAP, 5 * (LABEL + 56 + 2 * GAP) - GAP)
    assert made.caption.startswith("50 of 120 classes")


def test_large_images_are_reduced_in_the_page_only() -> None:
    made = grid("k", "T", np.zeros((2, 1, 224, 224, 3), np.uint8))
    assert opened(made.png).width == 2 * 224 + GAP
    assert opened(made.preview).width == 451 * 96 // 224


def test_long_names_are_cut() -> None:
    grid("k", "T", digit_grid(), ["a very long class name indeed <b>"] * 10)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 1, 8, 8), np.uint8),
        np.zeros((2, 1, 8, 8, 2), np.uint8),
        np.zeros((2, 1, 8, 8, 3), np.float32),
        np.zeros((0, 1, 8, 8, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(images: np.ndarray) -> None:
    with pytest.raises(BadValue, match=r"expected \(C, m, H, W, ch\) uint8"):
        grid("k", "T", images)


def test_names_must_fit() -> None:
    with pytest.raises(BadValue, match="expected 10 class names, given 2"):
        grid("k", "T", digit_grid(), ["a", "b"])
