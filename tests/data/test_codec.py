"""Stored images come back as a reader of the files would see them, with their size in bytes."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor

from bench.core.errors import BadValue
from bench.data.codec import encode_decode


def images(*shape: int) -> Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=Generator().manual_seed(0))


def test_jpeg_is_pillows_at_its_default_quality() -> None:
    given = images(3, 3, 24, 20)
    out, size = encode_decode(given, "jpeg-q75")
    total = 0
    for image, decoded in zip(given, out, strict=True):
        file = BytesIO()
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG")
        total += len(file.getvalue())
        assert (np.asarray(Image.open(file)) == decoded.permute(1, 2, 0).numpy()).all()
    assert size == total
    assert not torch.equal(out, given)


def test_png_is_lossless() -> None:
    given = images(2, 3, 9, 7)
    out, size = encode_decode(given, "png")
    assert torch.equal(out, given)
    assert size > given.numel()  # noise does not compress


@pytest.mark.parametrize("codec", ["jpeg-q75", "png"])
def test_grey_images_keep_one_channel(codec: str) -> None:
    out, _ = encode_decode(torch.full((2, 1, 16, 16), 128, dtype=torch.uint8), codec)
    assert out.shape == (2, 1, 16, 16)
    assert (out == 128).all()


def test_second_jpeg_of_a_flat_image_changes_nothing() -> None:
    flat = torch.tensor([10, 120, 240], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    once, _ = encode_decode(flat, "jpeg-q75")
    twice, _ = encode_decode(once, "jpeg-q75")
    assert torch.equal(once, twice)


def test_no_images_take_no_bytes() -> None:
    out, size = encode_decode(torch.empty(0, 3, 8, 8, dtype=torch.uint8), "png")
    assert out.shape == (0, 3, 8, 8)
    assert size == 0


@pytest.mark.parametrize(
    ("given", "codec", "message"),
    [
        (torch.zeros(1, 3, 4, 4), "png", "given .* float32"),
        (torch.zeros(1, 2, 4, 4, dtype=torch.uint8), "png", "1 or 3"),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), "webp", "'jpeg-q75' or 'png', given 'webp'"),
    ],
)
def test_what_cannot_be_stored_is_refused(given: Tensor, codec: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        encode_decode(given, codec)
