"""How close synthetic features come to real ones: precision, recall, coverage and W2.

Precision and recall are those of arXiv:1904.06991 (balls around points that reach their k-th
neighbour), coverage that of arXiv:2002.09797; W2 is exact optimal transport within each class.
Differs: with few synthetic images k is lowered to what they allow for recall, and large real sets
are thinned evenly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BadValue
from bench.transport.cost import Array, squared_distances
from bench.transport.objective import wasserstein

NEIGHBOUR = 3  # the k of both papers' usual setting
MOST = 10_000  # real points that are compared, evenly thinned out of more
CHUNK = 1000
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Closeness:
    """Numbers of one synthetic set against the real one.

    Attributes:
        precision: share of synthetic points inside a ball of a real one.
        recall: share of real points inside a ball of a synthetic one; None for a single point.
        coverage: share of real points whose ball holds a synthetic one.
        w2: root of the mean over classes of the squared 2-Wasserstein distance.
    """

    precision: float
    recall: float | None
    coverage: float
    w2: float


def closeness(
    real: Array, real_labels: Labels, synthetic: Array, synthetic_labels: Labels
) -> Closeness:
    """Compares features (n, d) with (m, d).

    Raises:
        BadValue: fewer than two real points, no synthetic ones, or features of different sizes.
    """
    if len(real) < 2 or len(synthetic) < 1 or real.shape[1:] != synthetic.shape[1:]:
        raise BadValue(
            "closeness: expected at least 2 real and 1 synthetic features of one size, "
            f"given {real.shape} and {synthetic.shape}"
        )
    w2 = class_distance(real, real_labels, synthetic, synthetic_labels)
    kept = real[:: -(-len(real) // MOST)]
    reach = radii(kept)
    own = radii(synthetic) if len(synthetic) > 1 else None
    inside = np.zeros(len(synthetic), dtype=bool)
    covered, recalled = [], []
    for start in range(0, len(kept), CHUNK):
        chosen = slice(start, start + CHUNK)
        squared = squared_distances(kept[chosen], synthetic)  # (chunk, m)
        within = squared <= reach[chosen, None]
        inside |= within.any(axis=0)
        covered.append(within.any(axis=1))
        if own is not None:
            recalled.append((squared <= own).any(axis=1))
    return Closeness(
        precision=float(inside.mean()),
        recall=float(np.concatenate(recalled).mean()) if recalled else None,
        coverage=float(np.concatenate(covered).mean()),
        w2=w2,
    )


def radii(points: Array) -> Array:
    """(n,) squared distance of each point to its k-th nearest other one."""
    k = min(NEIGHBOUR, len(points) - 1)
    parts = []
    for start in range(0, len(points), CHUNK):
        squared = squared_distances(points[start : start + CHUNK], points)
        parts.append(np.partition(squared, k, axis=1)[:, k])  # the 0-th is the point itself
    return np.concatenate(parts)


def class_distance(
    real: Array, real_labels: Labels, synthetic: Array, synthetic_labels: Labels
) -> float:
    """Root mean over the synthetic classes of W2² between the features of each class."""
    costs = [
        wasserstein(synthetic[synthetic_labels == label], real[real_labels == label])
        for label in np.unique(synthetic_labels)
    ]
    return float(np.sqrt(np.mean(costs)))
