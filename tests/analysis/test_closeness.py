"""Precision, recall, coverage and W2 on point clouds whose answers are known."""

import numpy as np
import pytest

from bench.analysis.closeness import class_distance, closeness, radii
from bench.core.errors import BadValue
from bench.transport.cost import Array


def line(*places: float) -> Array:
    """Points on a line, as features of one dimension."""
    return np.array(places, dtype=np.float64)[:, None]


def zeros(points: Array) -> np.ndarray:
    return np.zeros(len(points), dtype=np.int64)


def test_radius_reaches_the_third_neighbour() -> None:
    assert radii(line(0, 1, 2, 3, 10)).tolist() == [9, 4, 4, 9, 81]


def test_radius_of_few_points_reaches_the_last() -> None:
    assert radii(line(0, 2)).tolist() == [4, 4]


def test_equal_clouds_are_perfect() -> None:
    cloud = np.random.default_rng(0).normal(size=(40, 3))
    found = closeness(cloud, zeros(cloud), cloud, zeros(cloud))
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.w2 == pytest.approx(0, abs=1e-6)


def test_far_clouds_have_nothing_in_common() -> None:
    real = line(*range(6))
    far = real + 1000
    found = closeness(real, zeros(real), far, zeros(far))
    assert (found.precision, found.recall, found.coverage) == (0, 0, 0)
    assert found.w2 == pytest.approx(1000)


def test_each_number_by_hand() -> None:
    # Real balls: 0, 1, 2, 3 reach 3, 2, 2, 3; 10 reaches 9 and 30 reaches 28.
    real = line(0, 1, 2, 3, 10, 30)
    made = line(-3, 100)  # each reaches the other, 103
    found = closeness(real, zeros(real), made, zeros(made))
    assert found.precision == 1 / 2  # -3 lies in the ball of 0, 100 in none
    assert found.recall == 1  # everything lies within 103 of one of them
    assert found.coverage == 1 / 6  # the ball of 0 alone holds one


def test_a_single_synthetic_image_has_no_recall() -> None:
    real = line(0, 1, 2)
    assert closeness(real, zeros(real), line(1), np.zeros(1, dtype=np.int64)).recall is None


def test_distance_stays_within_classes() -> None:
    real, labels = line(0, 2, 10, 12), np.array([0, 0, 1, 1])
    own = class_distance(real, labels, line(1, 11), np.array([0, 1]))
    swapped = class_distance(real, labels, line(11, 1), np.array([0, 1]))
    assert own == pytest.approx(1)
    assert swapped == pytest.approx(np.sqrt((101 + 101) / 2))


def test_collapse_keeps_precision_and_loses_recall_and_coverage() -> None:
    real = np.random.default_rng(0).normal(size=(200, 2))
    collapsed = real[:1] + 1e-3 * np.random.default_rng(1).normal(size=(20, 2))
    found = closeness(real, zeros(real), collapsed, zeros(collapsed))
    assert found.precision == 1
    assert found.recall is not None
    assert found.recall < 0.05
    assert found.coverage < 0.1


def test_unlike_features_are_refused() -> None:
    with pytest.raises(BadValue, match="of one size"):
        closeness(line(0, 1), np.zeros(2, dtype=np.int64), np.ones((2, 3)), np.zeros(2, np.int64))
