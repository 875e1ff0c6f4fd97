"""FADRM: real patches are blended in again while images are optimised, in turns at a lower size.

Source: arXiv:2506.24125 and its released code (`recover.py`, `recover_fadrm_*.sh`). The iterations
are divided into parts (4 of 500; 2 of 500 on Tiny ImageNet). From 128 pixels on, every second part
works on images of 200/224 of the side, the last one at the full side. Between two parts images are
resized bilinearly and become alpha * image + (1 - alpha) * the patch they started from, with alpha
0.5, and Adam begins anew; one cosine of the rate lasts over all parts. Losses are SRe2L's.
Differs: patches are made here (methods/starts.py); float32 instead of mixed precision. FADRM+, the
variant with four teachers in turns, is not built.
"""

from dataclasses import dataclass

from bench import (
    BadValue,
    Integer,
    MatchingDistiller,
    NoFeatureLoss,
    RecipeForm,
    Recover,
    Sre2lBnWeight,
    Uniform,
    distiller,
)
from bench.plugin.recipes import require_count
from bench.stages.grouping import Stretch
from methods.rded import LARGE_SIDE
from methods.regularizers import BatchNorm
from methods.starts import SHORT, Patches

PUBLISHED = 200 / 224  # of the side, for images of 224 pixels


@dataclass(frozen=True)
class Residuals:
    """Parts of equal length, with a residual of the start between two of them.

    Attributes:
        smaller: share of the side in every second part; 0 means the published rule.
        alpha: share of the image that is kept between two parts.

    Raises:
        BadValue: a number outside its range.
    """

    parts: int = 4
    smaller: float = 0.0
    alpha: float = 0.5

    def __post_init__(self) -> None:
        require_count("parts", self.parts, "parts")
        for name, value in (("smaller", self.smaller), ("alpha", self.alpha)):
            if not 0 <= value <= 1:
                raise BadValue(f"{name}: expected a share in [0, 1], given {value}")

    def reduced(self, side: int) -> int:
        """The side in pixels of every second part."""
        share = self.smaller or (PUBLISHED if side >= LARGE_SIDE else 1.0)
        return max(1, round(share * side))

    def __call__(self, iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]:
        made: list[Stretch] = []
        for part in range(self.parts):
            stop = round((part + 1) * iterations / self.parts)
            low = (self.parts - 1 - part) % 2 == 1
            kept = self.alpha if made else None
            if stop > (made[-1].stop if made else 0):
                made.append(Stretch(stop, self.reduced(side) if low else side, ipc, kept))
        return tuple(made)


@distiller(
    "fadrm",
    space={
        "bn_weight": Uniform(0.001, 1000.0, log=True),
        "alpha": Uniform(0.0, 1.0),
        "parts": Integer(1, 8),
    },
    lengths={"smoke": {**SHORT["smoke"], "parts": 2}},
)
def fadrm(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    parts: int = 4,
    alpha: float = 0.5,
    smaller: float = 0.0,
    pool: int = 300,
    crops: int = 5,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """SRe2L with residuals of real patches and two resolutions (FADRM)."""
    return MatchingDistiller(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        grouping="one-per-class",
        recover=recover,
        start=Patches(pool, crops),
        stretches=Residuals(parts, smaller, alpha),
    )
