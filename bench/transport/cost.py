"""Squared Euclidean distances between atoms and features."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def squared_distances(support: Array, features: Array) -> Array:
    """The (m, n) cost matrix ||x_j - z_i||^2, clipped at 0 against rounding."""
    norms = np.square(support).sum(axis=1)[:, None] + np.square(features).sum(axis=1)
    distances: Array = np.maximum(norms - 2.0 * (support @ features.T), 0.0)
    return distances


def displacement(before: Array, after: Array) -> float:
    """Summed squared distance that the atoms moved, on which all solvers stop."""
    return float(np.square(after - before).sum())
