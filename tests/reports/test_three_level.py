"""The split by teacher, set and student: by hand, by simulation, and what is refused."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from reports.numbers.three_level import three_level
from reports.numbers.variance import two_level


def test_known_answer() -> None:
    """Two teachers, two sets each, two students each.

    Mean squares by hand: students 2, sets 4 = 2 + 2 * 1, teachers 128 = 4 + 4 * 31.
    """
    scores = {
        0: {0: [1.0, 3.0], 1: [3.0, 5.0]},
        1: {2: [9.0, 11.0], 3: [11.0, 13.0]},
    }
    found = three_level(scores)
    assert (found.students, found.sets, found.teacher) == pytest.approx((2.0, 1.0, 31.0))
    assert found.shape == (2, 4, 8)


def test_variances_of_a_large_unequal_design_are_found_again() -> None:
    rng = np.random.default_rng(0)
    scores = {
        t: {
            s: list(base + rng.normal(0, 2) + rng.normal(0, 1, 2 + s % 3)) for s in range(3 + t % 4)
        }
        for t in range(3000)
        for base in [rng.normal(0, 3)]
    }
    found = three_level(scores)
    assert found.teacher == pytest.approx(9.0, rel=0.06)
    assert found.sets == pytest.approx(4.0, rel=0.05)
    assert found.students == pytest.approx(1.0, rel=0.04)


def test_one_student_per_set_is_the_split_of_two_levels() -> None:
    scores = {0: [0.1, 0.3], 1: [0.5, 0.7], 2: [0.2, 0.9]}
    found = three_level({t: {10 * t + i: [v] for i, v in enumerate(s)} for t, s in scores.items()})
    two = two_level(scores)
    assert (found.teacher, found.sets) == pytest.approx((two.between, two.within))
    assert found.students is None


@pytest.mark.parametrize("scores", [{}, {0: {0: [1.0], 1: [2.0]}}, {0: {0: [1.0]}, 1: {1: [2.0]}}])
def test_a_design_that_cannot_be_split_is_refused(
    scores: dict[int, dict[int, list[float]]],
) -> None:
    with pytest.raises(BadValue, match="at least 2 teachers, one of them with 2 sets"):
        three_level(scores)
