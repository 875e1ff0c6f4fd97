"""BatchNorm regularizers: zero on the target, equal to their formula, weighted as in Eq. 14."""

import pytest
import torch
from torch import Tensor

from bench import Barycenter, ClassStats, GlobalStats, Moments, Reference, View
from methods.regularizers import BatchNorm, PerClassBatchNorm, WeightedPerClassBatchNorm

LABELS = torch.tensor([0, 0, 2, 2])
SLOTS = torch.tensor([0, 1, 0, 1])


def moments_of(x: Tensor) -> Moments:
    return Moments(x.mean((2, 3)), x.square().mean((2, 3)))


@pytest.fixture
def activations() -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(4, ch, 3, 3, generator=rng, dtype=torch.float64) for ch in (2, 5)]


def view_of(activations: list[Tensor]) -> View:
    moments = tuple(moments_of(x) for x in activations)
    return View(torch.zeros(4, 3, dtype=torch.float64), torch.zeros(4, 1), moments, LABELS, SLOTS)


def class_stats(activations: list[Tensor], shift: float = 0.0) -> ClassStats:
    """Statistics of classes 0 and 2 of the batch itself; class 1 is absent."""

    def per_class(x: Tensor, of: str) -> Tensor:
        rows = torch.zeros(3, x.shape[1], dtype=x.dtype)
        for k in (0, 2):
            part = x[k == LABELS].transpose(0, 1).flatten(1)
            rows[k] = part.mean(1) if of == "mean" else part.var(1, unbiased=False)
        return rows + shift

    means = tuple(per_class(x, "mean") for x in activations)
    return ClassStats(means, tuple(per_class(x, "variance") for x in activations))


def test_pcbn_is_zero_on_its_own_statistics(activations: list[Tensor]) -> None:
    loss = PerClassBatchNorm()(view_of(activations), Reference.of(class_stats(activations)))
    assert loss.item() == pytest.approx(0, abs=1e-7)


def test_pcbn_averages_unsquared_norms_over_the_classes_of_the_batch(
    activations: list[Tensor],
) -> None:
    reference = Reference.of(class_stats(activations, shift=1.0))
    # every gap is 1 in each channel: norm sqrt(ch) for the mean and for the variance
    expected = 3.0 * 2 * 2**0.5 + 2 * 5**0.5
    loss = PerClassBatchNorm(first=3.0)(view_of(activations), reference)
    assert loss.item() == pytest.approx(expected)


def test_squared_form_sums_over_classes_as_in_eq_13(activations: list[Tensor]) -> None:
    reference = Reference.of(class_stats(activations, shift=1.0))
    loss = PerClassBatchNorm(squared=True)(view_of(activations), reference)
    assert loss.item() == pytest.approx(2 * (2 + 2) + 2 * (5 + 5))  # 2 classes, 2 gaps per channel


def test_all_class_form_equals_direct_statistics(activations: list[Tensor]) -> None:
    flat = [x.transpose(0, 1).flatten(1) for x in activations]
    stats = GlobalStats(
        tuple(x.mean(1) for x in flat), tuple(x.var(1, unbiased=False) for x in flat)
    )
    assert BatchNorm()(view_of(activations), Reference.of(stats)).item() == pytest.approx(
        0, abs=1e-7
    )
    shifted = GlobalStats(tuple(m + 2 for m in stats.means), stats.variances)
    loss = BatchNorm(first=10.0)(view_of(activations), Reference.of(shifted))
    assert loss.item() == pytest.approx(10 * 2 * 2**0.5 + 2 * 5**0.5)


def test_uniform_weights_change_nothing(activations: list[Tensor]) -> None:
    uniform = Barycenter(torch.zeros(3, 2, 1), torch.full((3, 2), 0.5, dtype=torch.float64))
    stats = class_stats(activations, shift=0.3)
    weighted = WeightedPerClassBatchNorm()(view_of(activations), Reference.of(stats, uniform))
    plain = PerClassBatchNorm()(view_of(activations), Reference.of(stats))
    assert weighted.item() == pytest.approx(plain.item())


def test_all_weight_on_one_image_leaves_only_that_image(activations: list[Tensor]) -> None:
    chosen = torch.zeros(3, 2, dtype=torch.float64)
    chosen[:, 1] = 1.0
    means = tuple(torch.zeros(3, x.shape[1], dtype=x.dtype) for x in activations)
    variances = tuple(torch.zeros(3, x.shape[1], dtype=x.dtype) for x in activations)
    for x, mean, variance in zip(activations, means, variances, strict=True):
        for k, image in ((0, 1), (2, 3)):
            mean[k] = x[image].mean((1, 2))
            variance[k] = x[image].var((1, 2), unbiased=False)
    reference = Reference.of(ClassStats(means, variances), Barycenter(torch.zeros(3, 2, 1), chosen))
    loss = WeightedPerClassBatchNorm()(view_of(activations), reference)
    assert loss.item() == pytest.approx(0, abs=1e-7)


def test_absent_classes_give_no_gradient_trouble(activations: list[Tensor]) -> None:
    leaf = [x.clone().requires_grad_() for x in activations]
    view = view_of(leaf)
    PerClassBatchNorm()(view, Reference.of(class_stats(activations, shift=1.0))).backward()
    assert all(x.grad is not None and torch.isfinite(x.grad).all() for x in leaf)
