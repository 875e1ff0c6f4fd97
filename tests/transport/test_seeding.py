"""Starts are drawn from the features, or from noise where asked."""

import numpy as np

from bench.transport.cost import squared_distances
from bench.transport.objective import free_cost
from bench.transport.seeding import normal, plus_plus, sampled


def test_sampled_rows_are_distinct_features() -> None:
    rows = sampled(np.arange(10.0)[:, None], 10, np.random.default_rng(0))
    assert sorted(rows[:, 0]) == list(range(10))


def test_plus_plus_takes_one_point_of_each_far_cluster() -> None:
    rng = np.random.default_rng(0)
    points = (1000.0 * np.eye(5)[:, None] + rng.standard_normal((5, 20, 5))).reshape(100, 5)
    chosen = plus_plus(points, 5, rng)
    assert sorted(chosen.argmax(axis=1)) == [0, 1, 2, 3, 4]
    assert all((points == row).all(axis=1).any() for row in chosen)


def test_plus_plus_serves_the_features_better_than_a_plain_sample(features: np.ndarray) -> None:
    """On average over ten draws, which differ by about a standard deviation each."""
    seeded, plain = (
        [
            free_cost(squared_distances(start(features, 9, np.random.default_rng(seed)), features))
            for seed in range(10)
        ]
        for start in (plus_plus, sampled)
    )
    assert np.mean(seeded) < np.mean(plain)


def test_normal_has_the_shape_of_the_atoms() -> None:
    assert normal(np.zeros((7, 3)), 2, np.random.default_rng(0)).shape == (2, 3)
