"""Schedules end where they say; optimisers decay what they say."""

import pytest
import torch

from bench.models.build import build_model
from bench.plugin.recipes import Student
from bench.stages.schedule import Schedule
from bench.stages.student import SoftTarget, optimizer_of


def test_cosine_falls_from_one_towards_zero() -> None:
    assert [Schedule()(e, 4) for e in (0, 2, 4)] == pytest.approx([1, 0.5, 0])


def test_half_cosine_ends_at_half_the_rate() -> None:
    schedule = Schedule("cosine-half")
    assert [schedule(e, 300) for e in (0, 300)] == pytest.approx([1, 0.5])
    assert schedule(150, 300) == pytest.approx(0.5 * (1 + 0.5**0.5))


def test_warm_up_rises_linearly_from_a_hundredth_and_the_cosine_follows() -> None:
    schedule = Schedule(warmup=5)
    rise = [schedule(epoch, 50) for epoch in range(6)]
    assert rise == pytest.approx([0.01, 0.208, 0.406, 0.604, 0.802, 1.0])
    assert schedule(5 + 22, 50) == pytest.approx(Schedule()(22, 45))


def test_warm_up_longer_than_the_training_stays_a_rise() -> None:
    assert all(Schedule(warmup=5)(epoch, 3) < 1 for epoch in range(3))


def network() -> torch.nn.Module:
    return build_model("convnet3-w16-bn", num_classes=10, channels=1, resolution=8, seed=0)


def test_sgd_has_the_recipe_s_momentum_and_adamw_is_the_default() -> None:
    sgd = optimizer_of(network(), Student(optimizer="sgd", lr=0.2, momentum=0.8))
    assert isinstance(sgd, torch.optim.SGD)
    assert {(g["lr"], g["momentum"]) for g in sgd.param_groups} == {(0.2, 0.8)}
    assert isinstance(optimizer_of(network(), Student()), torch.optim.AdamW)


@pytest.mark.parametrize(("decay", "expected"), [("weights", {0.01, 0.0}), ("all", {0.01})])
def test_decay_is_on_weights_or_on_everything(decay: str, expected: set[float]) -> None:
    optimizer = optimizer_of(network(), Student(decay=decay))  # type: ignore[arg-type]
    assert {group["weight_decay"] for group in optimizer.param_groups} == expected


def test_squared_temperature_multiplies_the_divergence() -> None:
    rng = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 6, 4, generator=rng)
    plain = SoftTarget(20.0)(student, (teacher, torch.ones(6)))
    squared = SoftTarget(20.0, squared=True)(student, (teacher, torch.ones(6)))
    assert squared.item() == pytest.approx(400 * plain.item())
