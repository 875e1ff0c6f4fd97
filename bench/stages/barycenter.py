"""Barycenter: a few weighted points that stand for each class's features."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from bench.artifacts.values import Barycenter, ClassFeatures
from bench.artifacts.views import Reference
from bench.core.errors import BadValue, CellFailed
from bench.core.events import Emit, Step, silent
from bench.graph.request import Context, Request, Run, artifact
from bench.graph.work import Clock, Timing, Work, arch_of, timing_of
from bench.models.outline import feature_dims
from bench.plugin.recipes import require_count
from bench.stages.observe import ClassFeaturesRequest
from bench.transport.cost import Array
from bench.transport.objective import variance_explained
from bench.transport.solved import Solved
from bench.transport.solvers import solver_named

LEAST, ENOUGH = 4, 0.15  # position updates that are timed at least, and seconds that suffice
REPEATS = 2  # timed runs, of which the fastest counts
DIRECTIONS, DECAY = 32, 1.5  # of a class's variance: effectively 5 directions, as in real features


@dataclass(frozen=True)
class Solve:
    """How a barycenter is solved; the defaults are those of WMDD's released code.

    Attributes:
        solver: a name in `bench.transport.solvers`, which also decides who sets the weights.
        iterations: most position updates.
        tolerance: stop once the atoms' summed squared displacement is at most this.
        init: start at standard normal noise, as released, or at distinct real features; read by
            uniform, algorithm-2, alternating and sinkhorn, while k-means and the sliced solvers
            always start at real features.
        step: relaxation in (0, 2) of the step on the weights in algorithm-2 and alternating.
        slices: directions per step of the sliced solvers.
        regularization: sinkhorn's entropy in units of the mean cost.

    Raises:
        UnknownName: no solver has that name.
        BadValue: a number is outside its range.
    """

    solver: str = "uniform"
    iterations: int = 100
    tolerance: float = 1e-7
    init: Literal["normal", "real"] = "normal"
    step: float = 1.0
    slices: int = 128
    regularization: float = 0.02

    def __post_init__(self) -> None:
        solver_named(self.solver)
        require_count("iterations", self.iterations, "iterations")
        _require(self.tolerance >= 0, "tolerance", "at least 0", self.tolerance)
        _require(self.init in ("normal", "real"), "init", "'normal' or 'real'", self.init)
        _require(0 < self.step < 2, "step", "between 0 and 2, exclusive", self.step)
        _require(self.slices >= 1, "slices", "at least 1", self.slices)
        _require(self.regularization > 0, "regularization", "above 0", self.regularization)


def barycenters(
    features: ClassFeatures,
    ipc: int,
    solve: Solve,
    seed: int,
    emit: Emit = silent,
    workers: int | None = None,
) -> Barycenter:
    """Solves every class on its own, in parallel threads with one BLAS thread each.

    Each class draws from its own generator, so the result does not depend on `workers` (None: one
    per core). One Step per class, in their order, carries its cost and the share of variance
    explained; it is emitted from the calling thread.

    Raises:
        BadValue: ipc is below 1 or above a class's size, or there are no features.
        CellFailed: features that are not finite.
    """
    groups = _by_class(features)
    _check(groups, ipc)
    solved: list[Solved] = []
    with threadpool_limits(limits=1, user_api="blas"), _threads(workers) as pool:
        tasks = [
            pool.submit(_solve_class, group, ipc, solve, seed, label)
            for label, group in enumerate(groups)
        ]
        for task, group in zip(tasks, groups, strict=True):  # a curve is the same in every run
            solved.append(task.result())
            emit(_progress(solved[-1], group, len(solved), len(tasks)))
    return _stacked(solved, features.features.device)


def _solve_class(group: Tensor, ipc: int, solve: Solve, seed: int, label: int) -> Solved:
    rng = np.random.default_rng([seed, label])
    return solver_named(solve.solver).run(_array(group), ipc, solve, rng)


def _by_class(features: ClassFeatures) -> tuple[Tensor, ...]:
    """Views of the features of class 0, 1, ..."""
    sizes = torch.bincount(features.labels.cpu())
    return torch.split(features.features, sizes.tolist())


def _check(groups: tuple[Tensor, ...], ipc: int) -> None:
    _require(ipc >= 1, "ipc", "at least 1", ipc)
    _require(len(groups) >= 1, "features", "of at least one class", "none")
    for label, group in enumerate(groups):
        if ipc > len(group):
            raise BadValue(
                f"expected ipc of at most {len(group)}, the number of images of class {label}, "
                f"but got {ipc}: lower ipc or give the class more images"
            )
        if not bool(torch.isfinite(group).all()):
            raise CellFailed(
                f"expected finite features, but class {label} has NaN or infinite ones: "
                "retrain the teacher, whose training diverged"
            )


def _stacked(solved: list[Solved], device: torch.device) -> Barycenter:
    return Barycenter(
        support=torch.stack([torch.from_numpy(s.support).float() for s in solved]).to(device),
        weights=torch.stack([torch.from_numpy(s.weights).float() for s in solved]).to(device),
        cost=torch.tensor([s.cost for s in solved], dtype=torch.float32, device=device),
        iterations=torch.tensor([s.iterations for s in solved], device=device),
    )


def _progress(found: Solved, group: Tensor, done: int, total: int) -> Step:
    explained = variance_explained(found.cost, _array(group))
    return Step("barycenter", done, total, {"cost": found.cost, "variance_explained": explained})


def _array(group: Tensor) -> Array:
    return group.cpu().double().numpy()


@contextmanager
def _threads(workers: int | None) -> Iterator[ThreadPoolExecutor]:
    """A pool that drops what has not started when its block is left early."""
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _require(holds: bool, name: str, expected: str, given: object) -> None:
    if not holds:
        raise BadValue(f"expected {name} to be {expected}, but got {given!r}: change it")


@artifact("barycenter", Barycenter, version=2)
@dataclass(frozen=True)
class BarycenterRequest(Request[Barycenter]):
    """A barycenter of each class's features, with as many points as the cell has images a class.

    Its random numbers derive from the seed of the recipe's teacher, so that all seeds of a study
    share it.
    """

    of: Request[ClassFeatures] = field(default_factory=ClassFeaturesRequest)
    solve: Solve = field(default_factory=Solve)
    ipc: int | None = None
    seed: int | None = None

    placed: ClassVar[bool] = False

    def filled(self, at: Context) -> "BarycenterRequest":
        seed = at.recipe.squeeze.seed if self.seed is None else self.seed
        return replace(self, of=self.of.filled(at), ipc=self.ipc or at.ipc, seed=seed)

    def needs(self, at: Context) -> tuple[Request[ClassFeatures]]:
        return (self.of,)

    def stream(self, at: Context) -> int | None:
        return self.seed

    def make(self, have: Reference, at: Context, run: Run) -> Barycenter:
        assert self.ipc is not None
        assert self.seed is not None
        return barycenters(have[self.of], self.ipc, self.solve, self.seed, run.emit)

    def work(self, at: Context) -> Work:
        """Classes in rounds of as many as there are cores; on the host all features, and those of
        one class in float64 with their distances."""
        classes, count, atoms = (
            at.source.spec.num_classes,
            at.source.train_count,
            self.ipc or at.ipc,
        )
        arch = arch_of(getattr(getattr(self.of, "of", None), "of", None), at)
        dims = feature_dims(arch, at.source.spec, getattr(self.of, "layer", "penultimate"))
        at_once = min(classes, os.cpu_count() or 1)
        problem = Problem(self.solve, max(atoms, count // classes), dims, atoms, at_once)
        return Work(
            probes=((problem, classes / at_once),),
            bytes=4.0 * classes * atoms * dims,
            host=4.0 * count * dims + 8 * count / classes * (2 * dims + 3 * atoms),
            less="lower ipc, or choose a distiller without barycenters",
        )


@dataclass(frozen=True)
class Problem:
    """Solving a few classes at once, timed on simulated features.

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
    name: ClassVar[str] = "solver-timing-3"  # raise the number when a solver changes

    @property
    def key(self) -> str:
        has = self.solve
        numbers = (has.iterations, has.tolerance, has.step, has.slices, has.regularization)
        size = (self.images, self.dims, self.atoms, self.classes)
        return "-".join(map(str, (has.solver, has.init, *numbers, *size)))

    def measure(self, clock: Clock) -> Timing:
        """Solves simulated classes; of a long solve only the first updates are run."""
        allowed = self.solve.iterations
        self.run(1)  # imports and warms up
        once, _ = self.run(1)
        tried = min(allowed, max(LEAST, int(ENOUGH / once)))
        runs = [self.run(tried) for _ in range(REPEATS)]
        seconds, made = min(runs)
        if made == tried < allowed:
            seconds += max(0.0, seconds - once) / (tried - 1) * (allowed - tried)
        return timing_of([taken for taken, _ in runs], seconds)

    def run(self, iterations: int) -> tuple[float, int]:
        """Seconds of at most so many updates, and how many a class made at most."""
        solve, rng = replace(self.solve, iterations=iterations), np.random.default_rng(0)
        classes = [simulated(self.images, self.dims, rng) for _ in range(self.classes)]

        def solved(features: Array) -> Solved:
            chance = np.random.default_rng(0)
            return solver_named(solve.solver).run(features, self.atoms, solve, chance)

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
