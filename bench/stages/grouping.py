"""Which synthetic images are optimised together, in which steps, and at which size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import interpolate


@dataclass(frozen=True)
class Batch:
    """Class ids and slots of the images that are optimised together, each (B,)."""

    labels: Tensor
    slots: Tensor


def batches(grouping: str, num_classes: int, ipc: int, size: int) -> Iterator[Batch]:
    """How the released code splits C*m images into batches of at most `size`."""
    if grouping == "class-major":
        per_batch = max(1, min(size // ipc, num_classes))
        for chunk in torch.arange(num_classes).split(per_batch):
            yield Batch(chunk.repeat_interleave(ipc), torch.arange(ipc).repeat(len(chunk)))
        return
    for slot in range(ipc):
        for chunk in torch.arange(num_classes).split(size):
            yield Batch(chunk, torch.full_like(chunk, slot))


@dataclass(frozen=True)
class Stretch:
    """Some steps of a batch, and how its images are optimised in them.

    Attributes:
        stop: the step after its last; it begins where the one before stops.
        side: of the images in pixels while they are optimised.
        entered: images of each class that are optimised, those of the lowest slots.
        keep: None to go on as before. Else images are resized to `side`, this share of them is
            kept and the rest is where they started (a residual), and the optimiser begins anew.
    """

    stop: int
    side: int
    entered: int
    keep: float | None = None


class Stretches(Protocol):
    """How the steps of every batch are divided; the last stretch has the images' own size."""

    def __call__(self, iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]: ...


def undivided(iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]:
    """All images from the first step to the last, at their own size."""
    return (Stretch(iterations, side, ipc),)


def resized(images: Tensor, side: int) -> Tensor:
    """Images (B, ch, S, S) at another side in pixels, bilinearly; themselves at their own."""
    if images.shape[-1] == side:
        return images
    return interpolate(images, (side, side), mode="bilinear", align_corners=False)


def entered(x: Tensor, first: Tensor, stretch: Stretch) -> Tensor:
    """The images with which a stretch begins, which are nobody else's."""
    made = resized(x.detach(), stretch.side)
    if stretch.keep is None:
        return made.clone()
    return stretch.keep * made + (1 - stretch.keep) * resized(first, stretch.side)
