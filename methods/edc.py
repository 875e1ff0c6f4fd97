"""EDC: G-VBSM that starts from real images and matches the classes of a batch, too.

Source: arXiv:2404.13733 and its released code; methods.md 8, matching mode "global", that of all
scripts. Half of each distance is G-VBSM's, the other half is from the mean of the targets of the
batch's classes, each of which is a mean over statistics of single images. Per-class statistics
(PCBN) are something else: here the mixture of the classes is matched, not each class. Images start
as RDED's mosaics from 128 pixels on, else as random real images. There is no data densification and
no roll. Students: evaluator `fkd-mse-ensemble` with an average of the weights; recipe `edc`.

Differs: the networks are G-VBSM's here, of which the paper has one more on ImageNet-1K and eight on
CIFAR-10. The option `flatness`, which the released code has switched off by default, is left out.
The recipe's teacher alone chooses the mosaics.
"""

from dataclasses import dataclass

from torch import Generator, Tensor

from bench import (
    Budget,
    Need,
    RealSet,
    Recover,
    Reference,
    Teacher,
    Uniform,
    distiller,
)
from bench.core.events import silent
from bench.data.mixing import normalize
from bench.stages.squeeze import backbones
from methods.g_vbsm import GeneralizedMatching
from methods.layer_statistics import LARGE_SIDE
from methods.rded import Mosaics
from methods.real import RandomSubset


@dataclass(frozen=True)
class CategoryAware(GeneralizedMatching):
    """Generalized matching from real images, with targets of the batch's classes."""

    @property
    def needs(self) -> tuple[Need, ...]:
        return (RealSet, *super().needs)

    def images_each(self, side: int) -> int:
        """Real images of a class that one synthetic image starts from."""
        start = _start(side)
        return start.images_each(side) if isinstance(start, Mosaics) else 1

    def started(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        given = Reference({RealSet: reference[RealSet], Teacher: reference[self.members[0]]})
        pixels = _start(budget.shape[-1]).distill(given, budget, rng, silent).images
        return normalize(pixels, budget.mean, budget.std)


def _start(side: int) -> Mosaics | RandomSubset:
    """What makes the first images, at a side in pixels."""
    if side < LARGE_SIDE:
        return RandomSubset("png")
    return Mosaics(pool=300, crops=5, factor=0, codec="png")


@distiller(
    "edc",
    space={
        "statistics_weight": Uniform(0.001, 1.0, log=True),
        "momentum": Uniform(0.0, 0.95),
        "drop": Uniform(0.0, 0.8),
    },
)
def edc(
    statistics_weight: float = 0.01,
    momentum: float = 0.8,
    drop: float = 0.4,
    first: float = 10.0,
    members: tuple[str, ...] = (),
    recover: Recover = Recover(),  # noqa: B008
) -> CategoryAware:
    """G-VBSM from real images, with targets of the batch's classes (EDC)."""
    return CategoryAware(
        recover,
        statistics_weight,
        momentum,
        drop,
        first,
        densify=0.0,
        per_class=True,
        members=backbones(members),
    )
