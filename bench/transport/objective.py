"""The barycenter objective for given, uniform and free weights, and the variance it explains."""

import numpy as np

from bench.transport.cost import Array, squared_distances
from bench.transport.plan import couple


def uniform_weights(atoms: int) -> Array:
    """(m,) equal masses."""
    return np.full(atoms, 1.0 / atoms)


def wasserstein(support: Array, features: Array, weights: Array | None = None) -> float:
    """Squared 2-Wasserstein distance between the atoms (equal masses by default) and features."""
    masses = uniform_weights(len(support)) if weights is None else weights
    return couple(squared_distances(support, features), masses).cost


def free_cost(cost: Array) -> float:
    """The least transport cost over all weights: every feature goes to its nearest atom.

    Without the constraint on the atoms' masses the linear program separates over the features, so
    the optimum is mean_i min_j c_ji: the objective of k-means.
    """
    return float(cost.min(axis=0).mean())


def voronoi_weights(cost: Array) -> Array:
    """(m,) weights that attain `free_cost`: the share of the features nearest to each atom."""
    nearest = cost.argmin(axis=0)
    weights: Array = np.bincount(nearest, minlength=len(cost)) / cost.shape[1]
    return weights


def total_variance(points: Array, weights: Array | None = None) -> float:
    """Trace of the covariance of a weighted point cloud (equal masses by default)."""
    masses = uniform_weights(len(points)) if weights is None else weights
    centred = points - masses @ points
    return float(masses @ np.square(centred).sum(axis=1))


def variance_explained(cost: float, features: Array) -> float:
    """Share of the features' variance that a barycenter of that cost carries: 1 - W2^2 / tr cov.

    One atom explains 0, n atoms at the features explain 1; features without variance count as
    explained.
    """
    variance = total_variance(features)
    return 1.0 - cost / variance if variance > 0.0 else 1.0
