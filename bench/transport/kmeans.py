"""The barycenter with free weights, which is k-means, by Lloyd's iterations."""

import numpy as np

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import free_cost, voronoi_weights
from bench.transport.solved import Solved


def kmeans_barycenter(
    features: Array, init: Array, iterations: int = 100, tolerance: float = 1e-7
) -> Solved:
    """Lloyd's iterations from `init`, with the optimal weights in closed form.

    With free weights every feature goes to its nearest atom (see `free_cost`), so this solves the
    same problem as Algorithm 2 without a step size. Its atoms are poor targets under uniform
    weights: use them only with the weights returned here.

    Args:
        features: (n, d).
        init: (m, d) positions to start from, best those of `seeding.plus_plus`.
        iterations: most position updates.
        tolerance: stop once the summed squared displacement is at most this.
    """

    def update(support: Array, taken: int) -> tuple[Array, float]:
        moved = lloyd_step(support, features)
        return moved, displacement(support, moved)

    support, taken = settle(update, init, iterations, tolerance)
    cost = squared_distances(support, features)
    return Solved(support, voronoi_weights(cost), free_cost(cost), taken)


def lloyd_step(support: Array, features: Array) -> Array:
    """Atoms move to the means of their cells; empty ones to the features served worst."""
    cost = squared_distances(support, features)
    cells = (cost.argmin(axis=0) == np.arange(len(support))[:, None]).astype(np.float64)  # (m, n)
    sizes = cells.sum(axis=1)
    moved: Array = (cells @ features) / np.maximum(sizes, 1.0)[:, None]
    empty = np.flatnonzero(sizes == 0.0)
    served = cost.min(axis=0)
    worst = np.argsort(-served, kind="stable")[: len(empty)]
    moved[empty] = np.where(served[worst, None] > 0.0, features[worst], support[empty])
    return moved
