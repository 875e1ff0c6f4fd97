"""A loss on the real features of its classes is timed on simulated ones of its very sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.artifacts.values import Barycenter, ClassFeatures
from bench.artifacts.views import Reference, View
from bench.execution.calibration import Meter, Shape
from bench.execution.loss_timing import RECORDS, Comparison, comparing_seconds
from bench.storage.store import Store

SHAPE = Shape("recover", "convnet3-w16-bn", 1, 8, 10, "auto", 6, False)
CPU = torch.device("cpu")


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
    sizes = Comparison(loss, SHAPE, per_class=2, real=5, dims=4, draws=7, code="a")
    return replace(sizes, **changes)


def shapes(tensors: Sequence[Tensor]) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in tensors]


def test_a_loss_sees_three_classes_of_two_images_and_five_real_ones(tmp_path: Path) -> None:
    loss = Looking()
    assert comparing_seconds(comparison(loss), Meter(Store(tmp_path), CPU)) > 0
    view, real = loss.seen[0]
    assert shapes([view.features, view.logits, view.noise]) == [(6, 4), (6, 10), (7,)]
    assert view.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert view.slots.tolist() == [0, 1, 0, 1, 0, 1]
    assert tuple(real.features.shape) == (15, 4)
    assert real.labels.bincount().tolist() == [5, 5, 5]


def test_a_timing_is_kept_in_the_store_until_the_code_changes(tmp_path: Path) -> None:
    loss, meter = Looking(), Meter(Store(tmp_path), CPU)
    first, calls = comparing_seconds(comparison(loss), meter), len(loss.seen)
    assert comparing_seconds(comparison(loss), meter) == first
    assert len(loss.seen) == calls
    comparing_seconds(comparison(loss, code="b"), meter)
    assert len(loss.seen) > calls


@pytest.mark.parametrize("change", [{"real": 6}, {"dims": 5}, {"per_class": 3}, {"draws": 8}])
def test_every_size_has_a_timing_of_its_own(change: dict[str, int], tmp_path: Path) -> None:
    meter = Meter(Store(tmp_path), CPU)
    comparing_seconds(comparison(Looking()), meter)
    comparing_seconds(comparison(Looking(), **change), meter)
    assert len(meter.store.records(RECORDS)) == 2


def test_a_loss_with_other_targets_is_not_timed(tmp_path: Path) -> None:
    loss = Looking(needs=(Barycenter,))
    assert comparing_seconds(comparison(loss), Meter(Store(tmp_path), CPU)) == 0
    assert loss.seen == []


def test_a_loss_that_fails_does_not_fail_the_plan(tmp_path: Path) -> None:
    assert comparing_seconds(comparison(Failing()), Meter(Store(tmp_path), CPU)) == 0
