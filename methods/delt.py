"""DELT: the images of a class enter the optimisation round by round, from medium real ones.

Source: arXiv:2411.19946 and its released code (`recover.py`, `data_selection.py`). The iterations
are divided into rounds (8 of 500); the first image of a class is optimised from the first round on,
the last one in the last rounds alone, so that early images become synthetic and late ones stay near
the real image that they start from. Each class starts from the real images around the median of the
teacher's probability. Crops shrink as in CDA, images are not rolled, one optimiser and one cosine
last over all rounds. At IPC 1 the image is optimised throughout, as in the scripts.
Differs: the number of rounds is fixed and not their length, so that shorter profiles have all of
them; rounds drawn at random for each class are left out, which no published script uses; students
see no RandAugment, which this suite does not have (recipe `delt`).
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from bench import (
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
from bench.stages.schedule import Curriculum
from methods.regularizers import BatchNorm
from methods.starts import MediumImages


@dataclass(frozen=True)
class Rounds:
    """So many rounds of equal length, over which the images of a class enter as evenly as may be.

    Raises:
        BadValue: fewer than one round.
    """

    count: int = 8

    def __post_init__(self) -> None:
        require_count("rounds", self.count, "rounds")

    def __call__(self, iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]:
        new = [ipc // self.count + (i < ipc % self.count) for i in range(self.count)]
        stops = [round((i + 1) * iterations / self.count) for i in range(self.count)]
        pairs = zip(stops, accumulate(new), strict=True)
        begun = [Stretch(stop, side, entered) for stop, entered in pairs]
        before = [0, *stops]
        return tuple(part for part, first in zip(begun, before, strict=False) if part.stop > first)


@distiller("delt", space={"bn_weight": Uniform(0.001, 1000.0, log=True), "rounds": Integer(1, 16)})
def delt(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    rounds: int = 8,
    shape: Literal["none", "cosine", "linear", "step"] = "cosine",
    milestone: float = 1.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """SRe2L with early and late images, from real ones of medium difficulty (DELT)."""
    return MatchingDistiller(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        recover=recover,
        curriculum=Curriculum(shape, milestone),
        start=MediumImages(),
        stretches=Rounds(rounds),
    )
