"""What networks take of a synthetic set: normalised images with their labels, decoded where needed.

Source of the decoder: IDC's multi-formation (arXiv:2205.14959): a stored image is split into
factor x factor parts, each of which is enlarged to the full size bilinearly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.data.mixing import Images, denormalize_to_uint8, normalize
from bench.data.pixels import Pixels


@dataclass(frozen=True)
class NetworkInput:
    """The images of a synthetic set as networks take them, M' = M * factor**2 of them.

    Attributes:
        images: (M', ch, H, W) float32 on the normalised scale; those of one stored image follow
            each other, row by row of its parts.
        labels: (M',) int64.
        weights: (M',) float32.
        soft: (M', C) learned labels, empty where there are none.
    """

    images: Tensor
    labels: Tensor
    weights: Tensor
    soft: Tensor


def network_input(
    synthetic: SyntheticSet, mean: Sequence[float], std: Sequence[float]
) -> NetworkInput:
    """Normalises uint8 pixels, passes floats as they are, decodes factors, repeats labels.

    Raises:
        BadValue: the factor is no divisor of the side.
    """
    images = decode(normalised(synthetic.images, mean, std), synthetic.factor)
    each = synthetic.factor**2
    parts = (synthetic.labels, synthetic.weights, synthetic.soft)
    labels, weights, soft = (p if each == 1 else p.repeat_interleave(each, 0) for p in parts)
    return NetworkInput(images, labels, weights, soft)


@dataclass(frozen=True)
class StreamedInput:
    """What NetworkInput holds, with images that may stay uint8 until a batch is taken."""

    images: Images
    labels: Tensor
    weights: Tensor


def streamed_input(
    synthetic: SyntheticSet, mean: Sequence[float], std: Sequence[float]
) -> StreamedInput:
    """The same numbers as `network_input`, at a quarter of the memory where pixels are stored."""
    if synthetic.images.dtype == torch.uint8 and synthetic.factor == 1:
        pixels = Pixels(synthetic.images, mean, std)
        return StreamedInput(pixels, synthetic.labels, synthetic.weights)
    whole = network_input(synthetic, mean, std)
    return StreamedInput(whole.images, whole.labels, whole.weights)


def normalised(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """uint8 pixels (..., ch, H, W) on the normalised scale; floats are there already."""
    return normalize(images, mean, std) if images.dtype == torch.uint8 else images


def as_pixels(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Images (..., ch, H, W) as a person looks at them: uint8, floats clamped to the range."""
    return images if images.dtype == torch.uint8 else denormalize_to_uint8(images, mean, std)


def decode(images: Tensor, factor: int) -> Tensor:
    """Floats (M, ch, H, W) as (M * factor**2, ch, H, W): parts enlarged to the full size.

    Differentiable; factor 1 returns the images themselves.

    Raises:
        BadValue: the factor is below 1 or no divisor of the sides.
    """
    height, width = images.shape[-2:]
    if factor < 1 or height % factor or width % factor:
        raise BadValue(
            f"factor: expected a divisor of {height} x {width} pixels, given {factor}; "
            "choose 1 for images that stand for themselves"
        )
    if factor == 1:
        return images
    grid = images.unflatten(3, (factor, -1)).unflatten(2, (factor, -1))  # (M, ch, f, h, f, w)
    parts = grid.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
    return interpolate(parts, (height, width), mode="bilinear", align_corners=False)
