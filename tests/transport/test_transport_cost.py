"""Squared distances match the definition and never go below zero."""

import numpy as np

from bench.transport.cost import displacement, squared_distances


def test_distances_of_a_right_triangle() -> None:
    cost = squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]))
    np.testing.assert_allclose(cost, [[25.0, 1.0]])


def test_distances_match_the_definition(features: np.ndarray, noise: np.ndarray) -> None:
    expected = np.square(noise[:, None] - features[None]).sum(axis=-1)
    np.testing.assert_allclose(squared_distances(noise, features), expected, rtol=1e-12)


def test_far_from_the_origin_a_point_is_not_below_zero_from_itself() -> None:
    points = np.full((3, 5), 1e6) + np.arange(3)[:, None] / 3
    assert squared_distances(points, points).min() >= 0.0


def test_displacement_sums_squares_over_atoms() -> None:
    assert displacement(np.zeros((2, 2)), np.array([[1.0, 0.0], [0.0, 2.0]])) == 5.0
