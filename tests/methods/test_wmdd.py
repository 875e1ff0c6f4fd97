"""BarycenterMatch is zero on the barycenter and grows with squared distance."""

import pytest
import torch

from bench import Barycenter, MissingArtifact, Reference, View
from methods.wmdd import BarycenterMatch, BarycenterNorm

# Two classes of two points, the corners of a unit square: (C, ipc, d) = (2, 2, 2).
SUPPORT = torch.tensor([[[0.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]])
REFERENCE = Reference.of(Barycenter(SUPPORT, weights=torch.full((2, 2), 0.5)))


def view_of(features: torch.Tensor) -> View:
    labels, slots = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    return View(torch.zeros(4, 2), features, (), labels, slots)


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 0.0), (1.0, 8.0), (-2.0, 32.0)])
def test_loss_is_squared_distance_summed_over_points(shift: float, expected: float) -> None:
    loss = BarycenterMatch()(view_of(SUPPORT.reshape(4, 2) + shift), REFERENCE)
    assert loss.item() == pytest.approx(expected)


def test_released_form_is_the_unsquared_norm_of_the_batch() -> None:
    loss = BarycenterNorm()(view_of(SUPPORT.reshape(4, 2) + 1.0), REFERENCE)
    assert loss.item() == pytest.approx(8**0.5)


def test_gradient_of_the_released_form_has_norm_one() -> None:
    features = (SUPPORT.reshape(4, 2) + torch.randn(4, 2, generator=torch.Generator())).clone()
    features.requires_grad_()
    BarycenterNorm()(view_of(features), REFERENCE).backward()
    assert features.grad is not None
    assert features.grad.norm().item() == pytest.approx(1.0, abs=1e-5)


def test_undeclared_artifact_is_named_in_the_error() -> None:
    with pytest.raises(MissingArtifact, match="Barycenter is not available"):
        BarycenterMatch()(view_of(torch.zeros(4, 2)), Reference())
