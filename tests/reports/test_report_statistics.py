"""Statistics agree with scipy, with hand computation and with the paper's printed Table 4."""

import numpy as np
import pytest
from scipy import stats

from bench.core.errors import BadValue
from reports.numbers.published import lookup
from reports.numbers.statistics import (
    Printed,
    accuracy,
    describe,
    difference_of,
    flip_floor,
    holm,
    paired,
    rank_note,
    sign_flip,
    welch,
)

A = (0.612, 0.634, 0.621, 0.640, 0.618)
B = (0.601, 0.629, 0.615, 0.622, 0.620)


def test_sample_of_1_to_5() -> None:
    sample = describe([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (sample.n, sample.mean) == (5, 3.0)
    assert sample.std == pytest.approx(1.5811388)
    assert sample.sem == pytest.approx(0.7071068)
    # The Student-t quantile at 4 degrees of freedom is 2.776445.
    assert sample.low == pytest.approx(3 - 2.776445 * 0.7071068, abs=1e-6)
    assert sample.high == pytest.approx(3 + 2.776445 * 0.7071068, abs=1e-6)


def test_one_value_has_no_spread() -> None:
    sample = describe([0.5])
    assert (sample.mean, sample.std, sample.sem, sample.low, sample.high) == (0.5, *[None] * 4)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [float("inf")]])
def test_no_or_infinite_values_are_refused(values: list[float]) -> None:
    with pytest.raises(BadValue, match="at least one finite number"):
        describe(values)


def test_paired_difference_agrees_with_scipy() -> None:
    found = paired(dict(enumerate(A)), dict(enumerate(B)))
    expected = stats.ttest_rel(A, B)
    interval = expected.confidence_interval(0.95)
    assert found is not None
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_sign_flip_agrees_with_scipy(n: int) -> None:
    a, b = np.resize(A, n), np.resize(B, n) * np.linspace(0.95, 1.05, n)
    expected = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(list(a - b)) == pytest.approx(expected.pvalue)


def test_all_differences_of_one_sign_reach_the_floor() -> None:
    assert sign_flip([0.01, 0.02, 0.03, 0.005, 0.04]) == flip_floor(5) == 0.0625
    assert sign_flip([0.1, 0.1, 0.1]) == flip_floor(3) == 0.25


def test_ties_by_rounding_count_as_ties() -> None:
    differences = [0.3 - 0.2, 0.2 - 0.1, 0.1 - 0.0]  # all 0.1 but for rounding
    assert sign_flip(differences) == 0.25
    assert difference_of(differences).p is None


def test_more_than_twenty_pairs_are_not_enumerated() -> None:
    assert sign_flip([0.1] * 21) is None


def test_difference_uses_shared_seeds_only() -> None:
    found = paired({0: 0.5, 1: 0.6, 2: 0.7}, {1: 0.5, 2: 0.5, 3: 0.1})
    assert found is not None
    assert (found.n, found.mean) == (2, pytest.approx(0.15))
    assert paired({0: 0.5}, {1: 0.5}) is None


def test_one_pair_has_no_interval_and_decides_nothing() -> None:
    found = paired({0: 0.5}, {0: 0.4})
    assert found is not None
    assert (found.low, found.p, found.nominal) == (None, None, False)


def test_an_interval_that_touches_zero_decides_nothing() -> None:
    assert not difference_of([-0.1, 0.1, 0.0]).nominal
    assert difference_of([0.10, 0.11, 0.12]).nominal


@pytest.mark.parametrize("differences", [[0.1, 0.101], [0.1, 0.1, 0.1], [0.1]])
def test_two_pairs_or_no_spread_decide_nothing(differences: list[float]) -> None:
    """0.1 and 0.101 have an interval far from zero (half-width 0.006)."""
    found = difference_of(differences)
    assert not found.nominal
    assert not found.decided(0.0)


def test_a_difference_is_decided_by_its_adjusted_p() -> None:
    found = difference_of([0.10, 0.11, 0.12])
    assert [found.decided(p) for p in (0.05, 0.051, None)] == [True, False, False]


def test_an_interval_of_accuracies_stays_within_0_and_100_percent() -> None:
    """0.97 and 0.99: the t quantile 12.7 times the standard error of 0.01 reaches 1.107."""
    assert describe([0.97, 0.99]).high == pytest.approx(0.98 + 12.7062 * 0.01, abs=1e-5)
    found = accuracy([0.97, 0.99])
    assert (found.low, found.high) == (pytest.approx(0.98 - 12.7062 * 0.01, abs=1e-5), 1.0)
    assert accuracy([0.01, 0.03]).low == 0.0


@pytest.mark.parametrize(
    ("n", "said"), [(3, "0.25"), (4, "0.125"), (5, "0.0625"), (6, ""), (10, "")]
)
def test_note_on_rank_tests(n: int, said: str) -> None:
    note = rank_note(n)
    assert bool(note) == bool(said)
    assert said in note
    assert not said or note.startswith(f"n = {n}: no rank test can reach 0.05")


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([None, 0.02, None, 0.01]) == pytest.approx([None, 0.06, None, 0.04])
    assert holm([]) == []


def test_welch_agrees_with_scipy() -> None:
    found = welch(
        Printed(np.mean(A), stats.sem(A), len(A)), Printed(np.mean(B[:4]), stats.sem(B[:4]), 4)
    )
    expected = stats.ttest_ind(A, B[:4], equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("sem", [0.0, -0.1])
def test_welch_refuses_an_error_that_is_not_positive(sem: float) -> None:
    with pytest.raises(BadValue, match="positive errors"):
        welch(Printed(1.0, sem, 5), Printed(0.5, 0.0, 5))


def test_printed_table_4_survives_holm() -> None:
    """Wass - CE under PCBN: +1.2 (p .002), +0.8 (p .012), +1.7 (p .0003), all below .05 by Holm."""
    found = []
    for dataset in ("imagenette", "tiny-imagenet", "imagenet-1k"):
        pair = [lookup("table4", m, dataset, 10, "resnet18") for m in ("wass+pcbn", "ce+pcbn")]
        printed = [fact.printed for fact in pair if fact]
        assert printed[0] is not None
        assert printed[1] is not None
        found.append(welch(printed[0], printed[1]))
    assert [d.mean for d in found] == pytest.approx([1.2, 0.8, 1.7])
    ps = [d.p for d in found]
    assert ps == pytest.approx([0.002, 0.012, 0.0003], rel=0.2)
    assert all(p is not None and p < 0.05 for p in holm(ps))
