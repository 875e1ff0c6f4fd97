"""A solver is timed on simulated classes, and long solves are extrapolated."""

import numpy as np
import pytest
import torch

from bench.graph.work import Clock
from bench.stages import barycenter
from bench.stages.barycenter import Problem, Solve, simulated

CLOCK = Clock(torch.device("cpu"))
SMALL = Problem(Solve(iterations=5), images=20, dims=4, atoms=2)


def test_a_solve_takes_time() -> None:
    assert SMALL.measure(CLOCK).seconds > 0


def test_whatever_changes_the_work_has_a_timing_of_its_own() -> None:
    problems = [
        SMALL,
        Problem(Solve(iterations=6), 20, 4, 2),
        Problem(Solve(iterations=5, solver="sliced"), 20, 4, 2),
        Problem(Solve(iterations=5), 21, 4, 2),
        Problem(Solve(iterations=5), 20, 4, 3),
        Problem(Solve(iterations=5), 20, 4, 2, classes=2),
    ]
    assert len({problem.key for problem in problems}) == len(problems)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The updates that are asked for: 0.01 s each after a fixed 0.02 s; no class makes over 40."""
    asked: list[int] = []

    def pretend(problem: Problem, iterations: int) -> tuple[float, int]:
        asked.append(iterations)
        made = min(iterations, 40)
        return 0.02 + 0.01 * made, made

    monkeypatch.setattr(Problem, "run", pretend)
    return asked


def seconds(iterations: int) -> float:
    return Problem(Solve(iterations=iterations), 20, 4, 2).measure(CLOCK).seconds


def test_a_long_solve_grows_with_its_updates(pretended: list[int]) -> None:
    assert seconds(100) == pytest.approx(0.02 + 0.01 * 100)
    assert max(pretended) == 5  # of 0.03 s in 0.15 s


def test_a_short_solve_is_run_to_its_end(pretended: list[int]) -> None:
    assert seconds(3) == pytest.approx(0.02 + 0.01 * 3)


def test_atoms_that_rest_early_cost_no_more(
    pretended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barycenter, "ENOUGH", 2.0)
    assert seconds(100) == pytest.approx(0.02 + 0.01 * 40)
    assert max(pretended) == 66  # of 0.03 s in 2 s


def test_simulated_features_are_rectified_and_spread_along_few_directions() -> None:
    """Real classes of digits have an effective dimension of 5 to 6 in 64."""
    features = simulated(500, 64, np.random.default_rng(0))
    spectrum = np.linalg.eigvalsh(np.cov(features.T))
    assert features.shape == (500, 64)
    assert features.min() == 0
    assert 3 < spectrum.sum() ** 2 / np.square(spectrum).sum() < 8
