"""Algorithm 2: its projection, its weight step, and where it lies between the bounds."""

import numpy as np
import pytest

from bench.transport.alternating import (
    algorithm_2,
    alternating_barycenter,
    newton_step,
    project_to_simplex,
    weight_step,
)
from bench.transport.cost import squared_distances
from bench.transport.objective import free_cost, uniform_weights, voronoi_weights, wasserstein
from bench.transport.plan import couple
from bench.transport.seeding import sampled


@pytest.mark.parametrize(
    ("values", "nearest"),
    [
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        ([1.0, 1.0], [0.5, 0.5]),
        ([2.0, 0.0], [1.0, 0.0]),
        ([0.6, 0.6, -5.0], [0.5, 0.5, 0.0]),
    ],
)
def test_projection_onto_the_simplex(values: list[float], nearest: list[float]) -> None:
    np.testing.assert_allclose(project_to_simplex(np.array(values)), nearest, atol=1e-15)


def test_projection_is_nearer_than_any_other_weights() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(7)
    projected = project_to_simplex(values)
    others = rng.dirichlet(np.ones(7), size=200)
    assert projected.min() >= 0.0
    assert projected.sum() == pytest.approx(1.0)
    assert np.square(values - projected).sum() <= np.square(values - others).sum(axis=1).min()


def test_weight_steps_tend_to_the_closed_form(features: np.ndarray) -> None:
    """Polyak's step closes 99 % of the gap at fixed positions within 200 steps."""
    cost = squared_distances(sampled(features, 9, np.random.default_rng(0)), features)
    weights, lowest = uniform_weights(9), free_cost(cost)
    gap = couple(cost, weights).cost - lowest
    for _ in range(200):
        weights = weight_step(cost, weights, step=1.0)
    assert couple(cost, weights).cost - lowest <= 0.01 * gap


def test_weight_step_moves_nearer_to_the_optimal_weights(features: np.ndarray) -> None:
    """Polyak's step never moves away from a minimiser (Fejer monotonicity)."""
    cost = squared_distances(sampled(features, 9, np.random.default_rng(0)), features)
    best, weights = voronoi_weights(cost), uniform_weights(9)
    distances = []
    for _ in range(20):
        distances.append(np.square(weights - best).sum())
        weights = weight_step(cost, weights, step=1.0)
    assert np.diff(distances).max() <= 1e-12


def test_weight_step_rests_at_the_optimum(features: np.ndarray) -> None:
    cost = squared_distances(sampled(features, 9, np.random.default_rng(0)), features)
    best = voronoi_weights(cost)
    stepped = weight_step(cost, best, step=1.0)
    np.testing.assert_allclose(stepped, best, atol=1e-9)


def test_newton_step_is_the_optimum_of_the_fixed_plan(
    features: np.ndarray, noise: np.ndarray
) -> None:
    """The gradient sum_i t_ji (x_j - z_i) vanishes at the new positions."""
    weights = np.random.default_rng(3).dirichlet(np.full(9, 3.0))
    plan = couple(squared_distances(noise, features), weights).plan
    moved = newton_step(features, noise, weights)
    np.testing.assert_allclose(weights[:, None] * moved, plan @ features, atol=1e-12)


def test_two_unequal_clusters_get_their_shares() -> None:
    """10 points at -1 and 30 at 1: with learned weights the fit is perfect."""
    points = np.repeat([[-1.0], [1.0]], [10, 30], axis=0)
    solved = alternating_barycenter(points, np.array([[-0.5], [0.5]]), iterations=50)
    np.testing.assert_allclose(solved.support, [[-1.0], [1.0]], atol=1e-6)
    np.testing.assert_allclose(solved.weights, [0.25, 0.75], atol=1e-6)
    assert solved.cost == pytest.approx(0.0, abs=1e-6)


def test_a_start_far_from_the_features_empties_no_atom(
    features: np.ndarray, noise: np.ndarray
) -> None:
    """Without the first Newton step one atom would take all the mass at once."""
    solved = alternating_barycenter(features, 100.0 * noise)
    assert solved.weights.min() > 0.0


@pytest.mark.parametrize("atoms", [2, 9, 40])
def test_learned_weights_lie_between_free_and_uniform(atoms: int, features: np.ndarray) -> None:
    start = np.random.default_rng(1).standard_normal((atoms, 64))
    solved = alternating_barycenter(features, start)
    free = free_cost(squared_distances(solved.support, features))
    uniform = wasserstein(solved.support, features)
    assert free - 1e-9 <= solved.cost <= uniform + 1e-9
    assert solved.weights.min() >= 0.0
    assert solved.weights.sum() == pytest.approx(1.0)
    assert solved.iterations == 10


def test_algorithm_2_as_printed_moves_with_the_plan_of_the_old_weights() -> None:
    """One round by hand, points 0, 0, 0, 1 and atoms 0, 1 (Algorithm 2, lines 5 to 9, Eq. 35).

    The plan of weights 1/2 gives atom 1 the point 1 and a quarter of mass from 0: it moves to 1/2.
    The dual potentials are 0 and -1 (up to a constant), W2^2 = 1/4, the best over all weights 0,
    so that Polyak's step has length 1/4 over |u|^2 = 1/2, times u = (1/2, -1/2).
    """
    points, atoms = np.array([[0.0], [0.0], [0.0], [1.0]]), np.array([[0.0], [1.0]])
    solved = algorithm_2(points, atoms, iterations=1)
    np.testing.assert_allclose(solved.support, [[0.0], [0.5]], atol=1e-12)
    np.testing.assert_allclose(solved.weights, [0.75, 0.25], atol=1e-12)
    ours = alternating_barycenter(points, atoms, iterations=1)
    assert ours.cost < solved.cost


def test_algorithm_2_makes_no_step_before_its_first_round(features: np.ndarray) -> None:
    """Its first weights are one step from uniform ones at the very start positions."""
    start = sampled(features, 9, np.random.default_rng(0))
    cost = squared_distances(start, features)
    solved = algorithm_2(features, start, iterations=1)
    np.testing.assert_array_equal(solved.weights, weight_step(cost, uniform_weights(9), 1.0))
    np.testing.assert_array_equal(solved.support, newton_step(features, start, uniform_weights(9)))


def test_algorithm_2_also_finds_two_unequal_clusters() -> None:
    points = np.repeat([[-1.0], [1.0]], [10, 30], axis=0)
    solved = algorithm_2(points, np.array([[-0.5], [0.5]]), iterations=50)
    np.testing.assert_allclose(solved.support, [[-1.0], [1.0]], atol=1e-6)
    np.testing.assert_allclose(solved.weights, [0.25, 0.75], atol=1e-6)
