"""A solver is timed once per machine, and long solves are extrapolated."""

from pathlib import Path

import pytest

from bench import solver_timing
from bench.solver_timing import LONG, Problem, seconds_of, timed
from bench.stages.barycenter import Solve
from bench.store import Store

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
    ]
    assert len({problem.key for problem in problems}) == len(problems)


def test_a_long_solve_grows_with_its_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixed costs of 2 s and 0.5 s per update, of which only a few are run."""
    run: list[int] = []

    def pretend(problem: Problem, solve: Solve) -> float:
        run.append(solve.iterations)
        return 2.0 + 0.5 * solve.iterations

    monkeypatch.setattr(solver_timing, "_run", pretend)
    long = Problem(Solve(iterations=100), images=10**4, dims=10**3, atoms=10**2)
    assert timed(long) == pytest.approx(2.0 + 0.5 * 100)
    assert max(run) == 1 + LONG
    run.clear()
    assert timed(SMALL) == pytest.approx(2.0 + 0.5 * 5)
    assert run == [5]
