"""Steps are sampled at the same places in every run, and read without waiting."""

import pytest
import torch

from bench.core.events import Step
from bench.tracking.samples import due, sample


@pytest.mark.parametrize(("total", "count"), [(1, 1), (10, 10), (50, 50), (100, 51), (4000, 51)])
def test_about_fifty_steps_are_sampled(total: int, count: int) -> None:
    steps = [k for k in range(1, total + 1) if due(Step("s", k, total))]
    assert len(steps) == count
    assert (steps[0], steps[-1]) == (1, total)


def test_numbers_and_tensors_are_read_by_name() -> None:
    values = {"loss": torch.tensor(0.5), "lr": 0.25, "wide": torch.tensor([1.0, 3.0])}
    assert sample(values).read() == {"lr": 0.25, "loss": 0.5, "wide": 2.0}
    assert sample({}).read() == {}


def test_a_sample_is_a_copy_that_keeps_no_graph() -> None:
    weight = torch.tensor(1.0, requires_grad=True)
    taken = sample({"loss": weight * 2})
    with torch.no_grad():
        weight.fill_(5.0)
    assert taken.ready
    assert taken.read() == {"loss": 2.0}
    assert taken.packed is None


def test_of_larger_tensors_the_mean_is_taken_in_the_order_of_the_values() -> None:
    taken = sample({"rows": torch.tensor([1, 2, 6]), "rate": 0.5, "total": torch.tensor(4.0)})
    assert list(taken.read().items()) == [("rows", 3.0), ("rate", 0.5), ("total", 4.0)]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_taking_a_sample_does_not_wait_for_the_device() -> None:
    big = torch.randn(8192, 8192, device="cuda")
    torch.cuda.synchronize()
    for _ in range(20):
        big = big @ big / 8192
    taken = sample({"norm": big.norm(), "one": torch.ones((), device="cuda")})
    assert not taken.ready
    assert taken.read()["one"] == 1.0
    assert taken.ready
