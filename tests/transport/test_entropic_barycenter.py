"""Sinkhorn's barycenter tends to the exact one without entropy and to the mean with much."""

import numpy as np
import pytest

from bench.transport.cost import squared_distances
from bench.transport.entropic import entropic_plan, sinkhorn_barycenter
from bench.transport.exact import uniform_barycenter
from bench.transport.plan import couple


def plan_at(regularization: float, cost: np.ndarray) -> np.ndarray:
    start = np.zeros(cost.shape[0]), np.zeros(cost.shape[1])
    return entropic_plan(cost, regularization * cost.mean(), start)[0]


def test_plan_cost_tends_to_the_exact_one_from_above(features: np.ndarray) -> None:
    cost = squared_distances(features[:9], features)
    exact = couple(cost, np.full(9, 1 / 9)).cost
    gaps = [float((plan_at(r, cost) * cost).sum()) / exact - 1 for r in (1.0, 0.1, 0.01)]
    assert gaps[0] > gaps[1] > gaps[2] > 0.0
    assert gaps[2] < 0.01


def test_plan_has_its_marginals_and_does_not_underflow(
    features: np.ndarray, noise: np.ndarray
) -> None:
    plan = plan_at(1e-4, squared_distances(100.0 * noise, features))
    assert np.isfinite(plan).all()
    np.testing.assert_allclose(plan.sum(axis=1), 1 / 9, atol=1e-3)


def test_with_little_entropy_separated_clusters_give_their_means() -> None:
    rng, centres = np.random.default_rng(0), 100.0 * np.eye(4, 6)
    clusters = centres[:, None] + rng.standard_normal((4, 15, 6))
    start = centres + rng.standard_normal((4, 6))
    points = clusters.reshape(60, 6)
    solved = sinkhorn_barycenter(points, start, regularization=0.01)
    np.testing.assert_allclose(solved.support, clusters.mean(axis=1), atol=1e-6)
    assert solved.cost == pytest.approx(uniform_barycenter(points, start).cost, abs=1e-6)


def test_with_much_entropy_all_atoms_meet_at_the_mean(
    features: np.ndarray, noise: np.ndarray
) -> None:
    solved = sinkhorn_barycenter(features, noise, regularization=100.0)
    np.testing.assert_allclose(solved.support, np.tile(features.mean(axis=0), (9, 1)), atol=1e-3)


def test_identical_points_need_no_transport() -> None:
    solved = sinkhorn_barycenter(np.ones((6, 2)), np.ones((3, 2)))
    np.testing.assert_allclose(solved.support, 1.0)
    assert solved.iterations == 1
