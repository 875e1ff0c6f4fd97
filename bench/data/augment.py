"""Random resized crops, flips and rolls of whole batches: parameters are drawn first, then applied.

Drawing needs a CPU generator; applying follows the device of the images and is deterministic, so
that drawn parameters replay bit for bit.
"""

from dataclasses import dataclass
from math import log

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample, interpolate

from bench.core.errors import BadValue

TRIES = 10


@dataclass(frozen=True)
class CropPolicy:
    """The distribution of torchvision's RandomResizedCrop, and the probability of a mirror image.

    Attributes:
        scale_min, scale_max: range of the crop's area as a fraction of the image's.
        ratio_min, ratio_max: range of width / height, uniform on the log scale.
    """

    scale_min: float = 0.08
    scale_max: float = 1.0
    ratio_min: float = 3 / 4
    ratio_max: float = 4 / 3
    flip: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.scale_min <= self.scale_max <= 1:
            raise BadValue(
                "crop policy: expected 0 < scale_min <= scale_max <= 1, "
                f"given {self.scale_min} and {self.scale_max}"
            )
        if not 0 < self.ratio_min <= self.ratio_max:
            raise BadValue(
                "crop policy: expected 0 < ratio_min <= ratio_max, "
                f"given {self.ratio_min} and {self.ratio_max}"
            )
        if not 0 <= self.flip <= 1:
            raise BadValue(f"crop policy: expected flip in [0, 1], given {self.flip}")


@dataclass(frozen=True)
class BatchCrop:
    """One crop in whole pixels and one flip, shared by all images of a batch."""

    top: int
    left: int
    height: int
    width: int
    flip: bool


def draw_crops(
    n: int, height: int, width: int, policy: CropPolicy, rng: Generator
) -> tuple[Tensor, Tensor]:
    """Crops (n, 4) float32, fractions (top, left, height, width) of the image; flips (n,) bool."""
    boxes = _draw_boxes(torch.tensor([height, width]).expand(n, 2), policy, rng)
    whole = torch.tensor([height, width, height, width])
    return (boxes / whole).float(), _draw_flips(n, policy, rng)


def draw_boxes(sizes: Tensor, policy: CropPolicy, rng: Generator) -> tuple[Tensor, Tensor]:
    """A crop of the same distribution for each of n images of their own sizes, and its flip.

    Args:
        sizes: (n, 2) int64, height and width of each image.

    Returns:
        Boxes (n, 4) int64 in pixels (top, left, height, width); flips (n,) bool.
    """
    return _draw_boxes(sizes, policy, rng), _draw_flips(len(sizes), policy, rng)


def draw_batch_crop(height: int, width: int, policy: CropPolicy, rng: Generator) -> BatchCrop:
    """One crop of the same distribution for a whole batch."""
    sizes = torch.tensor([[height, width]])
    top, left, crop_height, crop_width = _draw_boxes(sizes, policy, rng)[0].tolist()
    flip = bool(_draw_flips(1, policy, rng)[0])
    return BatchCrop(top, left, crop_height, crop_width, flip)


def draw_roll(limit: int, rng: Generator) -> int:
    """A shift in pixels, uniform on 0..limit inclusive."""
    return int(torch.randint(limit + 1, (), generator=rng))


def _draw_flips(n: int, policy: CropPolicy, rng: Generator) -> Tensor:
    return torch.rand(n, generator=rng) < policy.flip


def _draw_boxes(sizes: Tensor, policy: CropPolicy, rng: Generator) -> Tensor:
    """Pixel boxes (n, 4) int64: the first of ten tries that fits, else torchvision's fallback."""
    n = len(sizes)
    height, width = sizes.unbind(1)
    uniform = torch.rand(2, n, TRIES, generator=rng, dtype=torch.float64)
    share = policy.scale_min + uniform[0] * (policy.scale_max - policy.scale_min)
    low, high = log(policy.ratio_min), log(policy.ratio_max)
    ratio = torch.exp(low + uniform[1] * (high - low))
    area = (height * width)[:, None] * share
    widths, heights = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
    fits = (widths > 0) & (widths <= width[:, None])
    fits &= (heights > 0) & (heights <= height[:, None])  # (n, TRIES)
    first = fits.to(torch.uint8).argmax(1, keepdim=True)
    found = fits.any(1)
    spare_height, spare_width = _fallback(height, width, policy)
    h = torch.where(found, heights.gather(1, first)[:, 0], spare_height)
    w = torch.where(found, widths.gather(1, first)[:, 0], spare_width)
    place = torch.rand(2, n, generator=rng, dtype=torch.float64)
    top = torch.where(found, (place[0] * (height - h + 1)).long(), (height - h) // 2)
    left = torch.where(found, (place[1] * (width - w + 1)).long(), (width - w) // 2)
    return torch.stack((top, left, h, w), dim=1)


def _fallback(height: Tensor, width: Tensor, policy: CropPolicy) -> tuple[Tensor, Tensor]:
    """The largest central crop of an admitted ratio, (n,) heights and widths."""
    ratio = width.double() / height
    low, high = (
        (width.double() / policy.ratio_min).round(),
        (height.double() * policy.ratio_max).round(),
    )
    return (
        torch.where(ratio < policy.ratio_min, low.long(), height),
        torch.where(ratio > policy.ratio_max, high.long(), width),
    )


def crop_resize(images: Tensor, crops: Tensor, flips: Tensor, size: int) -> Tensor:
    """Crops each image its own way, resizes to (B, ch, size, size) and flips, in one operation.

    Equals cropping, then `interpolate(mode="bilinear", align_corners=False)`: sampling never
    reaches outside the crop. Like torchvision on tensors without antialiasing; a crop larger than
    `size` is sampled, not averaged (crops of whole images are averaged: `bench.artifacts.whole`).

    Args:
        images: (B, ch, H, W) floats.
        crops: (B, 4) fractions (top, left, height, width).
        flips: (B,) bool.
    """
    height, width = images.shape[-2:]
    exact = crops.double()
    rows = _positions(exact[:, 0] * height, exact[:, 2] * height, size)  # (B, size)
    columns = _positions(exact[:, 1] * width, exact[:, 3] * width, size)
    columns = torch.where(flips[:, None], columns.flip(1), columns)
    x = (2 * columns + 1) / width - 1  # pixel centres in grid_sample's coordinates
    y = (2 * rows + 1) / height - 1
    grid = torch.stack((x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)), 3)
    return grid_sample(
        images, grid.to(images.dtype), "bilinear", padding_mode="border", align_corners=False
    )


def _positions(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Where each of `size` output pixels samples: pixel positions, clamped to the crop."""
    steps = torch.arange(size, device=start.device, dtype=start.dtype) + 0.5
    inside = steps * (length[:, None] / size) - 0.5
    last = (length[:, None] - 1).clamp_min(0)
    return start[:, None] + inside.clamp_min(0).minimum(last)


def batch_crop(images: Tensor, crop: BatchCrop, size: int) -> Tensor:
    """The same crop of every image, resized bilinearly to (B, ch, size, size); differentiable."""
    rows = slice(crop.top, crop.top + crop.height)
    columns = slice(crop.left, crop.left + crop.width)
    resized = interpolate(
        images[..., rows, columns], (size, size), mode="bilinear", align_corners=False
    )
    return resized.flip(-1) if crop.flip else resized


def roll(images: Tensor, dy: int, dx: int) -> Tensor:
    """All images shifted down by dy and right by dx pixels, wrapping around."""
    return torch.roll(images, (dy, dx), dims=(-2, -1))


def eval_view(images: Tensor, resolution: int) -> Tensor:
    """The centre (..., resolution, resolution) of stored images, as evaluation sees them.

    Raises:
        BadValue: the images are smaller.
    """
    height, width = images.shape[-2:]
    if min(height, width) < resolution:
        raise BadValue(
            f"evaluation view: expected images of at least {resolution} pixels, "
            f"given {height}x{width}; prepare the data set at this resolution"
        )
    top, left = round((height - resolution) / 2), round((width - resolution) / 2)
    return images[..., top : top + resolution, left : left + resolution]
