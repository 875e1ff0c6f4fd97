"""BPS: a balanced coreset, half from the centres of a class's patterns and half from their margins.

Source: Shi, Liang and Wen, "Balanced Dataset Distillation via Modeling Multiple Visual Pattern
Distribution", CVPR 2026, and its released code (`stage2_selection.py`, `engine_pretrain.py`): a
class is divided into patterns, each gets a share of the budget by its size, and half of it are the
images nearest to the pattern's centre (by cosine), half are hard images of it, the very hardest
left out. It is the strong baseline of real images: a method that loses to it says so.
Differs, in that it stays a few lines over features that are there anyway: features are the
teacher's and not those of an encoder trained with MoCo for 30 epochs; patterns are k-means
clusters, half as many as images, started by herding, and not InfoMap's communities; hardness is
the teacher's cross-entropy, taken upwards from a quantile, where the code takes its entropy from
the mean of the left of two Gaussians fitted to the top. Every class has exactly `ipc` images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from bench import (
    BadValue,
    Budget,
    ClassFeatures,
    ClassFeaturesRequest,
    Integer,
    Observation,
    RealSet,
    RecipeCodec,
    Reference,
    Request,
    SyntheticSet,
    Uniform,
    distiller,
)
from bench.core.events import Emit
from bench.data.codec import Codec
from bench.transport.kmeans import kmeans_barycenter
from methods.coresets import herd
from methods.real import classes_of, subset


def patterns_of(features: Tensor, count: int) -> Tensor:
    """The k-means cluster (n,) of each of the features (n, d), started from herded ones."""
    points, begin = features.cpu().numpy(), features[herd(features, count)].cpu().numpy()
    centres = torch.from_numpy(kmeans_barycenter(points, begin).support)
    return torch.cdist(features, centres.to(features)).argmin(1)


def shares(sizes: list[int], budget: int) -> list[int]:
    """Of a budget for each pattern, by its size: rounded, and what is left to the largest."""
    total = sum(sizes)
    given = [min(size, round(budget * size / total)) for size in sizes]
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    while (left := budget - sum(given)) != 0:
        for index in order:
            room = given[index] < sizes[index] if left > 0 else given[index] > 0
            if left and room:
                given[index] += 1 if left > 0 else -1
                left -= 1 if left > 0 else -1
    return given


def chosen_of(features: Tensor, hardness: Tensor, count: int, centre: float, top: float) -> Tensor:
    """Indices (count,) of a pattern: those at its centre first, then those at its margin.

    Args:
        hardness: (n,) of each image.
        centre: share of the count that is taken at the centre, rounded up from a half.
        top: share of the hardest images, of which the margin takes the easiest first.
    """
    nearest = (features @ normalize(features.mean(0), dim=0)).argsort(descending=True, stable=True)
    near = nearest[: int(count * centre + 0.5)]
    rest = nearest[len(near) :]
    hard = rest[hardness[rest].argsort(stable=True)]
    wanted = count - len(near)
    first = min(int((1 - top) * len(hard)), len(hard) - wanted)
    return torch.cat((near, hard[first : first + wanted]))


@dataclass(frozen=True)
class BalancedPatterns:
    """`ipc` real images of each class, balanced over its patterns; no randomness.

    Attributes:
        patterns: of a class; 0 means half as many as images, rounded up.
        centre: share of a pattern's images that is taken at its centre.
        top: share of a pattern that is its margin.

    Raises:
        BadValue: a number outside its range.
    """

    patterns: int
    centre: float
    top: float
    layer: str
    codec: Codec = "jpeg-q75"
    needs: tuple[type, ...] = (RealSet, ClassFeatures, Observation)

    def __post_init__(self) -> None:
        if self.patterns < 0:
            raise BadValue(f"patterns: expected 0 or more, given {self.patterns}")
        for name, value in (("centre", self.centre), ("top", self.top)):
            if not 0 <= value <= 1:
                raise BadValue(f"{name}: expected a share in [0, 1], given {value}")

    @property
    def variants(self) -> Mapping[type, Request[Any]]:
        """Which request stands for ClassFeatures: that of its layer."""
        return {ClassFeatures: ClassFeaturesRequest(self.layer)}

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        real, seen = reference[RealSet], reference[ClassFeatures]
        loss = reference[Observation].nll
        picked = []
        for label, members in enumerate(classes_of(real, budget.ipc)):
            mine = seen.labels == label
            features = normalize(seen.features[mine].double(), dim=1)
            picked.append(members[self.select(features, loss[mine], budget.ipc).cpu()])
        return subset(real, torch.stack(picked), self.codec)

    def select(self, features: Tensor, hardness: Tensor, ipc: int) -> Tensor:
        """Indices (ipc,) into the features (n, d) of one class."""
        count = min(self.patterns or -(-ipc // 2), len(features))
        pattern = patterns_of(features, count)
        groups = [torch.nonzero(pattern == k).flatten() for k in range(count)]
        budgets = shares([len(group) for group in groups], ipc)
        return torch.cat(
            [
                group[chosen_of(features[group], hardness[group], n, self.centre, self.top)]
                for group, n in zip(groups, budgets, strict=True)
                if n
            ]
        )


@distiller("bps", seeded=False, space={"centre": Uniform(0.0, 1.0), "patterns": Integer(0, 10)})
def bps(
    patterns: int = 0,
    centre: float = 0.5,
    top: float = 0.1,
    layer: str = "penultimate",
    codec: RecipeCodec = "jpeg-q75",
) -> BalancedPatterns:
    """Real images from centres and margins of a class's patterns (BPS)."""
    return BalancedPatterns(patterns, centre, top, layer, codec)
