"""Every solver in the table: one atom is the mean, weights are a measure, and quality is ranked."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bench.core.errors import UnknownName
from bench.transport.cost import squared_distances
from bench.transport.objective import free_cost, total_variance, uniform_weights, wasserstein
from bench.transport.seeding import sampled
from bench.transport.solvers import SOLVERS, solver_named


@dataclass(frozen=True)
class Defaults:
    init: str = "normal"
    iterations: int = 100
    tolerance: float = 1e-7
    step: float = 1.0
    slices: int = 32
    regularization: float = 0.02


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("init", ["normal", "real"])
def test_one_atom_is_the_mean(name: str, init: str, features: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    solved = solver_named(name).run(features, 1, Defaults(init), rng)
    np.testing.assert_allclose(solved.support[0], features.mean(axis=0), atol=1e-6)
    assert solved.weights == pytest.approx([1.0])


@pytest.mark.parametrize("name", SOLVERS)
def test_cost_is_the_distance_of_the_measure_returned(name: str, features: np.ndarray) -> None:
    solver = solver_named(name)
    solved = solver.run(features, 8, Defaults(), np.random.default_rng(0))
    assert solved.support.shape == (8, 64)
    assert solved.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert solver.learns_weights or (solved.weights == uniform_weights(8)).all()
    distance = wasserstein(solved.support, features, solved.weights)
    assert solved.cost == pytest.approx(distance, rel=1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_points_repeated_within_a_class_are_no_obstacle(name: str) -> None:
    points = np.repeat([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]], 4, axis=0)
    solved = solver_named(name).run(points, 5, Defaults("real"), np.random.default_rng(0))
    assert np.isfinite(solved.support).all()
    assert np.isfinite(solved.cost)


def test_slicings_by_energy_and_uniform_differ(features: np.ndarray) -> None:
    uniform, energy = (
        solver_named(name).run(features, 8, Defaults(), np.random.default_rng(0)).support
        for name in ("sliced", "sliced-energy")
    )
    assert np.abs(uniform - energy).max() > 1e-6


@pytest.mark.parametrize("atoms", [4, 9, 30])
def test_solvers_that_minimise_the_distance_beat_a_random_sample(
    atoms: int, features: np.ndarray
) -> None:
    sample = wasserstein(sampled(features, atoms, np.random.default_rng(0)), features)
    for name in ("uniform", "algorithm-2", "k-means", "sinkhorn"):
        run = solver_named(name).run
        assert run(features, atoms, Defaults(), np.random.default_rng(0)).cost < sample


def test_free_weights_bound_the_uniform_solution_from_below(features: np.ndarray) -> None:
    solved = solver_named("uniform").run(features, 9, Defaults(), np.random.default_rng(0))
    assert free_cost(squared_distances(solved.support, features)) <= solved.cost + 1e-9


def test_kmeans_points_are_poor_targets_under_uniform_weights(features: np.ndarray) -> None:
    """Why the solver and its weights are one switch."""
    rng = np.random.default_rng(0)
    free = solver_named("k-means").run(features, 30, Defaults(), rng)
    balanced = solver_named("uniform").run(features, 30, Defaults(), rng)
    assert free.cost < balanced.cost < wasserstein(free.support, features)


def test_solvers_rank_on_real_features() -> None:
    """One class of the scikit-learn digits, by pixels: what each solver leaves unexplained."""
    digits = load_digits()
    features = digits.data[digits.target == 3].astype(np.float64)
    share = {
        name: solver.run(features, 6, Defaults("real"), np.random.default_rng(0)).cost
        / total_variance(features)
        for name, solver in SOLVERS.items()
    }
    learned = max(share[name] for name in ("algorithm-2", "k-means"))
    uniform = [share[name] for name in ("uniform", "sinkhorn")]
    sliced = min(share[name] for name in ("sliced", "sliced-energy"))
    assert 0.5 < learned < min(uniform)
    assert max(uniform) < sliced < 1


def test_unknown_solver_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'k-means'"):
        solver_named("kmeans")
