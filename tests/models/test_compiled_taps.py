"""Tapped networks compile into one graph whose values and gradients equal eager mode's."""

import shutil

import pytest
import torch
from torch import Tensor, nn

from bench.models.build import build_model
from bench.models.taps import Tapped

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # from inside torch's compiler
]


class Objective(nn.Module):
    """A scalar of every output of a tapped network, as `recover` makes one."""

    def __init__(self, tapped: Tapped, fast: bool) -> None:
        super().__init__()
        self.tapped, self.fast = tapped, fast

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.fast):
            out = self.tapped(x)
        terms = [m.mean.norm() + m.square.norm() for m in out.moments]
        return (
            out.logits.float().square().sum()
            + torch.stack(terms).sum()
            + sum(feature.norm() for feature in out.features.values())
        )


def value_and_gradient(objective: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    value = objective(x)
    value.backward()
    assert x.grad is not None
    return value.detach(), x.grad


def objective(seed: int, fast: bool) -> Objective:
    model = build_model("convnet3-w16-bn", num_classes=4, channels=3, resolution=16, seed=seed)
    model.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return Objective(Tapped(model, ("penultimate", "layer-2")), fast)


@pytest.mark.parametrize("fast", [False, True])
def test_one_graph_gives_eager_values_and_gradients_for_every_teacher(fast: bool) -> None:
    torch._dynamo.reset()
    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    # bfloat16 rounds at other places once operations are fused
    value_tolerance, gradient_tolerance = (2e-2, 5e-2) if fast else (1e-5, 1e-5)
    for seed in (0, 1):
        eager = objective(seed, fast)
        expected, expected_gradient = value_and_gradient(eager, x)
        eager.compile(dynamic=False, fullgraph=True)
        with torch._dynamo.config.patch(error_on_recompile=True):
            value, gradient = value_and_gradient(eager, x)
        torch.testing.assert_close(value, expected, rtol=value_tolerance, atol=0)
        error = (gradient - expected_gradient).norm() / expected_gradient.norm()
        assert error.item() < gradient_tolerance
