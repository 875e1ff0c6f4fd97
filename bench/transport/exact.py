"""The free-support barycenter with uniform weights, as the released code solves it."""

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import uniform_weights, wasserstein
from bench.transport.plan import barycentric_projection, couple
from bench.transport.solved import Solved


def uniform_barycenter(
    features: Array, init: Array, iterations: int = 100, tolerance: float = 1e-7
) -> Solved:
    """Alternates the exact plan and the barycentric projection until the atoms rest.

    The fixed point of arXiv:1511.05355. The same iterates as POT's `free_support_barycenter`,
    which the released WMDD code calls with these defaults and a standard normal `init`; ours keeps
    the plan sparse and fails aloud where the simplex stops early. It is k-means with clusters of
    equal mass. The cost never increases; where m does not divide n the limit of 100 can be reached
    before rest.

    Args:
        features: (n, d).
        init: (m, d) positions to start from.
        iterations: most position updates.
        tolerance: stop once the summed squared displacement is at most this.
    """
    weights = uniform_weights(len(init))

    def update(support: Array, taken: int) -> tuple[Array, float]:
        plan = couple(squared_distances(support, features), weights).plan
        moved = barycentric_projection(plan, features, support)
        return moved, displacement(support, moved)

    support, taken = settle(update, init, iterations, tolerance)
    return Solved(support, weights, wasserstein(support, features), taken)
