"""A solver is timed once per machine, and long solves are extrapolated."""

from pathlib import Path

import numpy as np
import pytest

from bench.execution import solver_timing
from bench.execution.solver_timing import Problem, seconds_of, simulated, timed
from bench.stages.barycenter import Solve
from bench.storage.store import Store

SMALL = Problem(Solve(iterations=5), images=20, dims=4, atoms=2)


def test_a_timing_is_kept_in_the_store(tmp_path: Path) -> None:
    first = seconds_of(SMALL, Store(tmp_path))
    assert first > 0
    assert seconds_of(SMALL, Store(tmp_path)) == first


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

    monkeypatch.setattr(solver_timing, "_run", pretend)
    return asked


def test_a_long_solve_grows_with_its_updates(pretended: list[int]) -> None:
    assert timed(Problem(Solve(iterations=100), 20, 4, 2)) == pytest.approx(0.02 + 0.01 * 100)
    assert max(pretended) == 5  # of 0.03 s in 0.15 s


def test_a_short_solve_is_run_to_its_end(pretended: list[int]) -> None:
    assert timed(Problem(Solve(iterations=3), 20, 4, 2)) == pytest.approx(0.02 + 0.01 * 3)


def test_atoms_that_rest_early_cost_no_more(
    pretended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver_timing, "ENOUGH", 2.0)
    assert timed(Problem(Solve(iterations=100), 20, 4, 2)) == pytest.approx(0.02 + 0.01 * 40)
    assert max(pretended) == 66  # of 0.03 s in 2 s


def test_simulated_features_are_rectified_and_spread_along_few_directions() -> None:
    """Real classes of digits have an effective dimension of 5 to 6 in 64."""
    features = simulated(500, 64, np.random.default_rng(0))
    spectrum = np.linalg.eigvalsh(np.cov(features.T))
    assert features.shape == (500, 64)
    assert features.min() == 0
    assert 3 < spectrum.sum() ** 2 / np.square(spectrum).sum() < 8
