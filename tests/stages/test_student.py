"""What students minimise, how their optimiser is set, and which weights of theirs are judged."""

from dataclasses import replace
from math import log

import pytest
import torch
from torch import nn

from bench.artifacts.values import RealSet
from bench.core.events import Event, StudentTrained
from bench.models.build import build_model
from bench.plugin.recipes import Student
from bench.stages.student import Averaged, LogitTarget, SoftTarget, fresh, optimizer_of, score

CPU = torch.device("cpu")


def network() -> nn.Module:
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


def test_matched_logits_by_hand() -> None:
    student = torch.tensor([[0.0, 0.0], [0.0, log(3.0)]])
    teacher = torch.tensor([[1.0, -1.0], [0.0, log(3.0)]])
    labels, weights = torch.tensor([0, 0]), torch.tensor([0.5, 1.5])
    # image 0: MSE 1, CE log 2; image 1: MSE 0, CE log 4
    expected = (0.5 * (1 + 0.1 * log(2)) + 1.5 * 0.1 * log(4)) / 2
    assert LogitTarget(0.1)(student, (teacher, labels, weights)).item() == pytest.approx(expected)


def test_without_image_weights_it_is_the_released_loss() -> None:
    rng = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 6, 4, generator=rng)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    found = LogitTarget(0.025)(student, (teacher, labels, torch.ones(6)))
    mse = nn.functional.mse_loss(student, teacher)
    assert torch.allclose(found, mse + 0.025 * nn.functional.cross_entropy(student, labels))


def test_the_average_follows_the_weights_by_the_decay() -> None:
    single = nn.Linear(1, 1, bias=False)
    nn.init.constant_(single.weight, 2.0)
    student = Averaged(single, 0.75)
    optimizer = optimizer_of(student, Student(optimizer="sgd", lr=1.0, momentum=0, weight_decay=0))
    for _ in range(2):  # the gradient is 1: the weight is 2, 1, 0
        optimizer.zero_grad()
        student(torch.ones(1, 1)).sum().backward()
        optimizer.step()
    assert single.weight.item() == 0
    # 2 -> 0.75 * 2 + 0.25 * 1 -> 0.75 * 1.75 + 0.25 * 0
    assert student.judged().weight.item() == pytest.approx(1.3125)
    assert student.eval()(torch.ones(1, 1)).item() == pytest.approx(1.3125)


def test_running_statistics_are_the_student_s_own() -> None:
    student = Averaged(nn.BatchNorm1d(1, momentum=1.0), 0.99)
    student(torch.tensor([[1.0], [3.0]]))
    assert student.judged().running_mean.item() == 2.0


def test_only_the_student_s_weights_are_stepped() -> None:
    plain, averaged = network(), Averaged(network(), 0.9)
    counts = [
        sum(p.numel() for group in optimizer_of(m, Student()).param_groups for p in group["params"])
        for m in (plain, averaged)
    ]
    assert counts[0] == counts[1]


def test_no_decay_leaves_the_student_as_it_is(digits_test: RealSet) -> None:
    config = Student(arch="convnet3-w16-bn")
    assert not isinstance(fresh(config, digits_test, 0, CPU, False), Averaged)
    assert isinstance(fresh(replace(config, ema=0.99), digits_test, 0, CPU, False), Averaged)


def test_the_averaged_network_is_scored_and_told(digits_test: RealSet) -> None:
    student = fresh(Student(arch="convnet3-w16-bn", ema=0.5), digits_test, 0, CPU, False)
    assert isinstance(student, Averaged)
    with torch.no_grad():
        [*student.student.parameters()][-1][2] = 100.0  # the bias of a class
        [*student.average.parameters()][-1][3] = 100.0
    heard: list[Event] = []
    found = score(student, digits_test, CPU, False, 1, 0, heard.append)
    assert [event.model for event in heard if isinstance(event, StudentTrained)] == [
        student.average
    ]
    assert found.predicted.unique().tolist() == [3]
