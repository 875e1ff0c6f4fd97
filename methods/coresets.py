"""Herding and k-center: real images chosen by their features.

Source: Welling 2009 (herding) and Sener and Savarese, arXiv:1708.00489 (greedy k-center), both on
penultimate features of the teacher. Herding takes the arg-min of the distance between the running
mean and the class mean; DeepCore's implementation takes the arg-max. k-center starts at the image
nearest to the class mean, then goes farthest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from bench import (
    Budget,
    ClassFeatures,
    ClassFeaturesRequest,
    RealSet,
    RecipeCodec,
    Reference,
    Request,
    SyntheticSet,
    distiller,
)
from bench.core.events import Emit
from bench.data.codec import Codec
from methods.real import classes_of, subset


def herd(features: Tensor, count: int) -> Tensor:
    """Indices (count,) whose running mean stays closest to the mean of features (n, d)."""
    mean, total = features.mean(0), torch.zeros_like(features[0])
    free = torch.ones(len(features), dtype=torch.bool, device=features.device)
    chosen = []
    for step in range(count):
        wanted = (step + 1) * mean - total
        distance = (features - wanted).square().sum(1).masked_fill(~free, torch.inf)
        best = distance.argmin()
        free[best] = False
        total = total + features[best]
        chosen.append(best)
    return torch.stack(chosen)


def k_center(features: Tensor, count: int) -> Tensor:
    """Indices (count,) by farthest-first traversal from the image nearest to the mean."""
    first = (features - features.mean(0)).square().sum(1).argmin()
    chosen = [first]
    distance = (features - features[first]).square().sum(1)
    for _ in range(count - 1):
        chosen.append(distance.argmax())
        distance = distance.minimum((features - features[chosen[-1]]).square().sum(1))
    return torch.stack(chosen)


RULES = {"herding": herd, "k-center": k_center}


@dataclass(frozen=True)
class Chosen:
    """`ipc` real images of each class, chosen by a rule on their features; no randomness."""

    rule: str
    layer: str
    codec: Codec = "jpeg-q75"
    needs: tuple[type, ...] = (RealSet, ClassFeatures)

    @property
    def variants(self) -> Mapping[type, Request[Any]]:
        """Which request stands for ClassFeatures: that of its layer."""
        return {ClassFeatures: ClassFeaturesRequest(self.layer)}

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        real, seen = reference[RealSet], reference[ClassFeatures]
        picked = []
        for label, members in enumerate(classes_of(real, budget.ipc)):
            features = seen.features[seen.labels == label].double()
            picked.append(members[RULES[self.rule](features, budget.ipc).cpu()])
        return subset(real, torch.stack(picked), self.codec)


@distiller("herding", seeded=False)
def herding(layer: str = "penultimate", codec: RecipeCodec = "jpeg-q75") -> Chosen:
    """Real images whose running feature mean follows the class mean (arg-min)."""
    return Chosen("herding", layer, codec)


@distiller("k-center", seeded=False)
def k_center_greedy(layer: str = "penultimate", codec: RecipeCodec = "jpeg-q75") -> Chosen:
    """Real images that cover the class in feature space, farthest first."""
    return Chosen("k-center", layer, codec)
