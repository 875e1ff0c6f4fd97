"""Decoding of one image file to 8-bit RGB, and fitting of an image to a square.

Rules for other modes, all counted by the cache: grey is replicated; CMYK and YCbCr go through
Pillow's conversion; palettes are looked up; alpha is composited over black; 16-bit grey is scaled
by 1/257 (Pillow would clip it). EXIF orientation is ignored, as torchvision's loader does.
Pillow alone decodes and resizes: its integer arithmetic gives equal pixels on every machine.
"""

from pathlib import Path
from struct import error as StructError

import numpy as np
from PIL import Image

from bench.core.errors import BadData

BROKEN = (OSError, SyntaxError, ValueError, EOFError, StructError, Image.DecompressionBombError)


def decode(path: Path) -> tuple[Image.Image, str]:
    """An RGB image and, if it had to be converted, the mode it had.

    Raises:
        BadData: the file is no complete image; names the file.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return rgb(image), "" if image.mode == "RGB" else image.mode
    except BROKEN as error:
        size = path.stat().st_size if path.exists() else 0
        raise BadData(
            f"cannot decode {path}: expected a complete image, given {size} bytes "
            f"({error}); replace or delete that file, then prepare the data set again"
        ) from error


def rgb(image: Image.Image) -> Image.Image:
    """An image of any mode in 8-bit RGB, by the rules above.

    Raises:
        ValueError: floats, or integers of more than 16 bits.
    """
    if image.mode == "RGB":
        return image.copy()
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64)
        if wide.min() < 0 or wide.max() > 65535:
            raise ValueError(f"mode {image.mode} with values outside 0..65535")
        return Image.fromarray(((wide + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError("mode F (floating point) is not supported")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        black = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, clear).convert("RGB")
    return image.convert("RGB")


def fit(image: Image.Image, side: int, centre: int | None = None) -> Image.Image:
    """The centre square of an image whose shorter side was resized to `side`, as torchvision.

    Args:
        centre: side of the square that is cut out; `side` itself where it is None.
    """
    wanted = side if centre is None else centre
    image = shortened(image, side)
    width, height = image.size
    if (width, height) == (wanted, wanted):
        return image
    left, top = round((width - wanted) / 2), round((height - wanted) / 2)
    return image.crop((left, top, left + wanted, top + wanted))


def shortened(image: Image.Image, side: int) -> Image.Image:
    """Resizes the shorter side (bilinear, antialiased) and keeps the aspect, as torchvision."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    if short == side:
        return image
    other = int(side * long / short)
    size = (side, other) if width <= height else (other, side)
    return image.resize(size, Image.Resampling.BILINEAR)
