"""Squared Euclidean distances between atoms and features."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def squared_distances(support: Array, features: Array) -> Array:
    """The (m, n) cost matrix ||x_j - z_i||^2, clipped at 0 against rounding."""
    distances: Array = support @ features.T
    distances *= -2.0
    distances += np.einsum("jd,jd->j", support, support)[:, None]
    distances += np.einsum("id,id->i", features, features)
    return np.maximum(distances, 0.0, out=distances)


def displacement(before: Array, after: Array) -> float:
    """Summed squared distance that the atoms moved, on which all solvers stop."""
    return float(np.square(after - before).sum())
