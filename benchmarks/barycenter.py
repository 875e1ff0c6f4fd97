"""Seconds per class of the barycenter stage, and what threads gain.

    python -m benchmarks.barycenter [--features FILE.npy] [--json FILE]

Without a file the features are simulated: a rank-20 Gaussian mixed to d dimensions and rectified,
scaled to the mean norm that pooled ResNet-18 features have.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from bench.artifacts.values import ClassFeatures
from bench.stages.barycenter import Solve, barycenters
from bench.transport.cost import Array

TARGET = 0.7  # seconds per class on one core at n = 1300, m = 100, d = 512
NORM = 6.0
Row = dict[str, object]


def main(arguments: Sequence[str] | None = None) -> None:
    """Times one class on one core, then several classes serially and in threads."""
    options = _parser().parse_args(arguments)
    points = _points(options)
    solve = Solve(options.solver, options.iterations)
    torch.set_num_threads(1)
    rows = [_one_class(points, options.ipc, solve, options.repeats)]
    rows.append(_threads(points, options, solve))
    for row in rows:
        print("  ".join(f"{name} {_text(value)}" for name, value in row.items()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def simulated(count: int, dims: int, rng: np.random.Generator) -> Array:
    """(count, dims) rectified low-rank features."""
    hidden = rng.standard_normal((count, 20)) @ rng.standard_normal((20, dims))
    points = np.maximum(hidden + 0.3 * rng.standard_normal((count, dims)), 0.0)
    scaled: Array = points * (NORM / np.linalg.norm(points, axis=1).mean())
    return scaled


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--features", type=Path, help="(n, d) array of one class, as .npy")
    parser.add_argument("--images", type=int, default=1300, help="n of simulated features")
    parser.add_argument("--dims", type=int, default=512, help="d of simulated features")
    parser.add_argument("--ipc", type=int, default=100, help="atoms per class")
    parser.add_argument("--solver", default="uniform", help="a name in bench.transport.solvers")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--classes", type=int, default=8, help="classes of the thread comparison")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    return parser


def _points(options: argparse.Namespace) -> Array:
    if options.features:
        loaded: Array = np.load(options.features, allow_pickle=False).astype(np.float64)
        return loaded
    return simulated(options.images, options.dims, np.random.default_rng(0))


def _one_class(points: Array, ipc: int, solve: Solve, repeats: int) -> Row:
    features = _classes(points, 1)
    with threadpool_limits(limits=1):
        times = _timed(lambda: barycenters(features, ipc, solve, seed=0, workers=1), repeats)
    solved = barycenters(features, ipc, solve, seed=0, workers=1)
    size = {"n": len(points), "m": ipc, "d": points.shape[1]}
    return {
        "what": f"one class, {solve.solver}",
        **size,
        "iterations": int(solved.iterations[0]),
        "cost": float(solved.cost[0]),
        "min_s": min(times),
        "median_s": median(times),
        "target_s": TARGET,
    }


def _threads(points: Array, options: argparse.Namespace, solve: Solve) -> Row:
    features = _classes(points, options.classes)
    run = partial(barycenters, features, options.ipc, solve, 0)
    serial = min(_timed(partial(run, workers=1), 3))
    threaded = min(_timed(partial(run, workers=options.workers), 3))
    return {
        "what": f"{options.classes} classes, {options.workers} threads",
        "cores": os.cpu_count(),
        "serial_s": serial,
        "threads_s": threaded,
        "speedup": serial / threaded,
    }


def _classes(points: Array, count: int) -> ClassFeatures:
    labels = torch.arange(count).repeat_interleave(len(points))
    return ClassFeatures(torch.from_numpy(points).float().repeat(count, 1), labels)


def _timed(work: Callable[[], object], repeats: int) -> list[float]:
    work()  # imports and page faults
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def _text(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
