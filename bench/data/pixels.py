"""Stored images as a network sees them: a quarter of the memory of floats, the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.data.mixing import normalize


@dataclass(frozen=True)
class Pixels:
    """Images that stay uint8 on their device and are normalised as they are taken.

    An index gives what the same index of the normalised whole would give, bit for bit, since
    every pixel is normalised on its own.

    Attributes:
        stored: (M, ch, H, W) uint8.
        mean, std: per-channel normalisation on the [0, 1] scale.
    """

    stored: Tensor
    mean: Sequence[float]
    std: Sequence[float]

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """(B, ch, H, W) float32, normalised."""
        return normalize(self.stored[chosen], self.mean, self.std)

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def shape(self) -> torch.Size:
        return self.stored.shape

    @property
    def device(self) -> torch.device:
        return self.stored.device
