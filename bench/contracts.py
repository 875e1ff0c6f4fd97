"""What a plugin implements: the protocols of losses, distillers and evaluators."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Generator, Tensor

from bench.artifacts import RealSet, SyntheticSet
from bench.events import Emit
from bench.labels import Score
from bench.recipes import Recipe
from bench.stages.barycenter import Solve
from bench.views import Reference, View


@dataclass(frozen=True)
class Budget:
    """What a distiller may produce: `ipc` images of a fixed shape for each class.

    Attributes:
        ipc: images per class; 0 means all real images (the full-data reference).
        shape: (ch, H, W) of one image in uint8 pixels.
        mean, std: normalisation between stored pixels and the teacher's input.
        fast: compute in bfloat16 where convolutions gain from it.
    """

    ipc: int
    num_classes: int
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fast: bool = False


class Loss(Protocol):
    """A term of an objective: no state, no I/O, a scalar from a view and the declared artifacts."""

    @property
    def needs(self) -> tuple[type, ...]: ...

    def __call__(self, view: View, reference: Reference) -> Tensor: ...


@dataclass(frozen=True)
class Request:
    """Which variant of a parametrised artifact a distiller wants.

    Attributes:
        layer: whose pooled features ClassFeatures and Barycenter are made of.
        solve: how Barycenter is solved.
        variance: which per-class variance ClassStats holds.
    """

    layer: str = "penultimate"
    solve: Solve = field(default_factory=Solve)
    variance: Literal["within-batch", "pooled"] = "within-batch"


class Distiller(Protocol):
    """A value that turns the declared artifacts into a synthetic set.

    Attributes:
        needs: types of the artifacts that `distill` reads from the reference.
        request: which variant of them, where there are several.

    A distiller that makes one image of several real ones may say of how many, at a side in pixels,
    in a method `images_each(side) -> int`; budgets that a class cannot meet are then refused while
    planning.
    """

    @property
    def needs(self) -> tuple[type, ...]: ...

    @property
    def request(self) -> Request: ...

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet: ...


class Evaluator(Protocol):
    """A protocol that trains a student on a synthetic set and scores it on real test images.

    Attributes:
        needs: types of the artifacts it reads (SoftLabels, Teacher).
        sections: names of the recipe sections that it reads; they are part of the address.
        higher_is_better: direction of the score.

    An evaluator that divides each class's images may say how many it needs at least in an integer
    attribute `least_ipc`; smaller budgets are then refused while planning.
    """

    @property
    def needs(self) -> tuple[type, ...]: ...

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
