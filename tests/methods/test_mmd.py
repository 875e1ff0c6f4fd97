"""MMD losses: known values, brute force, zero only for equal samples, WMDD's target at IPC 1."""

import pytest
import torch

from bench import Barycenter, ClassFeatures, ClassMeans, Reference, View
from bench.stages.barycenter import Solve, barycenters
from methods.mmd import LARGEST_CLASS, KernelMatch, MeanMatch, draw_real, mmd_linear, squared_mmd

LABELS = torch.tensor([0, 0, 1, 1])
SLOTS = torch.tensor([0, 1, 0, 1])


def view_of(features: torch.Tensor, noise: torch.Tensor | None = None) -> View:
    noise = torch.empty(0) if noise is None else noise
    return View(torch.zeros(len(features), 2), features, (), LABELS, SLOTS, 2, noise)


def features_of(sizes: tuple[int, ...], seed: int = 0) -> ClassFeatures:
    rng = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.full((n,), k) for k, n in enumerate(sizes)])
    return ClassFeatures(torch.randn(sum(sizes), 3, generator=rng), labels)


def test_mean_match_sees_only_class_means() -> None:
    features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [1.0, 3.0]])
    means = ClassMeans(torch.tensor([[1.0, 0.0], [1.0, 2.0]]))
    assert MeanMatch()(view_of(features), Reference.of(means)).item() == 0.0
    off = ClassMeans(torch.tensor([[1.0, 3.0], [5.0, 2.0]]))  # gaps (0, -3) and (-4, 0)
    assert MeanMatch()(view_of(features), Reference.of(off)).item() == pytest.approx(5.0)


def test_at_ipc_one_the_target_is_exactly_wmdds() -> None:
    features = features_of((30, 40))
    barycenter: Barycenter = barycenters(features, 1, Solve(), 0)
    means = torch.stack([features.features[features.labels == k].mean(0) for k in (0, 1)])
    torch.testing.assert_close(barycenter.support[:, 0], means, atol=1e-6, rtol=1e-6)


def test_rbf_equals_brute_force() -> None:
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(3, 4, generator=rng), torch.randn(5, 4, generator=rng)
    pooled = torch.cat((a, b)).tolist()
    distance = [
        [sum((p - q) ** 2 for p, q in zip(x, y, strict=True)) for y in pooled] for x in pooled
    ]
    bandwidth = sum(map(sum, distance)) / (8 * 8 - 8)

    def kernel(i: int, j: int) -> float:
        scaled = [-distance[i][j] / (bandwidth * 2.0 ** (s - 2)) for s in range(5)]
        return sum(torch.tensor(scaled).exp().tolist())

    def mean(rows: range, columns: range) -> float:
        return sum(kernel(i, j) for i in rows for j in columns) / (len(rows) * len(columns))

    first, second = range(3), range(3, 8)
    expected = mean(first, first) - 2 * mean(first, second) + mean(second, second)
    assert squared_mmd(a[None], b[None]).item() == pytest.approx(expected, abs=1e-5)


def test_rbf_is_zero_only_for_equal_samples() -> None:
    a = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(squared_mmd(a, a), torch.zeros(2), atol=1e-6, rtol=0)
    assert (squared_mmd(a, a + 0.5) > 1e-3).all()


def test_draws_are_distinct_members_of_the_right_class() -> None:
    features = features_of((7, 12))
    noise = torch.rand(LARGEST_CLASS, generator=torch.Generator().manual_seed(2))
    drawn, present = draw_real(features, view_of(torch.zeros(4, 3), noise))
    assert present.sum(1).tolist() == [7, 12]  # min(256, n) of each class
    for k in (0, 1):
        own = features.features[features.labels == k]
        found = [(own == row).all(1).nonzero().item() for row in drawn[k][present[k]]]
        assert len(set(found)) == len(own)


def test_a_smaller_class_is_not_padded() -> None:
    """What stands where a class has no image does not count."""
    a, b = (torch.randn(1, n, 3, generator=torch.Generator().manual_seed(n)) for n in (4, 9))
    padded = torch.cat((b, torch.full((1, 5, 3), 7.0)), dim=1)
    present = (torch.arange(14) < 9)[None]
    torch.testing.assert_close(squared_mmd(a, padded, present), squared_mmd(a, b))


def test_gradient_of_equal_samples_is_finite() -> None:
    features = features_of((2, 2))
    noise = torch.arange(LARGEST_CLASS) / LARGEST_CLASS
    leaf = features.features.clone().requires_grad_()
    KernelMatch()(view_of(leaf, noise), Reference.of(features)).backward()
    assert leaf.grad is not None
    assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize(
    ("reading", "classification", "weight"), [("m1", 1, 10), ("m2", 0, 10), ("m3", 0, 0)]
)
def test_readings_drop_one_term_after_the_other(
    reading: str, classification: float, weight: float
) -> None:
    method = mmd_linear(reading=reading)  # type: ignore[arg-type]
    assert (method.ce_weight, method.bn_weight) == (classification, weight)
