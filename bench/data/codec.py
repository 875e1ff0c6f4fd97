"""How synthetic images are stored: what survives the codec, and the bytes it takes."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.core.errors import BadValue

Codec = Literal["jpeg-q75", "png"]
CHUNK = 512  # images that are in memory as files and as arrays at the same time


def encode_decode(images: Tensor, codec: Codec) -> tuple[Tensor, int]:
    """The images as they come back from disk, and the bytes of all files together.

    "jpeg-q75" is Pillow's JPEG at quality 75 with 4:2:0 chroma, as the released code of SRe2L and
    WMDD saves; "png" is lossless. The device of the images is kept. They are in memory once more
    than before, whatever their number: files live for a chunk of images at a time.

    Args:
        images: (M, ch, H, W) uint8 with 1 or 3 channels.

    Raises:
        BadValue: another codec, type or number of channels.
    """
    if codec not in ("jpeg-q75", "png"):
        raise BadValue(f"codec: expected 'jpeg-q75' or 'png', given {codec!r}")
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise BadValue(
            "codec: expected (M, 1 or 3, H, W) uint8, "
            f"given {tuple(images.shape)} {str(images.dtype).removeprefix('torch.')}"
        )
    if not len(images):
        return images.clone(), 0
    decoded, total = torch.empty(images.shape, dtype=torch.uint8), 0
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(images), CHUNK):
            pixels = images[start : start + CHUNK].permute(0, 2, 3, 1).cpu().numpy()
            coded = pool.map(lambda image: _round_trip(image, codec), pixels)  # (H, W, ch) each
            for index, (image, size) in enumerate(coded, start):
                decoded[index] = torch.from_numpy(image.copy()).permute(2, 0, 1)
                total += size
    return decoded.to(images.device), total


def _round_trip(pixels: np.ndarray, codec: Codec) -> tuple[np.ndarray, int]:
    """One image (H, W, ch) through the codec, and its size in bytes."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    file = BytesIO()
    if codec == "jpeg-q75":
        image.save(file, "JPEG", quality=75, subsampling="4:2:0")
    else:
        image.save(file, "PNG")
    size = len(file.getvalue())
    with Image.open(file) as again:
        return np.asarray(again).reshape(pixels.shape), size
