"""Whole images of their own width, memory-mapped, and the crops that training takes from them.

The pixels of all images lie in one flat file, row by row with channels last, which is the layout
that Pillow takes. Pillow crops and resizes: its filter averages where a crop is reduced, and its
integer arithmetic gives equal pixels on every machine, as torchvision's loaders get them.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor


class Pictures(Protocol):
    """Images that are read one by one, each at its own size."""

    @property
    def sizes(self) -> Tensor:
        """(N, 2) int64, height and width of each image in pixels."""
        ...

    def picture(self, index: int) -> np.ndarray:
        """One image (H, W, ch) uint8."""
        ...


@dataclass(frozen=True)
class WholeImages:
    """N images of one split at their own width.

    Attributes:
        flat: (bytes,) uint8, possibly memory-mapped: every image as (H, W, ch), one by one.
        sizes: (N, 2) int64, height and width of each image.
        starts: (N,) int64, where each image begins in `flat`.
    """

    flat: Tensor
    sizes: Tensor
    starts: Tensor
    channels: int

    @classmethod
    def of(cls, flat: Tensor, sizes: Tensor, channels: int) -> "WholeImages":
        """The images of a flat file, of which the sizes are known."""
        areas = sizes.prod(1) * channels
        return cls(flat, sizes, areas.cumsum(0) - areas, channels)

    def __len__(self) -> int:
        return len(self.sizes)

    def picture(self, index: int) -> np.ndarray:
        height, width = self.sizes[index].tolist()
        start = int(self.starts[index])
        part = self.flat[start : start + height * width * self.channels]
        return part.view(height, width, self.channels).numpy()


@dataclass(frozen=True)
class Frames:
    """Images (N, ch, H, W) of one size as pictures."""

    images: Tensor

    @property
    def sizes(self) -> Tensor:
        return torch.tensor(self.images.shape[-2:]).expand(len(self.images), 2)

    def picture(self, index: int) -> np.ndarray:
        return self.images[index].permute(1, 2, 0).numpy()


def cropped(
    pictures: Pictures,
    chosen: Sequence[int],
    boxes: Tensor,
    flips: Tensor,
    side: int,
    pool: Executor,
) -> Iterator[Tensor]:
    """Starts to cut one square out of each chosen picture; yields them (ch, side, side) uint8.

    Args:
        boxes: (B, 4) int64 pixels (top, left, height, width).
        flips: (B,) bool, whether a crop is mirrored.
    """
    jobs = zip(chosen, boxes.tolist(), flips.tolist(), strict=True)
    return pool.map(lambda job: crop(pictures.picture(job[0]), job[1], job[2], side), jobs)


def crop(picture: np.ndarray, box: Sequence[int], flip: bool, side: int) -> Tensor:
    """One box (top, left, height, width) of a picture, resized to (ch, side, side) uint8."""
    top, left, height, width = box
    part = np.ascontiguousarray(picture[top : top + height, left : left + width])
    image = Image.fromarray(part[:, :, 0] if part.shape[2] == 1 else part)
    made = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
    made = made.reshape(side, side, part.shape[2])
    made = made[:, ::-1] if flip else made
    return torch.from_numpy(made.transpose(2, 0, 1).copy())
