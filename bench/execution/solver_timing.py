"""Timing a barycenter solver on simulated features, remembered per machine in the store."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from bench.execution.timings import remembered
from bench.stages.barycenter import Solve
from bench.storage.store import Store
from bench.transport.cost import Array
from bench.transport.solved import Solved
from bench.transport.solvers import solver_named

RECORDS = "solver-timing-2"  # raise the number when a solver changes
LEAST, ENOUGH = 4, 0.15  # position updates that are timed at least, and seconds that suffice
REPEATS = 2  # runs, of which the fastest counts
DIRECTIONS, DECAY = 32, 1.5  # of a class's variance: effectively 5 directions, as in real features


@dataclass(frozen=True)
class Problem:
    """The barycenters of a few classes, solved at once.

    Attributes:
        images, dims: shape (n, d) of the features of each class.
        atoms: how many points are sought.
        classes: as many as there are threads, which may hold each other up.
    """

    solve: Solve
    images: int
    dims: int
    atoms: int
    classes: int = 1

    @property
    def key(self) -> str:
        """A name for the record of its timing."""
        has = self.solve
        numbers = (has.iterations, has.tolerance, has.step, has.slices, has.regularization)
        size = (self.images, self.dims, self.atoms, self.classes)
        return "-".join(map(str, (has.solver, has.init, *numbers, *size)))


def seconds_of(problem: Problem, store: Store) -> float:
    """Seconds to solve its classes at once: timed once, then read from the store."""
    return remembered(store, RECORDS, problem.key, lambda: timed(problem))


def timed(problem: Problem) -> float:
    """Solves simulated classes; of a long solve only the first updates are run."""
    allowed = problem.solve.iterations
    _run(problem, 1)  # imports and warms up
    once, _ = _run(problem, 1)
    tried = min(allowed, max(LEAST, int(ENOUGH / once)))
    seconds, made = min(_run(problem, tried) for _ in range(REPEATS))
    if made < tried or tried == allowed:
        return seconds
    return seconds + max(0.0, seconds - once) / (tried - 1) * (allowed - tried)


def _run(problem: Problem, iterations: int) -> tuple[float, int]:
    """Seconds of at most so many updates, and how many a class made at most."""
    solve, rng = replace(problem.solve, iterations=iterations), np.random.default_rng(0)
    classes = [simulated(problem.images, problem.dims, rng) for _ in range(problem.classes)]

    def solved(features: Array) -> Solved:
        return solver_named(solve.solver).run(
            features, problem.atoms, solve, np.random.default_rng(0)
        )

    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(len(classes)) as pool:
        begin = time.perf_counter()
        made = [one.iterations for one in pool.map(solved, classes)]
        return time.perf_counter() - begin, max(made)


def simulated(images: int, dims: int, rng: np.random.Generator) -> Array:
    """(n, d) features of a class: rectified, off the origin, spread along a few directions.

    How many updates a solver makes, and how long a Sinkhorn plan takes, hangs on that spread.
    """
    scales = np.arange(1, DIRECTIONS + 1) ** (-DECAY / 2)
    scales *= 0.3 / np.sqrt(np.square(scales).sum())  # 0.3 a coordinate, around means of 1
    directions = rng.standard_normal((DIRECTIONS, dims))
    spread = (rng.standard_normal((images, DIRECTIONS)) * scales) @ directions
    return np.maximum(rng.standard_normal(dims) + spread, 0.0)
