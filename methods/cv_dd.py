"""CV-DD: two teachers of a committee judge each image, weighted by their prior performance.

Source: arXiv:2501.07575 and its released code (`recover.py`, `utils_recover.py`; methods.md 10):
SRe2L++ whose objective is the sum over two teachers of weight * (cross-entropy + BatchNorm term).
The weights are a softmax over prior / 5, where a teacher's prior is the accuracy in percent that
SRe2L++ reaches by it alone at IPC 10; the published ones are in the recipe `cv-dd`, and without
priors teachers count alike. Each slot has another pair of the committee, as in the scripts for IPC
10, pairs of the best priors first: so IPC 1 has the two best, and from slot 6 on the pairs are gone
through again. Soft labels are batch-specific: evaluator `fkd-bssl`, recipe `cv-dd`.
Differs: of the five teachers ShuffleNetV2 is missing here. On ImageNette at IPC 1 the code takes
MobileNetV2 and DenseNet-121 whatever their priors; at IPC 50 it draws pairs at random; on CIFAR
it labels by the weighted committee, here by the recipe's teacher. Images of fewer than 32 pixels
have small networks for a committee. Priors are test accuracies, as in the paper: whoever sets them
lets that much of the test set into the images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp
from typing import ClassVar

from bench import (
    BadValue,
    Context,
    MatchingDistiller,
    NoFeatureLoss,
    RecipeForm,
    Recover,
    Request,
    Sre2lBnWeight,
    Teacher,
    TeacherRequest,
    Uniform,
    distiller,
)
from methods.regularizers import BatchNorm
from methods.starts import SHORT, Patches

SMALL_SIDE = 32  # below, images are too small for the paper's networks
BESIDE = ("resnet50", "mobilenet_v2", "densenet121")  # members beside the recipe's teacher
BESIDE_SMALL = ("convnet2-w64-bn", "resnet18-w16", "convnet3-w32-bn")
SIZE = 1 + len(BESIDE)


@dataclass(frozen=True)
class Member(Request[Teacher]):
    """A teacher of the committee: number 0 is the recipe's, the others depend on the data set.

    Attributes:
        arch: of this member, whatever its number; empty for the committee's own.
    """

    kind: ClassVar[str] = TeacherRequest.kind  # which it becomes when it is filled
    made: ClassVar[type] = Teacher

    index: int = 0
    arch: str = ""

    def filled(self, at: Context) -> TeacherRequest:
        others = BESIDE_SMALL if at.source.spec.resolution < SMALL_SIDE else BESIDE
        arch = self.arch or (others[self.index - 1] if self.index else None)
        return TeacherRequest(arch=arch).filled(at)


@dataclass(frozen=True)
class Pairs:
    """Two members for each slot, weighted by a softmax over their priors.

    Attributes:
        priors: accuracy in percent of each member; none where they count alike.

    Raises:
        BadValue: a number of priors other than that of the members, or no positive temperature.
    """

    size: int = SIZE
    priors: tuple[float, ...] = ()
    temperature: float = 5.0

    def __post_init__(self) -> None:
        if self.size < 2:
            raise BadValue(f"members: expected at least 2, given {self.size}")
        if self.priors and len(self.priors) != self.size:
            raise BadValue(
                f"priors: expected one for each of {self.size} members, given {len(self.priors)}"
            )
        if self.temperature <= 0:
            raise BadValue(f"temperature: expected a positive number, given {self.temperature}")

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All pairs, those of the best priors first."""
        priors = self.priors or (0.0,) * self.size
        found = combinations(range(self.size), 2)
        return sorted(found, key=lambda pair: -sum(priors[index] for index in pair))

    def __call__(self, slot: int, step: int) -> Sequence[tuple[int, float]]:
        pair = self.pairs[slot % len(self.pairs)]
        priors = [self.priors[index] if self.priors else 0.0 for index in pair]
        odds = [exp((prior - max(priors)) / self.temperature) for prior in priors]
        return tuple((index, odd / sum(odds)) for index, odd in zip(pair, odds, strict=True))


@distiller("cv-dd", space={"bn_weight": Uniform(0.001, 1000.0, log=True)}, lengths=SHORT)
def cv_dd(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    members: tuple[str, ...] = (),
    priors: tuple[float, ...] = (),
    temperature: float = 5.0,
    pool: int = 300,
    crops: int = 5,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """SRe2L++ judged by two teachers of a committee, which vote by prior performance (CV-DD)."""
    named = [Member(index, arch) for index, arch in enumerate(members)]
    committee = named or [Member(index) for index in range(SIZE)]
    return MatchingDistiller(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        grouping="one-per-class",
        recover=recover,
        start=Patches(pool, crops),
        members=tuple(committee),
        votes=Pairs(len(committee), priors, temperature),
    )
