"""Schedules over steps: learning rates as factors, and the shrinking crops of a curriculum."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.core.errors import BadValue
from bench.plugin.recipes import ScheduleName

RISE_FROM = 0.01


def cosine(step: int, total: int) -> float:
    """Half a cosine from 1 at step 0 towards 0 at step `total`."""
    return 0.5 * (1 + math.cos(math.pi * step / total))


def half_cosine(step: int, total: int) -> float:
    """A quarter of a cosine from 1 at step 0 towards 1/2 at step `total` (RDED's smoothed rate)."""
    return 0.5 * (1 + math.cos(math.pi * step / total / 2))


def step_decay(step: int, total: int) -> float:
    """1 in the first half and a tenth afterwards, as the ConvNet line's released code counts.

    There `total` epochs are numbered from 0, and the rate falls after number (total - 1) // 2 + 1.
    """
    return 1.0 if step <= (total - 1) // 2 + 1 else 0.1


DECAYS: Mapping[ScheduleName, Callable[[int, int], float]] = {
    "cosine": cosine,
    "cosine-half": half_cosine,
    "step": step_decay,
}


@dataclass(frozen=True)
class Schedule:
    """A rate's factor per epoch: a linear rise over `warmup` epochs, then a named decay.

    The rise starts at a hundredth, as in torchvision's reference script that SRe2L uses.
    """

    name: ScheduleName = "cosine"
    warmup: int = 0

    def __call__(self, epoch: int, epochs: int) -> float:
        if epoch < self.warmup:
            return RISE_FROM + (1 - RISE_FROM) * epoch / self.warmup
        return DECAYS[self.name](epoch - self.warmup, max(1, epochs - self.warmup))


@dataclass(frozen=True)
class Curriculum:
    """How the lower bound of the crop's area falls from 1 to its final value (CDA).

    Source: arXiv:2311.18838; with milestone 0 or shape "none" the bound is constant.

    Attributes:
        milestone: fraction of the iterations after which the final value is reached.
    """

    shape: Literal["none", "cosine", "linear", "step"] = "none"
    milestone: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.milestone <= 1:
            raise BadValue(f"milestone: expected in [0, 1], given {self.milestone}")

    def scale(self, step: int, total: int, final: float) -> float:
        """Smallest crop, as a fraction of the image's area, at a step."""
        end = self.milestone * total
        if self.shape == "none" or step >= end:
            return final
        falling = {
            "cosine": 0.5 * (1 + math.cos(math.pi * step / end)),
            "linear": 1 - step / end,
            "step": 1.0,
        }
        return final + (1 - final) * falling[self.shape]
