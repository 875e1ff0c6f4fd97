"""Free weights: Lloyd's cost falls, weights are cell shares, empty cells are refilled."""

import numpy as np
import pytest

from bench.transport.kmeans import kmeans_barycenter, lloyd_step
from bench.transport.objective import wasserstein
from bench.transport.seeding import plus_plus


def test_unequal_clusters_get_their_means_and_shares() -> None:
    points = np.repeat([[-1.0], [1.0], [9.0]], [2, 5, 3], axis=0)
    solved = kmeans_barycenter(points, np.array([[-2.0], [2.0], [8.0]]))
    np.testing.assert_allclose(solved.support, [[-1.0], [1.0], [9.0]])
    np.testing.assert_allclose(solved.weights, [0.2, 0.5, 0.3])
    assert solved.cost == pytest.approx(0.0, abs=1e-12)


def test_cost_is_the_transport_cost_at_the_weights(features: np.ndarray, noise: np.ndarray) -> None:
    solved = kmeans_barycenter(features, noise)
    assert solved.cost == pytest.approx(wasserstein(solved.support, features, solved.weights))


def test_cost_never_rises_with_iterations(features: np.ndarray) -> None:
    start = plus_plus(features, 9, np.random.default_rng(0))
    costs = [kmeans_barycenter(features, start, k, 0.0).cost for k in range(1, 12)]
    assert np.diff(costs).max() <= 1e-9
    assert costs[-1] < costs[0]


def test_an_empty_cell_moves_to_the_feature_served_worst() -> None:
    points = np.array([[0.0], [1.0], [2.0], [50.0]])
    moved = lloyd_step(np.array([[1.0], [1000.0]]), points)
    np.testing.assert_allclose(moved, [[53.0 / 4], [50.0]])


def test_more_atoms_than_distinct_points_leave_some_empty() -> None:
    points = np.repeat([[0.0], [1.0]], 5, axis=0)
    solved = kmeans_barycenter(points, plus_plus(points, 4, np.random.default_rng(0)))
    assert solved.cost == 0.0
    assert solved.weights.sum() == pytest.approx(1.0)
    assert np.isfinite(solved.support).all()
