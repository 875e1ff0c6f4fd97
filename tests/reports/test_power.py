"""Numbers of pairs agree with published tables, and more of anything never needs more pairs."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from reports.numbers.power import pairs_needed, power_of


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_pairs_of_the_usual_effects(effect: float, pairs: int) -> None:
    """Cohen's small, medium and large effects, power 0.8, alpha 0.05 two-sided (G*Power 3.1)."""
    assert pairs_needed(effect, 1.0) == pairs_needed(-3 * effect, 3.0) == pairs


def test_the_least_number_has_the_power_and_one_less_has_not() -> None:
    n = pairs_needed(0.012, 0.02)
    assert n is not None
    assert power_of(0.6, n) >= 0.8 > power_of(0.6, n - 1)


def test_power_agrees_with_simulation() -> None:
    """200,000 samples of 5 pairs at an effect of 1.5; the standard error is 0.001."""
    draws = np.random.default_rng(0).normal(1.5, 1.0, (200_000, 5))
    t = draws.mean(1) / (draws.std(1, ddof=1) / np.sqrt(5))
    assert power_of(1.5, 5) == pytest.approx(np.mean(np.abs(t) > 2.776445), abs=0.004)


def test_no_effect_has_the_level_as_its_power_and_is_never_found() -> None:
    assert power_of(0.0, 7) == pytest.approx(0.05)
    assert pairs_needed(0.0, 1.0) is None


def test_a_large_effect_still_needs_what_decides_anything() -> None:
    assert pairs_needed(100.0, 1.0) == 3


@pytest.mark.parametrize(("difference", "std"), [(1.0, 0.0), (float("nan"), 1.0), (1.0, -1.0)])
def test_a_spread_of_zero_is_refused(difference: float, std: float) -> None:
    with pytest.raises(BadValue, match="a positive std"):
        pairs_needed(difference, std)
