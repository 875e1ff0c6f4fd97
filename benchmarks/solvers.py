"""The distance that every barycenter solver reaches on the real features of a store.

    bench run ablation
    python -m benchmarks.solvers --store .bench [--layer NAME] [--ipc 2,10] [--seeds 3]

Takes the newest observation of the store. One line per solver and IPC: the squared 2-Wasserstein
distance to the features under the solver's own weights, as a share of their variance (the distance
of their mean), averaged over classes; mean and std over seeds.
"""

import argparse
import time
from collections.abc import Sequence
from statistics import fmean, stdev

import numpy as np

from bench.artifacts.values import Observation
from bench.stages.barycenter import Solve
from bench.storage.store import Store
from bench.transport.cost import Array
from bench.transport.objective import total_variance, wasserstein
from bench.transport.solvers import SOLVERS


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a Markdown table."""
    options = _parser().parse_args(arguments)
    layer, classes = _features(options.store, options.layer)
    count, width = classes[0].shape
    print(f"{layer}: {len(classes)} classes, {count} features in the first, {width} wide\n")
    print("| IPC | solver | weights | distance / variance, % | seconds per class |")
    print("|---|---|---|---|---|")
    for ipc in options.ipc:
        lines = [_line(name, ipc, classes, options.seeds) for name in SOLVERS]
        for _, line in sorted(lines):
            print(line)


def _line(name: str, ipc: int, classes: Sequence[Array], seeds: int) -> tuple[float, str]:
    shares, began = [], time.perf_counter()
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        solved = [SOLVERS[name].run(z, ipc, Solve(name), rng) for z in classes]
        reached = [
            wasserstein(s.support, z, s.weights) for s, z in zip(solved, classes, strict=True)
        ]
        shares.append(
            fmean(w / total_variance(z) for w, z in zip(reached, classes, strict=True)) * 100
        )
    seconds = (time.perf_counter() - began) / seeds / len(classes)
    spread = f" ± {stdev(shares):.2f}" if seeds > 1 else ""
    weights = "learned" if SOLVERS[name].learns_weights else "uniform"
    shown = f"| {ipc} | {name} | {weights} | {fmean(shares):.2f}{spread} | {seconds:.3f} |"
    return fmean(shares), shown


def _features(root: str, layer: str | None) -> tuple[str, list[Array]]:
    """The layer's name, and the features of each class."""
    store = Store(root)
    found = sorted(
        (m.created, m.address) for m in store.manifests() if m.kind == Observation.__name__
    )
    if not found:
        raise SystemExit(f"{root}: expected an observation; `bench run ablation` makes one")
    seen = store.load(found[-1][1], Observation)
    name = layer or list(seen.features)[-1]
    if name not in seen.features:
        raise SystemExit(f"{name}: expected one of {', '.join(seen.features)}")
    z, labels = seen.features[name].double().numpy(), seen.labels.numpy()
    return name, [z[labels == c] for c in np.unique(labels)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--store", default=".bench", help="folder of the artifact store")
    parser.add_argument("--layer", help="a layer of the observation; its last by default")
    parser.add_argument("--ipc", type=_numbers, default=[2, 10], help="atoms per class: 2,10")
    parser.add_argument("--seeds", type=int, default=3)
    return parser


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
