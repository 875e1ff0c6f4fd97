"""Differentiable siamese augmentation: one operation per call, its numbers drawn before.

Source: DSA (arXiv:2102.08259) and its released code, mode "S": one of color, crop, cutout, flip,
scale and rotate is drawn for a batch. With one set of numbers it is siamese: real and synthetic
images get the very same transform; with a set for each image it is what students are trained with.
Differs in mechanics alone: numbers come from a generator that is passed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample

from bench.core.errors import UnknownName
from bench.data.streaming import upload

OPERATIONS = ("color", "crop", "cutout", "flip", "scale", "rotate")
NUMBERS = 3  # uniform numbers that an operation takes at most


@dataclass(frozen=True)
class Siamese:
    """How strong each operation is; the defaults are those of the released code.

    Attributes:
        operations: those that are drawn from, each with equal probability.
        flip: probability of a mirror image.
        scale: sides are scaled by 1/scale to scale, each on its own.
        rotate: most degrees in either direction.
        crop: most pixels of a shift, as a share of the side; zeros come in.
        cutout: side of the square of zeros, as a share of the side.
        brightness, saturation, contrast: widths of the ranges of the three colour transforms.

    Raises:
        UnknownName: an operation that is none.
    """

    operations: tuple[str, ...] = OPERATIONS
    flip: float = 0.5
    scale: float = 1.2
    rotate: float = 15.0
    crop: float = 0.125
    cutout: float = 0.5
    brightness: float = 1.0
    saturation: float = 2.0
    contrast: float = 0.5

    def __post_init__(self) -> None:
        for name in self.operations:
            if name not in OPERATIONS:
                raise UnknownName.of("augmentation", name, OPERATIONS)


@dataclass(frozen=True)
class Drawn:
    """An operation with its numbers: (1, 3) shared by all images, or (n, 3), a row for each."""

    operation: str
    numbers: Tensor


def draw_shared(policy: Siamese, rng: Generator) -> Drawn:
    """One operation with one set of numbers, to be applied to several batches alike."""
    return draw_each(policy, 1, rng)


def draw_each(policy: Siamese, count: int, rng: Generator) -> Drawn:
    """One operation with a set of numbers for each of `count` images."""
    index = int(torch.randint(len(policy.operations), (), generator=rng))
    return Drawn(policy.operations[index], torch.rand(count, NUMBERS, generator=rng))


def augment(images: Tensor, drawn: Drawn, policy: Siamese) -> Tensor:
    """Applies a drawn operation to normalised images (n, ch, H, W); differentiable in them."""
    numbers = upload(drawn.numbers, images.device).expand(len(images), NUMBERS)
    return _APPLY[drawn.operation](images, numbers, policy)


def _color(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    bright, saturated, contrasted = (part.reshape(-1, 1, 1, 1) for part in u.unbind(1))
    x = x + (bright - 0.5) * policy.brightness
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (saturated * policy.saturation) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (contrasted + policy.contrast) + mean


def _crop(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    """Shifts by whole pixels, zeros coming in."""
    height, width = x.shape[-2:]
    rows, dy = _shifted(height, u[:, 0], policy.crop)
    columns, dx = _shifted(width, u[:, 1], policy.crop)
    image = torch.arange(len(x), device=x.device)[:, None, None]
    moved = x.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    inside = dy[:, :, None, None] & dx[:, None, :, None]
    return torch.where(inside, moved, 0.0).permute(0, 3, 1, 2).contiguous()


def _shifted(side: int, u: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Where each output pixel comes from (n, side), and whether that is inside the image."""
    most = int(side * share + 0.5)
    shift = (u * (2 * most + 1)).long() - most
    place = torch.arange(side, device=u.device) + shift[:, None]
    return place.clamp(0, side - 1), (place >= 0) & (place < side)


def _cutout(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    height, width = x.shape[-2:]
    cut = _covered(height, u[:, 0], policy.cutout)[:, None, :, None]
    cut = cut & _covered(width, u[:, 1], policy.cutout)[:, None, None, :]
    return torch.where(cut, 0.0, x)


def _covered(side: int, u: Tensor, share: float) -> Tensor:
    """(n, side) whether a row or column lies in the square, whose centre is anywhere."""
    length = int(side * share + 0.5)
    start = (u * (side + 1 - length % 2)).long() - length // 2
    place = torch.arange(side, device=u.device)
    return (place >= start[:, None]) & (place < start[:, None] + length)


def _flip(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    return torch.where((u[:, 0] < policy.flip).reshape(-1, 1, 1, 1), x.flip(3), x)


def _scale(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    sides = u[:, :2] * (policy.scale - 1 / policy.scale) + 1 / policy.scale
    theta = x.new_zeros(len(x), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = sides[:, 0].to(x.dtype), sides[:, 1].to(x.dtype)
    return _sampled(x, theta)


def _rotate(x: Tensor, u: Tensor, policy: Siamese) -> Tensor:
    angle = ((u[:, 0] - 0.5) * 2 * policy.rotate / 180 * pi).to(x.dtype)
    theta = x.new_zeros(len(x), 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos(), -angle.sin()
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin(), angle.cos()
    return _sampled(x, theta)


def _sampled(x: Tensor, theta: Tensor) -> Tensor:
    grid = affine_grid(theta, list(x.shape), align_corners=True)
    return grid_sample(x, grid, align_corners=True)


_APPLY: Mapping[str, Callable[[Tensor, Tensor, Siamese], Tensor]] = {
    "color": _color,
    "crop": _crop,
    "cutout": _cutout,
    "flip": _flip,
    "scale": _scale,
    "rotate": _rotate,
}
