"""Uniform weights: equal-mass clusters, a falling cost, and POT's own fixed point."""

import numpy as np
import ot
import pytest

from bench.transport.cost import squared_distances
from bench.transport.exact import uniform_barycenter
from bench.transport.objective import uniform_weights, wasserstein
from bench.transport.plan import couple


def test_two_diracs_are_their_own_barycenter() -> None:
    solved = uniform_barycenter(np.array([[-1.0], [1.0]]), np.array([[0.3], [0.4]]))
    np.testing.assert_allclose(solved.support, [[-1.0], [1.0]], atol=1e-12)
    assert solved.cost == pytest.approx(0.0, abs=1e-12)
    assert solved.iterations <= 3


def test_separated_clusters_of_equal_size_are_reduced_to_their_means() -> None:
    rng, centres = np.random.default_rng(0), 100.0 * np.eye(4, 6)
    clusters = centres[:, None] + rng.standard_normal((4, 15, 6))  # (m, n / m, d)
    start = centres + rng.standard_normal((4, 6))
    solved = uniform_barycenter(clusters.reshape(60, 6), start)
    np.testing.assert_allclose(solved.support, clusters.mean(axis=1), atol=1e-9)


def test_cost_never_rises_with_iterations(features: np.ndarray, noise: np.ndarray) -> None:
    costs = [uniform_barycenter(features, noise, k, 0.0).cost for k in range(1, 12)]
    assert np.diff(costs).max() <= 1e-9
    assert costs[-1] < costs[0]


@pytest.mark.parametrize("atoms", [1, 6, 9])
def test_iterates_are_those_of_the_solver_that_the_released_code_calls(
    atoms: int, features: np.ndarray, noise: np.ndarray
) -> None:
    masses = np.full(len(features), 1 / len(features))
    expected, log = ot.lp.free_support_barycenter([features], [masses], noise[:atoms], log=True)
    solved = uniform_barycenter(features, noise[:atoms])
    np.testing.assert_allclose(solved.support, expected, atol=1e-10)
    assert solved.iterations == len(log["displacement_square_norms"])


def test_every_atom_carries_equal_mass_where_atoms_do_not_divide_features(
    features: np.ndarray, noise: np.ndarray
) -> None:
    solved = uniform_barycenter(features, noise)
    np.testing.assert_array_equal(solved.weights, uniform_weights(9))
    plan = couple(squared_distances(solved.support, features), solved.weights).plan
    np.testing.assert_allclose(plan.sum(axis=1) * 120, 120 / 9, atol=1e-9)


def test_order_of_features_does_not_matter(features: np.ndarray, noise: np.ndarray) -> None:
    shuffled = features[np.random.default_rng(2).permutation(len(features))]
    here, there = uniform_barycenter(features, noise), uniform_barycenter(shuffled, noise)
    np.testing.assert_allclose(here.support, there.support, atol=1e-9)


def test_order_of_the_start_only_reorders_the_atoms(
    features: np.ndarray, noise: np.ndarray
) -> None:
    here, there = uniform_barycenter(features, noise), uniform_barycenter(features, noise[::-1])
    np.testing.assert_allclose(here.support, there.support[::-1], atol=1e-9)


def test_rest_is_reached_before_the_limit_and_reported(
    features: np.ndarray, noise: np.ndarray
) -> None:
    solved = uniform_barycenter(features, noise)
    assert 1 < solved.iterations < 100
    again = uniform_barycenter(features, solved.support)
    assert again.iterations == 1
    assert solved.cost == pytest.approx(wasserstein(solved.support, features))
