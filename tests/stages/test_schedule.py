"""Schedules end where they say."""

import pytest

from bench.stages.schedule import Schedule


def test_cosine_falls_from_one_towards_zero() -> None:
    assert [Schedule()(e, 4) for e in (0, 2, 4)] == pytest.approx([1, 0.5, 0])


def test_half_cosine_ends_at_half_the_rate() -> None:
    schedule = Schedule("cosine-half")
    assert [schedule(e, 300) for e in (0, 300)] == pytest.approx([1, 0.5])
    assert schedule(150, 300) == pytest.approx(0.5 * (1 + 0.5**0.5))


def test_warm_up_rises_linearly_from_a_hundredth_and_the_cosine_follows() -> None:
    schedule = Schedule(warmup=5)
    rise = [schedule(epoch, 50) for epoch in range(6)]
    assert rise == pytest.approx([0.01, 0.208, 0.406, 0.604, 0.802, 1.0])
    assert schedule(5 + 22, 50) == pytest.approx(Schedule()(22, 45))


def test_warm_up_longer_than_the_training_stays_a_rise() -> None:
    assert all(Schedule(warmup=5)(epoch, 3) < 1 for epoch in range(3))
