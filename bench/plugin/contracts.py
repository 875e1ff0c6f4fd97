"""What a plugin implements: the protocols of losses, distillers and evaluators."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import torch
from torch import Generator, Tensor

from bench.artifacts.labels import Score
from bench.artifacts.values import RealSet, SyntheticSet
from bench.artifacts.views import Reference, View, Wanted
from bench.core.events import Emit
from bench.plugin.recipes import Recipe

Need: TypeAlias = type | Wanted[Any]  # a class of artifacts, or a request by value


@dataclass(frozen=True)
class Budget:
    """What a distiller may produce: `ipc` images of a fixed shape for each class.

    Attributes:
        num_classes: C.
        ipc: images per class; 0 means all real images (the full-data reference).
        shape: (ch, H, W) of one image in uint8 pixels.
        mean, std: normalisation between stored pixels and the teacher's input.
        fast: compute in bfloat16 where convolutions gain from it.
        device: where to compute; artifacts of the reference lie there, real images on the CPU.
    """

    ipc: int
    num_classes: int
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fast: bool = False
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


class Loss(Protocol):
    """A term of an objective: no state, no I/O, a scalar from a view and the declared artifacts."""

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def __call__(self, view: View, reference: Reference) -> Tensor: ...


class Distiller(Protocol):
    """A value that turns the declared artifacts into a synthetic set.

    Attributes:
        needs: what `distill` reads from the reference: classes of artifacts, or requests by value.

    Three more may be said, where they are not what is usual: `variants`, a mapping from a class of
    artifacts to the request that stands for it; `networks = True` of a distiller that trains
    networks of its own, so that the precision is part of its address; and `addressed(params)`, the
    parameters as its address holds them.

    A distiller that makes one image of several real ones may say of how many, at a side in pixels,
    in a method `images_each(side) -> int`; budgets that a class cannot meet are then refused while
    planning.
    """

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet: ...


class Evaluator(Protocol):
    """A protocol that trains a student on a synthetic set and scores it on real test images.

    Attributes:
        needs: what it reads: classes of artifacts (SoftLabels, Teacher, RealSet: the training
            split), or requests by value.
        sections: names of the recipe sections that it reads; they are part of the address.
        higher_is_better: direction of the score.

    An evaluator that divides each class's images may say how many it needs at least in an integer
    attribute `least_ipc`; smaller budgets are then refused while planning. One that looks at test
    images more than once, for an audit, says so in a true attribute `oracle`.
    """

    @property
    def needs(self) -> tuple[Need, ...]: ...

    @property
    def sections(self) -> Sequence[str]: ...

    @property
    def higher_is_better(self) -> bool: ...

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score: ...
