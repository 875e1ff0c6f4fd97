"""Tapped networks compile into one graph whose values and gradients equal those of eager mode."""

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


@pytest.mark.parametrize("fast", [False, True])
def test_one_graph_gives_eager_values_and_gradients(fast: bool) -> None:
    torch._dynamo.reset()
    model = build_model("convnet3-w16-bn", num_classes=4, channels=3, resolution=16, seed=0)
    model.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with Tapped(model, ("penultimate", "layer-2")) as tapped:
        objective = Objective(tapped, fast)
        expected, expected_gradient = value_and_gradient(objective, x)
        objective.compile(dynamic=False, fullgraph=True)
        value, gradient = value_and_gradient(objective, x)
    # bfloat16 rounds at other places once operations are fused
    tolerance = 2e-2 if fast else 1e-5
    torch.testing.assert_close(value, expected, rtol=tolerance, atol=0)
    error = (gradient - expected_gradient).norm() / expected_gradient.norm()
    assert error.item() < (5e-2 if fast else 1e-5)
