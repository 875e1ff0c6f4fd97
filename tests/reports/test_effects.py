"""Main effects and interaction of a 2x2, known by construction."""

import pytest

from bench.core.errors import BadValue
from reports.numbers.effects import effects

FACTORS = ("loss", "statistics")


def cell(value: float, noise: tuple[float, ...] = (0.0, 0.01, -0.01)) -> dict[int, float]:
    return {seed: value + e for seed, e in enumerate(noise)}


def test_effects_by_hand() -> None:
    # Wass - CE is 4 under PCBN and 2 under BN; PCBN - BN is 12 under Wass and 10 under CE.
    values = {
        ("Wass", "PCBN"): cell(74.0),
        ("CE", "PCBN"): cell(70.0),
        ("Wass", "BN"): cell(62.0),
        ("CE", "BN"): cell(60.0),
    }
    found = {e.label: e.difference.mean for e in effects(FACTORS, values)}
    assert found == pytest.approx(
        {
            "loss: Wass - CE": 3.0,
            "statistics: PCBN - BN": 11.0,
            "loss × statistics (interaction)": 2.0,
        }
    )


def test_noise_that_all_cells_share_cancels() -> None:
    values = {
        (a, b): cell(x, (0.0, 5.0, -7.0))
        for (a, b), x in {
            ("x", "u"): 4.0,
            ("y", "u"): 3.0,
            ("x", "v"): 2.0,
            ("y", "v"): 1.5,
        }.items()
    }
    assert [e.difference.low for e in effects(FACTORS, values)] == pytest.approx([0.75, 1.75, 0.5])


def test_three_factors_average_over_the_others() -> None:
    values = {
        (a, b, c): cell(10 * (a == "1") + 4 * (b == "1") + 2 * (a == b == "1"))
        for a in "10"
        for b in "10"
        for c in "10"
    }
    found = {e.label: e.difference.mean for e in effects(("a", "b", "c"), values)}
    assert found["a: 1 - 0"] == pytest.approx(11.0)
    assert found["c: 1 - 0"] == pytest.approx(0.0)
    assert found["a × b (interaction)"] == pytest.approx(2.0)


def test_only_seeds_of_all_cells_count() -> None:
    values = {(a, b): cell(1.0) for a in "xy" for b in "uv"}
    values["x", "u"] = {7: 1.0}
    assert effects(FACTORS, values) == ()


def test_an_incomplete_design_is_refused() -> None:
    with pytest.raises(BadValue, match="every combination of two levels"):
        effects(FACTORS, {("x", "u"): cell(1.0), ("y", "v"): cell(1.0)})
