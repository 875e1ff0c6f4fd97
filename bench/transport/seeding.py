"""Positions from which solvers start."""

import numpy as np

from bench.transport.cost import Array, squared_distances


def normal(features: Array, atoms: int, rng: np.random.Generator) -> Array:
    """(m, d) standard normal noise, as the released code starts; far from rectified features."""
    return rng.standard_normal((atoms, features.shape[1]))


def sampled(features: Array, atoms: int, rng: np.random.Generator) -> Array:
    """(m, d) distinct rows of the features."""
    return features[rng.choice(len(features), atoms, replace=False)]


def plus_plus(features: Array, atoms: int, rng: np.random.Generator) -> Array:
    """(m, d) features chosen one after another by greedy k-means++.

    Each next atom is drawn with probability proportional to the squared distance from those
    chosen; of 2 + log(m) draws the one that lowers the cost most is kept.
    """
    count = len(features)
    trials = 2 + int(np.log(atoms))
    chosen = [int(rng.integers(count))]
    nearest = squared_distances(features[chosen], features)[0]  # (n,)
    for _ in range(1, atoms):
        total = np.cumsum(nearest)
        drawn = np.searchsorted(total, rng.random(trials) * total[-1]).clip(max=count - 1)
        options = np.minimum(squared_distances(features[drawn], features), nearest)  # (trials, n)
        best = int(options.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        nearest = options[best]
    return features[chosen].copy()
