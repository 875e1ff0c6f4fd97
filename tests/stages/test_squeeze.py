"""The teacher learns, is reproducible, and is rebuilt strictly from its artifact."""

from dataclasses import replace

import pytest
import torch

from bench.artifacts.values import RealSet, Teacher
from bench.core.errors import CellFailed
from bench.core.events import Event, Step, silent
from bench.plugin.recipes import Squeeze
from bench.stages.accuracy import judge
from bench.stages.squeeze import AugmentedReal, kept, squeeze
from bench.stages.teacher import network

CPU = torch.device("cpu")
SHORT = Squeeze(arch="convnet3-w16-bn", epochs=1, crop_min=0.5, flip=0.0)


def test_teacher_learns(teacher: Teacher) -> None:
    assert teacher.top1 > 0.8  # chance is 0.1


def test_stored_accuracy_is_that_of_the_rebuilt_network(
    teacher: Teacher, digits_test: RealSet
) -> None:
    assert judge(network(teacher), digits_test, CPU, False).top1 == pytest.approx(teacher.top1)


def test_equal_seeds_give_equal_teachers(digits: RealSet, digits_test: RealSet) -> None:
    first, second = (squeeze(digits, digits_test, SHORT, CPU, False, silent) for _ in range(2))
    assert all(torch.equal(first.state[k], second.state[k]) for k in first.state)
    other = squeeze(digits, digits_test, replace(SHORT, seed=1), CPU, False, silent)
    assert any(not torch.equal(first.state[k], other.state[k]) for k in first.state)


@pytest.mark.parametrize(
    ("images", "batch", "trained"),
    [
        (1442, 32, 1440),  # two left over
        (1442, 34, 1442),  # 14 left over: enough
        (64, 32, 64),
        (40, 32, 40),  # exactly a quarter
        (39, 32, 32),
        (5, 4, 4),  # a single image, however small the batch
        (7, 32, 7),  # the whole set
    ],
)
def test_a_tiny_last_batch_is_left_out(images: int, batch: int, trained: int) -> None:
    assert kept(images, batch) == trained


def test_no_image_is_left_out_for_good(digits: RealSet) -> None:
    some = replace(digits, images=digits.images[:33], labels=torch.arange(33))
    feed = AugmentedReal(some, replace(SHORT, batch=32), CPU)
    seen = [torch.cat([labels for _, labels in feed(epoch)]) for epoch in range(2, 12)]
    assert all(len(labels) == 32 for labels in seen)
    assert torch.cat(seen).unique().tolist() == list(range(33))


def test_progress_is_emitted_once_per_epoch(digits: RealSet, digits_test: RealSet) -> None:
    heard: list[Event] = []
    squeeze(digits, digits_test, replace(SHORT, epochs=2), CPU, False, heard.append)
    steps = [(e.step, e.total) for e in heard if isinstance(e, Step)]
    assert steps == [(1, 2), (2, 2)]


def test_diverging_training_is_a_failed_cell(digits: RealSet, digits_test: RealSet) -> None:
    with pytest.raises(CellFailed, match="expected a finite loss"):
        squeeze(digits, digits_test, replace(SHORT, lr=1e6), CPU, False, silent)


def test_a_state_that_does_not_fit_is_refused(teacher: Teacher) -> None:
    missing = {k: v for k, v in teacher.state.items() if "weight" not in k}
    with pytest.raises(RuntimeError, match="Missing key"):
        network(replace(teacher, state=missing))
