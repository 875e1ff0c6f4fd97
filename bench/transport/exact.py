"""The free-support barycenter with uniform weights, as the released code solves it."""

import numpy as np

from bench.transport.cost import Array
from bench.transport.objective import uniform_weights, wasserstein
from bench.transport.solved import Solved


def uniform_barycenter(
    features: Array, init: Array, iterations: int = 100, tolerance: float = 1e-7
) -> Solved:
    """Alternates the exact plan and the barycentric projection until the atoms rest.

    The fixed point of arXiv:1511.05355 by POT's `free_support_barycenter`; the released WMDD code
    calls it with these defaults and a standard normal `init`. It is k-means with clusters of equal
    mass. The cost never increases; at n = 950 the limit of 100 can be reached before rest.

    Args:
        features: (n, d).
        init: (m, d) positions to start from.
        iterations: most position updates.
        tolerance: stop once the summed squared displacement is at most this.
    """
    from ot.lp import free_support_barycenter  # imported late, see bench.transport.plan

    masses = np.full(len(features), 1.0 / len(features))
    support, log = free_support_barycenter(
        [features], [masses], init, numItermax=iterations, stopThr=tolerance, log=True
    )
    taken = len(log["displacement_square_norms"])
    cost = wasserstein(support, features)
    return Solved(support, uniform_weights(len(init)), cost, taken)
