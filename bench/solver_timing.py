"""Timing a barycenter solver on simulated features, remembered per machine in the store."""

import time
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from bench.stages.barycenter import Solve
from bench.store import Store
from bench.transport.solvers import solver_named

RECORDS = "solver-timing-1"  # raise the number when a solver changes
LONG = 3  # position updates that are timed where more would take too long
BIG = 1e10  # features x atoms x dimensions x updates of a class that is solved to its end


@dataclass(frozen=True)
class Problem:
    """One class's barycenter.

    Attributes:
        images, dims: shape (n, d) of its features.
        atoms: how many points are sought.
    """

    solve: Solve
    images: int
    dims: int
    atoms: int

    @property
    def key(self) -> str:
        """A name for the record of its timing."""
        has = self.solve
        numbers = (has.iterations, has.tolerance, has.step, has.slices, has.regularization)
        return "-".join(map(str, (has.solver, has.init, *numbers, *self.size)))

    @property
    def size(self) -> tuple[int, int, int]:
        return self.images, self.dims, self.atoms


def seconds_of(problem: Problem, store: Store) -> float:
    """Seconds to solve one class on one core: timed once, then read from the store."""
    record = store.record(RECORDS, problem.key)
    if record is None:
        record = {"seconds": timed(problem)}
        store.put_record(RECORDS, problem.key, record)
    return float(str(record["seconds"]))


def timed(problem: Problem) -> float:
    """Solves a class of simulated features; of a big one, only a few updates of all allowed."""
    solve, work = problem.solve, float(np.prod(problem.size))
    if work * solve.iterations <= BIG or solve.iterations <= LONG:
        return _run(problem, solve)
    once, more = (_run(problem, replace(solve, iterations=n)) for n in (1, 1 + LONG))
    return once + max(0.0, more - once) / LONG * (solve.iterations - 1)


def _run(problem: Problem, solve: Solve) -> float:
    """Seconds of the second of two runs: the first one imports and warms up."""
    rng = np.random.default_rng(0)
    features = np.maximum(rng.standard_normal(problem.size[:2]), 0.0)  # rectified, as pooled ones
    taken = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        with threadpool_limits(limits=1, user_api="blas"):
            solver_named(solve.solver).run(features, problem.atoms, solve, rng)
        taken = time.perf_counter() - begin
    return taken
