"""DD-Ranking scores on fractions: ends of the scale, arithmetic by hand, intervals by seed."""

from math import e

import pytest

from reports.numbers.scores import robust_score
from reports.numbers.statistics import quantile


def scaled(alpha: float) -> float:
    return (e**alpha - 1 / e) / (e - 1 / e)


def test_the_label_robust_score_by_hand() -> None:
    gains, losses = {0: 0.7 - 0.5}, {0: 0.9 - 0.6}
    found = robust_score([gains, {0: -losses[0]}])
    # alpha = 0.5 * 0.2 - 0.5 * 0.3 = -0.05
    assert found is not None
    assert (found.n, found.mean) == (1, pytest.approx(scaled(-0.05)))
    assert found.low is None


@pytest.mark.parametrize(("gain", "score"), [(-1.0, 0.0), (1.0, 1.0), (0.15, scaled(0.15))])
def test_the_scale_ends_at_zero_and_one(gain: float, score: float) -> None:
    found = robust_score([{3: gain}, {3: gain}])
    assert found is not None
    assert found.mean == pytest.approx(score)


def test_the_interval_is_that_of_the_sums_of_each_seed_on_the_scale_of_the_score() -> None:
    found = robust_score([{0: 0.1, 1: 0.3, 9: 0.0}, {1: 0.1, 0: 0.1, 8: 1.0}])
    assert found is not None
    sums = (0.1, 0.2)  # of seeds 0 and 1; the others lack a part
    half = quantile(1) * abs(sums[1] - sums[0]) / 2
    assert found.n == 2
    assert found.mean == pytest.approx(scaled(0.15))
    assert found.low == pytest.approx(scaled(0.15 - half))
    assert found.high == pytest.approx(scaled(0.15 + half))


def test_an_interval_stays_on_the_scale() -> None:
    found = robust_score([{0: 1.0, 1: -1.0}, {0: 1.0, 1: -1.0}])
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.0), pytest.approx(1.0))


def test_parts_without_a_shared_seed_give_no_score() -> None:
    assert robust_score([{0: 0.1}, {1: 0.1}]) is None
