"""The two-level split against a hand-computed table and a simulation with known variances."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from reports.numbers.variance import two_level


def test_by_hand() -> None:
    # Means 2 and 6, grand mean 4; MSW = (1+1+1+1)/2 = 2, MSB = 2*(4+4)/1 = 16, n0 = 2.
    found = two_level({0: [1, 3], 1: [5, 7]})
    assert (found.mean, found.within, found.between) == (4, 2, 7)
    assert found.share == pytest.approx(7 / 9)
    assert found.sem == pytest.approx((7 / 2 + 2 / 4) ** 0.5)
    assert found.sem_of(2, 2) == pytest.approx(found.sem)


def test_unequal_groups_by_hand() -> None:
    # n = 2 and 1: MSW = 2/1, grand 7/3, MSB = 2*(1/3)^2 + (2/3)^2 = 2/3, n0 = 3 - 5/3 = 4/3.
    found = two_level({0: [1, 3], 1: [3]})
    assert found.within == pytest.approx(2)
    assert found.between == 0  # (2/3 - 2) / (4/3) is negative
    assert found.sem == pytest.approx((2 / 3) ** 0.5)


def test_no_spread_at_all() -> None:
    found = two_level({0: [0.5, 0.5], 1: [0.5, 0.5]})
    assert (found.between, found.within, found.share, found.sem) == (0, 0, 0, 0)


def test_known_variances_are_recovered() -> None:
    rng = np.random.default_rng(0)
    sets = rng.normal(0, 3, 4000)
    scores = {i: list(effect + rng.normal(0, 1, 4)) for i, effect in enumerate(sets)}
    found = two_level(scores)
    # relative standard errors of both estimates are about 2.3 % and 1.3 %
    assert found.between == pytest.approx(9, rel=0.1)
    assert found.within == pytest.approx(1, rel=0.06)


def test_more_students_cannot_replace_sets() -> None:
    found = two_level({0: [1, 3], 1: [5, 7]})
    assert found.sem_of(2, 1000) > found.sem_of(4, 2)


@pytest.mark.parametrize("scores", [{}, {0: [1.0, 2.0]}, {0: [1.0], 1: [2.0]}, {0: [1.0], 1: []}])
def test_designs_without_both_levels_are_refused(scores: dict[int, list[float]]) -> None:
    with pytest.raises(BadValue, match="at least 2 distillation seeds"):
        two_level(scores)
