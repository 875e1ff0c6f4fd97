"""The table of barycenter solvers: one name fixes the algorithm and who sets the weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.core.errors import UnknownName
from bench.transport.alternating import algorithm_2, alternating_barycenter
from bench.transport.cost import Array
from bench.transport.entropic import sinkhorn_barycenter
from bench.transport.exact import uniform_barycenter
from bench.transport.kmeans import kmeans_barycenter
from bench.transport.seeding import normal, plus_plus, sampled
from bench.transport.sliced import energy_shares, sliced_barycenter
from bench.transport.solved import Solved


class Settings(Protocol):
    """The numbers that solvers read; each reads only those that it names."""

    @property
    def init(self) -> str: ...

    @property
    def iterations(self) -> int: ...

    @property
    def tolerance(self) -> float: ...

    @property
    def step(self) -> float: ...

    @property
    def slices(self) -> int: ...

    @property
    def regularization(self) -> float: ...


Run = Callable[[Array, int, Settings, np.random.Generator], Solved]


@dataclass(frozen=True)
class Solver:
    """One way to find a barycenter.

    Attributes:
        run: from features (n, d), the number of atoms m, settings and a generator.
        learns_weights: whether the weights are part of the solution. Points found with free
            weights are bad targets under uniform ones, so the two are one choice.
    """

    run: Run
    learns_weights: bool


def solver_named(name: str) -> Solver:
    """The solver of that name.

    Raises:
        UnknownName: no solver has it.
    """
    if name not in SOLVERS:
        raise UnknownName.of("solver", name, SOLVERS)
    return SOLVERS[name]


def _start(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Array:
    return (sampled if has.init == "real" else normal)(z, m, rng)


def _uniform(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    return uniform_barycenter(z, _start(z, m, has, rng), has.iterations, has.tolerance)


def _algorithm_2(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    start = _start(z, m, has, rng)
    return algorithm_2(z, start, has.iterations, has.tolerance, has.step)


def _alternating(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    start = _start(z, m, has, rng)
    return alternating_barycenter(z, start, has.iterations, has.tolerance, has.step)


def _sinkhorn(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    start = _start(z, m, has, rng)
    return sinkhorn_barycenter(z, start, has.iterations, has.tolerance, has.regularization)


def _kmeans(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    return kmeans_barycenter(z, plus_plus(z, m, rng), has.iterations, has.tolerance)


def _sliced(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    start = sampled(z, m, rng)
    return sliced_barycenter(z, start, rng, has.iterations, has.tolerance, has.slices)


def _sliced_energy(z: Array, m: int, has: Settings, rng: np.random.Generator) -> Solved:
    start, limits = sampled(z, m, rng), (has.iterations, has.tolerance, has.slices)
    return sliced_barycenter(z, start, rng, *limits, shares=energy_shares)


SOLVERS: Mapping[str, Solver] = {
    "uniform": Solver(_uniform, learns_weights=False),
    "algorithm-2": Solver(_algorithm_2, learns_weights=True),
    "alternating": Solver(_alternating, learns_weights=True),
    "k-means": Solver(_kmeans, learns_weights=True),
    "sliced": Solver(_sliced, learns_weights=False),
    "sliced-energy": Solver(_sliced_energy, learns_weights=False),
    "sinkhorn": Solver(_sinkhorn, learns_weights=False),
}
