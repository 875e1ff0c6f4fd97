"""Whether a recovery broke down: saturated or constant images, a loss that rose.

An optimiser that diverges still ends in images, since pixels are clamped; they are then black and
white where real images have tones in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.artifacts.values import SyntheticSet

EDGE = 8  # levels from 0 and from 255 that count as black and white, which JPEG blurs
LEFT = 0.1  # share of the real images' middle tones below which synthetic ones are saturated
FEW_TONES = 0.02  # below, real images are black and white themselves
ROSE = 1.2  # last value of the loss over its first
CONSTANT = 0.5  # share of images of a single colour
TOTAL = "total"  # name of the term that is optimised


@dataclass(frozen=True)
class Soundness:
    """What of a synthetic set says whether its recovery converged.

    Attributes:
        tones: share of pixel values between black and white.
        real_tones: the same of real images.
        constant: share of images of a single colour.
        first, last: the loss that was optimised; both 0 where there was none.
    """

    tones: float
    real_tones: float
    constant: float
    first: float = 0.0
    last: float = 0.0

    def problems(self) -> Iterator[str]:
        """One phrase for each sign of a breakdown."""
        if self.real_tones >= FEW_TONES and self.tones < LEFT * self.real_tones:
            yield (
                f"{100 * (1 - self.tones):.1f} % of its pixels are black or white, of real images "
                f"{100 * (1 - self.real_tones):.1f} %"
            )
        if self.constant >= CONSTANT:
            yield f"{100 * self.constant:.0f} % of its images are of a single colour"
        if self.first > 0 and self.last > ROSE * self.first:
            yield f"its loss rose from {self.first:.3g} to {self.last:.3g}"


def soundness(made: SyntheticSet, real: Tensor) -> Soundness:
    """The signs of a synthetic set beside real images (N, ch, H, W) uint8 of its data set."""
    flat = made.images.flatten(1)
    constant = (flat == flat[:, :1]).all(1).float().mean() if flat.shape[1] > 1 else torch.zeros(())
    loss = made.curve.get(TOTAL, torch.empty(0)).double()
    first, last = (float(loss[0]), float(loss[-1])) if len(loss) else (0.0, 0.0)
    return Soundness(tones(made.images), tones(real), float(constant), first, last)


def tones(images: Tensor) -> float:
    """Share of values of uint8 images that are neither black nor white."""
    between = (images > EDGE) & (images < 255 - EDGE)
    return float(between.float().mean())
