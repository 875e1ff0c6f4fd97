"""Free weights have a closed form, and cost and variance add up."""

import numpy as np
import pytest

from bench.transport.cost import squared_distances
from bench.transport.exact import uniform_barycenter
from bench.transport.kmeans import kmeans_barycenter
from bench.transport.objective import (
    free_cost,
    total_variance,
    variance_explained,
    voronoi_weights,
    wasserstein,
)
from bench.transport.plan import couple
from bench.transport.seeding import sampled


def test_two_diracs_under_two_diracs_cost_nothing() -> None:
    points = np.array([[-1.0], [1.0]])
    assert wasserstein(points, points) == pytest.approx(0.0, abs=1e-12)
    assert total_variance(points) == pytest.approx(1.0)


def test_one_atom_at_the_mean_costs_the_whole_variance(features: np.ndarray) -> None:
    mean = features.mean(axis=0, keepdims=True)
    cost = wasserstein(mean, features)
    assert cost == pytest.approx(total_variance(features), rel=1e-12)
    assert variance_explained(cost, features) == pytest.approx(0.0, abs=1e-12)


def test_atoms_at_the_features_explain_everything(features: np.ndarray) -> None:
    assert variance_explained(wasserstein(features, features), features) == pytest.approx(1.0)


def test_features_without_variance_count_as_explained() -> None:
    assert variance_explained(0.0, np.ones((1, 3))) == 1.0


def test_closed_form_weights_attain_the_mean_of_minima(
    features: np.ndarray, noise: np.ndarray
) -> None:
    cost = squared_distances(sampled(features, 9, np.random.default_rng(0)), features)
    weights = voronoi_weights(cost)
    assert couple(cost, weights).cost == pytest.approx(free_cost(cost), abs=1e-9)


def test_no_other_weights_are_cheaper(features: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    cost = squared_distances(sampled(features, 9, rng), features)
    others = [couple(cost, w).cost for w in rng.dirichlet(np.ones(9), size=20)]
    assert min(others) >= free_cost(cost) - 1e-9


@pytest.mark.parametrize("solve", [uniform_barycenter, kmeans_barycenter])
def test_variance_of_atoms_and_cost_add_up_to_the_variance(
    solve: object, features: np.ndarray
) -> None:
    """The law of total variance holds at a fixed point of either solver."""
    start = sampled(features, 10, np.random.default_rng(0))
    solved = solve(features, start, 1000, 1e-20)  # type: ignore[operator]
    parts = total_variance(solved.support, solved.weights) + solved.cost
    assert parts == pytest.approx(total_variance(features), rel=1e-8)
