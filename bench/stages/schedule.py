"""Schedules over steps: learning rates as factors, and the shrinking crops of a curriculum."""

import math
from dataclasses import dataclass
from typing import Literal


def cosine(step: int, total: int) -> float:
    """Half a cosine from 1 at step 0 towards 0 at step `total`."""
    return 0.5 * (1 + math.cos(math.pi * step / total))


@dataclass(frozen=True)
class Curriculum:
    """How the lower bound of the crop's area falls from 1 to its final value (CDA).

    Source: arXiv:2311.18838; with milestone 0 or shape "none" the bound is constant.

    Attributes:
        milestone: fraction of the iterations after which the final value is reached.
    """

    shape: Literal["none", "cosine", "linear", "step"] = "none"
    milestone: float = 1.0

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
