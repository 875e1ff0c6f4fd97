"""FKD's augmentation: drawn for all epochs at once, stored, and replayed bit for bit.

Source: SRe2L's released relabelling (arXiv:2306.13092), which WMDD uses; methods.md 2.7. The
teacher's and the student's batches come from the same function, so that they are identical.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import torch
from torch import Generator, Tensor

from bench.artifacts.labels import Draws
from bench.core.errors import BadValue
from bench.data.augment import CropPolicy, crop_resize, draw_crops
from bench.data.patches import shuffled


def draw_epochs(
    epochs: int,
    n: int,
    batch: int,
    height: int,
    width: int,
    policy: CropPolicy,
    cutmix: bool,
    rng: Generator,
) -> Draws:
    """Order, crops, flips and CutMix of every epoch.

    Every epoch has a fresh order. The released code draws one order from seed 42 and repeats it;
    that is an artefact of its replay.

    Raises:
        BadValue: no epochs, images or batch.
    """
    if min(epochs, n, batch) < 1:
        raise BadValue(
            "draws: expected at least 1 epoch, image and image per batch, "
            f"given {epochs}, {n} and {batch}"
        )
    drawn = [_draw_epoch(n, batch, height, width, policy, cutmix, rng) for _ in range(epochs)]
    order, crops, flips, mix, boxes = (torch.stack(parts) for parts in zip(*drawn, strict=True))
    return Draws(order, crops, flips, mix, boxes, batch)


def _draw_epoch(
    n: int,
    batch: int,
    height: int,
    width: int,
    policy: CropPolicy,
    cutmix: bool,
    rng: Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    order = torch.randperm(n, generator=rng)
    crops, flips = draw_crops(n, height, width, policy, rng)
    if not cutmix:
        count = -(-n // batch)
        return order, crops, flips, torch.arange(n), torch.zeros(count, 4, dtype=torch.int64)
    partners, boxes = [], []
    for start in range(0, n, batch):
        partners.append(start + torch.randperm(min(batch, n - start), generator=rng))
        boxes.append(draw_box(height, width, rng))
    return order, crops, flips, torch.cat(partners), torch.stack(boxes)


def draw_box(height: int, width: int, rng: Generator) -> Tensor:
    """A CutMix box (4,) int64, (top, left, bottom, right) in pixels (arXiv:1905.04899).

    lambda ~ Beta(1, 1), which is uniform; the sides are sqrt(1 - lambda) of the image's; the
    centre is uniform; what sticks out is clipped.
    """
    side = (1 - torch.rand((), generator=rng, dtype=torch.float64)).sqrt()
    edges = []
    for length in (height, width):
        half = (length * side).long() // 2
        centre = torch.randint(length, (), generator=rng)
        edges.append(((centre - half).clamp(0, length), (centre + half).clamp(0, length)))
    (top, bottom), (left, right) = edges
    return torch.stack((top, left, bottom, right))


class Images(Protocol):
    """Images (M, ch, S, S) of which a part is taken as normalised floats: a tensor, or Pixels."""

    def __getitem__(self, chosen: Tensor | slice, /) -> Tensor: ...

    def __len__(self) -> int: ...

    @property
    def shape(self) -> torch.Size: ...

    @property
    def device(self) -> torch.device: ...


def augmented_batch(images: Images, draws: Draws, epoch: int, index: int) -> Tensor:
    """Batch `index` of an epoch: cropped, resized, flipped and mixed.

    Draws on the device of the images spare five copies a batch (`draws_on`).

    Args:
        images: (M, ch, S, S) normalised floats, all synthetic images in their own order.

    Returns:
        (B, ch, S, S); B is smaller in an epoch's last batch if M is no multiple of it.
    """
    device, first = images.device, index * draws.batch
    place = slice(first, first + draws.batch)
    order, crops, flips = (
        t[epoch, place].to(device) for t in (draws.order, draws.crops, draws.flips)
    )
    whole = images[order]
    if draws.patches.numel():
        whole = shuffled(whole, draws.patches[epoch, place])
    batch = crop_resize(whole, crops, flips, images.shape[-1])
    partners = draws.mix[epoch, place].to(device) - first
    return cutmix(batch, partners, draws.boxes[epoch, index].to(device))


def draws_on(draws: Draws, device: torch.device) -> Draws:
    """The same draws on a device, for loops that take a batch of them at every step."""
    return Draws(
        order=draws.order.to(device),
        crops=draws.crops.to(device),
        flips=draws.flips.to(device),
        mix=draws.mix.to(device),
        boxes=draws.boxes.to(device),
        batch=draws.batch,
        patches=draws.patches.to(device),
    )


def cutmix(batch: Tensor, partners: Tensor, box: Tensor) -> Tensor:
    """Pastes the box of each image's partner; an empty box changes nothing."""
    height, width = batch.shape[-2:]
    top, left, bottom, right = box
    rows = torch.arange(height, device=batch.device)[:, None]
    columns = torch.arange(width, device=batch.device)
    inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)  # (H, W)
    return torch.where(inside, batch[partners], batch)


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """uint8 (..., ch, H, W) to float32 (x / 255 - mean) / std, on the device of the images."""
    centre, scale = _per_channel(mean, images), _per_channel(std, images)
    return images.float().div_(255).sub_(centre).div_(scale)


def denormalize_to_uint8(x: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Normalised floats to uint8: clamped to [0, 1], times 255, truncated as the released code."""
    unit = x * _per_channel(std, x) + _per_channel(mean, x)
    return unit.clamp(0, 1).mul(255).to(torch.uint8)


def _per_channel(values: Sequence[float], like: Tensor) -> Tensor:
    if len(values) != like.shape[-3]:
        raise BadValue(
            f"normalisation: expected one value for each of {like.shape[-3]} channels, "
            f"given {len(values)}"
        )
    return _constants(tuple(values), like.device)


@lru_cache(maxsize=64)
def _constants(values: tuple[float, ...], device: torch.device) -> Tensor:
    """(ch, 1, 1) float32 on a device, copied there once and not at every batch."""
    return torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)
