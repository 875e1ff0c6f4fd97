"""The exact plan has its marginals, its dual certifies it, and its dual is the gradient."""

import numpy as np
import pytest

from bench.core.errors import CellFailed
from bench.transport import plan as plans
from bench.transport.cost import squared_distances
from bench.transport.plan import barycentric_projection, couple


def skewed(atoms: int) -> np.ndarray:
    return np.random.default_rng(3).dirichlet(np.full(atoms, 3.0))


def test_two_atoms_serve_the_nearer_half_each() -> None:
    cost = squared_distances(np.array([[-1.0], [1.0]]), np.array([[-2.0], [-1.0], [1.0], [2.0]]))
    coupling = couple(cost, np.array([0.5, 0.5]))
    np.testing.assert_allclose(coupling.plan.toarray(), np.array([[1, 1, 0, 0], [0, 0, 1, 1]]) / 4)
    assert coupling.cost == pytest.approx(0.5)


def test_plan_has_the_given_marginals(features: np.ndarray, noise: np.ndarray) -> None:
    weights = skewed(9)
    plan = couple(squared_distances(noise, features), weights).plan
    np.testing.assert_allclose(plan.sum(axis=1), weights, atol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / 120, atol=1e-12)


def test_dual_is_feasible_and_attains_the_cost(features: np.ndarray, noise: np.ndarray) -> None:
    cost, weights = squared_distances(noise, features), skewed(9)
    coupling = couple(cost, weights)
    potential = coupling.potential(cost)
    assert (potential[:, None] + coupling.dual <= cost + 1e-12).all()
    assert weights @ potential + coupling.dual.mean() == pytest.approx(coupling.cost, rel=1e-12)


def test_potential_is_the_gradient_in_the_weights(features: np.ndarray, noise: np.ndarray) -> None:
    """The value is piecewise linear in the weights, so a small difference is exact."""
    cost, weights, small = squared_distances(noise, features), skewed(9), 1e-7
    potential = couple(cost, weights).potential(cost)
    for atom in range(1, 9):
        direction = np.zeros(9)
        direction[[0, atom]] = -1.0, 1.0
        up = couple(cost, weights + small * direction).cost
        down = couple(cost, weights - small * direction).cost
        assert (up - down) / (2 * small) == pytest.approx(potential @ direction, abs=1e-4)


def test_potential_is_a_subgradient_where_an_atom_is_empty(
    features: np.ndarray, noise: np.ndarray
) -> None:
    cost, rng = squared_distances(noise, features), np.random.default_rng(4)
    weights = np.append(rng.dirichlet(np.ones(8)), 0.0)
    at = couple(cost, weights)
    for other in rng.dirichlet(np.ones(9), size=10):
        bound = at.cost + at.potential(cost) @ (other - weights)
        assert couple(cost, other).cost >= bound - 1e-9


def test_projection_is_the_mean_of_the_mass_received_and_leaves_empty_atoms() -> None:
    plan = np.array([[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]])
    moved = barycentric_projection(plan, np.array([[0.0], [4.0], [9.0]]), np.array([[5.0], [7.0]]))
    np.testing.assert_allclose(moved, [[3.0], [7.0]])


def test_a_simplex_that_stops_early_fails_the_cell(
    features: np.ndarray, noise: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "PIVOTS", 1)
    with (
        pytest.warns(UserWarning, match="numItermax"),
        pytest.raises(CellFailed, match="expected an optimal plan of 9 x 120"),
    ):
        couple(squared_distances(noise, features), np.full(9, 1 / 9))
