"""Points of many dimensions as points of a plane: t-SNE, or PCA where there are too few."""

from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from bench.core.errors import BadValue
from bench.transport.cost import Array

Method = Literal["t-SNE", "PCA"]
METHOD: Method = "t-SNE"
FEWEST = 10  # points for which neighbourhoods mean something
PERPLEXITY = 30.0
REDUCED = 50  # principal components that t-SNE works on, as is usual


def embed(points: Array, method: Method = METHOD, seed: int = 0) -> Array:
    """(n, 2) coordinates of points (n, d); all of them are embedded jointly.

    t-SNE (van der Maaten and Hinton 2008) starts at the principal components, so that the seed
    matters little; below ten points PCA stands in for it.

    Raises:
        BadValue: no points, or coordinates that are not finite.
    """
    if points.ndim != 2 or len(points) == 0 or not np.isfinite(points).all():
        raise BadValue(f"embedding: expected finite points (n, d), given shape {points.shape}")
    if method == "PCA" or len(points) < FEWEST:
        return principal(points)
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    start = principal(points)
    start = 1e-4 * start / max(float(start[:, 0].std()), 1e-12)
    solver = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=seed)
    with threadpool_limits(limits=1):  # threads that wait for each other cost more than they do
        placed = solver.fit_transform(principal(points, REDUCED))
    return np.asarray(placed, dtype=np.float64)


def principal(points: Array, count: int = 2) -> Array:
    """(n, count) coordinates along the axes of largest variance, each with a fixed sign."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:count]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    found = centred @ (axes * signs[:, None]).T
    return np.pad(found, ((0, 0), (0, count - found.shape[1])))
