"""A loss on the real features of its classes is timed on simulated ones of its very sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from bench.artifacts.values import ClassFeatures
from bench.artifacts.views import Reference, View
from bench.graph.work import Clock
from bench.stages.objective import Comparison

CLOCK = Clock(torch.device("cpu"))


@dataclass(frozen=True)
class Looking:
    """Notes what it is shown."""

    seen: list[tuple[View, ClassFeatures]] = field(default_factory=list, repr=False)
    needs: tuple[type, ...] = (ClassFeatures,)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        self.seen.append((view, reference[ClassFeatures]))
        return view.features.square().sum()


@dataclass(frozen=True)
class Failing(Looking):
    """Fails as soon as it is called."""

    def __call__(self, view: View, reference: Reference) -> Tensor:
        raise ValueError("no moments")


def comparison(loss: Looking, **changes: object) -> Comparison:
    sizes = Comparison(loss, 6, per_class=2, classes=10, real=5, dims=4, draws=7, code="a")
    return replace(sizes, **changes)


def shapes(tensors: Sequence[Tensor]) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in tensors]


def test_a_loss_sees_three_classes_of_two_images_and_five_real_ones() -> None:
    loss = Looking()
    assert comparison(loss).measure(CLOCK).seconds > 0
    view, real = loss.seen[0]
    assert shapes([view.features, view.logits, view.noise]) == [(6, 4), (6, 10), (7,)]
    assert view.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert view.slots.tolist() == [0, 1, 0, 1, 0, 1]
    assert tuple(real.features.shape) == (15, 4)
    assert real.labels.bincount().tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    "change", [{"real": 6}, {"dims": 5}, {"per_class": 3}, {"draws": 8}, {"code": "b"}]
)
def test_every_size_and_every_code_has_a_timing_of_its_own(change: dict[str, int]) -> None:
    assert comparison(Looking()).key == comparison(Looking()).key
    assert comparison(Looking()).key != comparison(Looking(), **change).key


def test_a_loss_that_fails_does_not_fail_the_plan() -> None:
    assert comparison(Failing()).measure(CLOCK).seconds == 0
