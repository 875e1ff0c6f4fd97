"""One dimension is exact; slice costs agree with POT; the mean is kept."""

import numpy as np
import ot
import pytest

from bench.transport.exact import uniform_barycenter
from bench.transport.objective import wasserstein
from bench.transport.seeding import sampled
from bench.transport.sliced import (
    energy_shares,
    quantile_means,
    slice_costs,
    slice_step,
    sliced_barycenter,
    uniform_shares,
)


def directions(dims: int, count: int) -> np.ndarray:
    drawn = np.random.default_rng(6).standard_normal((dims, count))
    return drawn / np.linalg.norm(drawn, axis=0)


def test_quantile_means_split_points_between_blocks() -> None:
    means = quantile_means(np.array([[0.0], [3.0], [6.0]]), 2)
    np.testing.assert_allclose(means, [[1.0], [5.0]])  # (0 + 3/2) / 1.5 and (3/2 + 6) / 1.5


def test_on_a_line_the_barycenter_is_the_exact_one() -> None:
    points = np.random.default_rng(0).standard_normal((30, 1))
    solved = sliced_barycenter(points, np.array([[5.0], [-1.0], [0.0]]), np.random.default_rng(1))
    expected = np.sort(points[:, 0]).reshape(3, 10).mean(axis=1)
    np.testing.assert_allclose(np.sort(solved.support[:, 0]), expected, atol=1e-12)
    assert solved.iterations <= 3


@pytest.mark.parametrize("atoms", [1, 8, 9])
def test_slice_costs_agree_with_pot(atoms: int, features: np.ndarray) -> None:
    atoms_at, slices = sampled(features, atoms, np.random.default_rng(0)), directions(64, 30)
    expected = ot.sliced_wasserstein_distance(atoms_at, features, projections=slices) ** 2
    ours = slice_costs(atoms_at, features, slices).mean()
    assert ours == pytest.approx(expected, rel=1e-9)


def test_a_full_step_reaches_the_optimum_of_every_slice(
    features: np.ndarray, noise: np.ndarray
) -> None:
    frame = np.linalg.qr(directions(64, 20))[0]
    moved = slice_step(noise, features, frame, 1.0, uniform_shares)
    reached = np.sort(moved @ frame, axis=0)
    np.testing.assert_allclose(reached, quantile_means(np.sort(features @ frame, axis=0), 9))


def test_a_slice_with_all_the_weight_does_not_overshoot(
    features: np.ndarray, noise: np.ndarray
) -> None:
    frame = np.linalg.qr(directions(64, 20))[0]
    moved = slice_step(noise, features, frame, 1.0, lambda costs: np.eye(20)[3])
    targets = quantile_means(np.sort(features @ frame, axis=0), 9)
    np.testing.assert_allclose(np.sort(moved @ frame, axis=0)[:, 3], targets[:, 3])
    np.testing.assert_allclose(np.delete((moved - noise) @ frame, 3, axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize("shares", [uniform_shares, energy_shares])
def test_sliced_distance_falls_below_that_of_a_sample_and_of_the_exact_barycenter(
    shares: object, features: np.ndarray
) -> None:
    start, slices = sampled(features, 12, np.random.default_rng(0)), directions(64, 400)
    solved = sliced_barycenter(
        features,
        start,
        np.random.default_rng(1),
        iterations=100,
        slices=32,
        shares=shares,  # type: ignore[arg-type]
    )
    before = slice_costs(start, features, slices).mean()
    after = slice_costs(solved.support, features, slices).mean()
    exact = uniform_barycenter(features, start).support
    assert after < 0.8 * before
    assert after < 0.8 * slice_costs(exact, features, slices).mean()
    assert solved.cost == pytest.approx(wasserstein(solved.support, features))
    np.testing.assert_allclose(solved.support.mean(axis=0), features.mean(axis=0), atol=1e-12)


def test_energy_favours_the_slices_that_cost_most_in_the_ratio_of_exponentials() -> None:
    shares = energy_shares(np.array([0.0, 1.0, 1000.0]) / 1000.0)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[2] / shares[0] == pytest.approx(np.e)


def test_directions_depend_on_the_generator_alone(features: np.ndarray) -> None:
    start = sampled(features, 5, np.random.default_rng(0))
    once, again = (
        sliced_barycenter(features, start, np.random.default_rng(7), iterations=5) for _ in range(2)
    )
    np.testing.assert_array_equal(once.support, again.support)
