"""Moments of groups equal direct statistics of the activations, weighted and pooled."""

import pytest
import torch
from torch import Tensor, nn

from bench.core.errors import BadValue
from bench.models.build import build_model
from bench.models.moments import (
    batch_moments,
    bn_running_stats,
    class_moments,
    image_moments,
    pooled,
)
from bench.models.taps import Tapped

LABELS = torch.tensor([2, 0, 2, 2, 0])  # class 1 of 4 is absent, and so is class 3


@pytest.fixture
def activations() -> Tensor:
    return 3 + torch.randn(5, 6, 7, 7, generator=torch.Generator().manual_seed(0))


def direct(x: Tensor) -> tuple[Tensor, Tensor]:
    flat = x.transpose(0, 1).flatten(1)  # (ch, n)
    return flat.mean(1), flat.var(1, unbiased=False)


def test_moments_of_a_checkerboard_are_known() -> None:
    board = torch.tensor([[1.0, 3.0], [3.0, 1.0]])[None, None]
    moments = image_moments(board)
    assert (moments.mean.item(), moments.square.item()) == (2.0, 5.0)
    mean, variance = batch_moments(moments)
    assert (mean.item(), variance.item()) == (2.0, 1.0)


def test_the_written_out_gradient_is_autograds(activations: Tensor) -> None:
    x, y = activations.clone().requires_grad_(), activations.clone().requires_grad_()
    moments = image_moments(x)
    (moments.mean.sin().sum() + moments.square.cos().sum()).backward()
    (y.mean((2, 3)).sin().sum() + y.square().mean((2, 3)).cos().sum()).backward()
    torch.testing.assert_close(x.grad, y.grad)


def test_a_moment_without_gradient_is_no_trouble(activations: Tensor) -> None:
    x = activations.clone().requires_grad_()
    image_moments(x).mean.sum().backward()
    torch.testing.assert_close(x.grad, torch.full_like(x, 1 / 49))


def test_bfloat16_accumulates_in_float32() -> None:
    x = torch.full((1, 1, 64, 64), 1.0, dtype=torch.bfloat16)
    moments = image_moments(x)  # in bfloat16, a sum of ones stops at 256
    assert moments.mean.dtype is torch.float32
    assert (moments.mean.item(), moments.square.item()) == (1.0, 1.0)


def test_classes_equal_direct_statistics_and_absent_ones_are_zero(activations: Tensor) -> None:
    mean, variance = class_moments(image_moments(activations), LABELS, 4)
    for k in (0, 2):
        expected_mean, expected_variance = direct(activations[k == LABELS])
        torch.testing.assert_close(mean[k], expected_mean, atol=1e-5, rtol=0)
        torch.testing.assert_close(variance[k], expected_variance, atol=1e-5, rtol=0)
    assert not bool(mean[[1, 3]].any())
    assert not bool(variance[[1, 3]].any())


def test_the_batch_equals_direct_statistics(activations: Tensor) -> None:
    mean, variance = batch_moments(image_moments(activations))
    expected_mean, expected_variance = direct(activations)
    torch.testing.assert_close(mean, expected_mean, atol=1e-5, rtol=0)
    torch.testing.assert_close(variance, expected_variance, atol=1e-5, rtol=0)


def test_integer_weights_equal_repeated_images(activations: Tensor) -> None:
    weights = torch.tensor([1.0, 2.0, 3.0, 0.0, 5.0])
    moments = image_moments(activations)
    mean, variance = class_moments(moments, LABELS, 3, weights)
    repeated = activations.repeat_interleave(weights.long(), dim=0)
    labels = LABELS.repeat_interleave(weights.long())
    for k in (0, 2):
        expected_mean, expected_variance = direct(repeated[k == labels])
        torch.testing.assert_close(mean[k], expected_mean, atol=1e-5, rtol=0)
        torch.testing.assert_close(variance[k], expected_variance, atol=1e-5, rtol=0)


def test_weights_are_normalised_within_each_class(activations: Tensor) -> None:
    moments = image_moments(activations)
    plain = class_moments(moments, LABELS, 3)
    scaled = class_moments(moments, LABELS, 3, torch.where(LABELS == 0, 0.1, 7.0))
    torch.testing.assert_close(plain, scaled)


def test_a_class_with_weight_zero_only_gives_no_nan(activations: Tensor) -> None:
    x = activations.clone().requires_grad_()
    mean, variance = class_moments(image_moments(x), LABELS, 3, (LABELS != 0).float())
    (mean.sum() + variance.sum()).backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())


def test_pooling_parts_equals_statistics_of_their_union(activations: Tensor) -> None:
    parts = [activations[:1], activations[1:3], activations[3:]]
    stats = [direct(part) for part in parts]
    mean, variance = pooled([m for m, _ in stats], [v for _, v in stats], [1, 2, 2])
    expected_mean, expected_variance = direct(activations)
    torch.testing.assert_close(mean, expected_mean)
    torch.testing.assert_close(variance, expected_variance)


def test_taps_see_what_batchnorm_sees() -> None:
    """T7 of the methods' tests: one training pass with momentum None over the same data."""
    model = build_model("resnet18-w16", num_classes=4, channels=3, resolution=16, seed=0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    x = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), Tapped(model) as tapped:
        moments = tapped(x).moments
    stats = bn_running_stats(model)
    sides = [16] * 5 + [8] * 5 + [4] * 5 + [2] * 5
    for seen, mean, variance, side in zip(
        moments, stats.means, stats.variances, sides, strict=True
    ):
        n = 8 * side * side
        expected_mean, biased = batch_moments(seen)
        torch.testing.assert_close(expected_mean, mean, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(biased * n / (n - 1), variance, atol=1e-5, rtol=1e-4)


def test_running_statistics_are_copies() -> None:
    model = build_model("convnet3-w16-bn", num_classes=4, channels=3, resolution=16, seed=0)
    stats = bn_running_stats(model)
    assert [len(mean) for mean in stats.means] == [16, 16, 16]
    model(torch.ones(2, 3, 16, 16))
    assert not bool(stats.means[0].any())


def test_a_network_without_batchnorm_is_refused() -> None:
    with pytest.raises(BadValue, match="given 0 BatchNorm layers"):
        bn_running_stats(nn.Sequential(nn.Linear(1, 1)))
