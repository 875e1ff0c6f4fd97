"""Images of every mode become 8-bit RGB by documented rules; others are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import BadData
from bench.data.sources.decode import decode, fit


def saved(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def first_pixel(path: Path) -> tuple[tuple[int, ...], str]:
    image, mode = decode(path)
    assert image.mode == "RGB"
    return tuple(np.asarray(image)[0, 0].tolist()), mode


def test_rgb_is_untouched(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    image, mode = decode(saved(Image.fromarray(pixels), tmp_path / "a.png"))
    assert mode == ""
    assert (np.asarray(image) == pixels).all()


def test_grey_is_replicated(tmp_path: Path) -> None:
    path = saved(Image.new("L", (2, 2), 77), tmp_path / "a.png")
    assert first_pixel(path) == ((77, 77, 77), "L")


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (257, 1), (128 * 257, 128), (65535, 255)])
def test_16_bit_grey_is_scaled_not_clipped(value: int, expected: int, tmp_path: Path) -> None:
    path = saved(Image.fromarray(np.full((2, 2), value, dtype=np.uint16)), tmp_path / "a.png")
    assert first_pixel(path)[0] == (expected,) * 3


def test_alpha_is_over_black(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (2, 2), (200, 100, 50, 0))
    solid = Image.new("RGBA", (2, 2), (200, 100, 50, 255))
    assert first_pixel(saved(clear, tmp_path / "a.png")) == ((0, 0, 0), "RGBA")
    assert first_pixel(saved(solid, tmp_path / "b.png")) == ((200, 100, 50), "RGBA")


def test_transparent_palette_entry_is_over_black(tmp_path: Path) -> None:
    image = Image.new("P", (2, 2), 1)
    image.putpalette([9, 9, 9, 200, 100, 50])
    opaque = saved(image, tmp_path / "a.png")
    image.save(tmp_path / "b.png", transparency=1)
    assert first_pixel(opaque) == ((200, 100, 50), "P")
    assert first_pixel(tmp_path / "b.png") == ((0, 0, 0), "P")


def test_cmyk_is_converted(tmp_path: Path) -> None:
    path = saved(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), tmp_path / "a.jpg")
    assert first_pixel(path) == ((255, 255, 255), "CMYK")


def test_floating_point_is_refused_by_name(tmp_path: Path) -> None:
    path = saved(Image.new("F", (2, 2), 0.5), tmp_path / "a.tiff")
    with pytest.raises(BadData, match=r"a\.tiff.*floating point"):
        decode(path)


def test_image_of_the_right_size_is_not_resampled() -> None:
    image = Image.new("RGB", (16, 16), 5)
    assert fit(image, 16) is image


def test_centre_is_kept() -> None:
    pixels = np.zeros((4, 8), dtype=np.uint8)
    pixels[:, 2:6] = 9
    assert (np.asarray(fit(Image.fromarray(pixels), 4)) == 9).all()
