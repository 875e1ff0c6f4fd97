"""DD-Ranking scores on fractions: ends of the scale, and arithmetic by hand."""

from math import e

import pytest

from bench.core.errors import BadValue
from reports.numbers.scores import (
    augmentation_robust_score,
    hard_label_recovery,
    improvement_over_random,
    label_robust_score,
)


def test_scores_by_hand() -> None:
    hlr, ior = hard_label_recovery(0.9, 0.6), improvement_over_random(0.7, 0.5)
    assert (hlr, ior) == pytest.approx((0.3, 0.2))
    # alpha = 0.5 * 0.2 - 0.5 * 0.3 = -0.05
    assert label_robust_score(hlr, ior) == pytest.approx((e**-0.05 - 1 / e) / (e - 1 / e))
    assert augmentation_robust_score(0.2, 0.1) == pytest.approx((e**0.15 - 1 / e) / (e - 1 / e))


def test_scale_ends_at_zero_and_one() -> None:
    assert label_robust_score(1.0, -1.0) == pytest.approx(0.0)
    assert label_robust_score(-1.0, 1.0) == pytest.approx(1.0)
    assert augmentation_robust_score(1.0, 1.0) == pytest.approx(1.0)


def test_percent_is_refused() -> None:
    with pytest.raises(BadValue, match=r"fraction in \[0, 1\], given 90"):
        hard_label_recovery(90, 60)
