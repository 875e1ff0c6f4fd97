"""Algorithm 2 of the paper: learned weights by dual sub-gradients, positions by Newton steps."""

import numpy as np

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import free_cost, uniform_weights, wasserstein
from bench.transport.plan import barycentric_projection, couple
from bench.transport.solved import Solved


def alternating_barycenter(
    features: Array,
    init: Array,
    iterations: int = 10,
    tolerance: float = 1e-7,
    step: float = 1.0,
) -> Solved:
    """Alternates one projected sub-gradient step on the weights with one Newton step.

    Source: arXiv:2311.18531, Algorithm 2 (K = 10), after arXiv:1310.4375. The paper leaves the
    step size open; `weight_step` documents ours. It does not state the initial positions either:
    one Newton step at uniform weights comes first, for at random positions far from the features
    the sub-gradient would hand all mass to the one atom that happens to lie closest.

    Args:
        features: (n, d).
        init: (m, d) positions to start from.
        iterations: most alternations.
        tolerance: stop once the summed squared displacement, with weights in units of 1/m, is at
            most this.
        step: relaxation of the sub-gradient step, in (0, 2).
    """
    atoms = len(init)

    def update(state: tuple[Array, Array], taken: int) -> tuple[tuple[Array, Array], float]:
        support, weights = state
        cost = squared_distances(support, features)
        learned = weight_step(cost, weights, step)
        moved = barycentric_projection(couple(cost, learned).plan, features, support)
        change = displacement(support, moved) + displacement(weights, learned) * atoms**2
        return (moved, learned), change

    weights = uniform_weights(atoms)
    start = newton_step(features, init, weights), weights
    (support, weights), taken = settle(update, start, iterations, tolerance)
    return Solved(support, weights, wasserstein(support, features, weights), taken)


def newton_step(features: Array, support: Array, weights: Array) -> Array:
    """The positions that are optimal for the exact plan at these positions and weights."""
    plan = couple(squared_distances(support, features), weights).plan
    return barycentric_projection(plan, features, support)


def weight_step(cost: Array, weights: Array, step: float) -> Array:
    """One projected sub-gradient step w <- P(w - s u) on the weights of fixed atoms.

    With costs (m, n), u is the centred dual potential of the atoms. The size is Polyak's,
    s = step (W2^2 - lowest) / |u|^2, which needs no tuning: the lowest cost over all weights is
    known in closed form (`free_cost`). A fixed size instead has to be retuned for every m and
    diverges where it is too large: a size that suits m = 10 is ten times too large at m = 50.
    """
    coupling = couple(cost, weights)
    potential = coupling.potential(cost)
    direction = potential - potential.mean()
    length = float(direction @ direction)
    gap = max(coupling.cost - free_cost(cost), 0.0)
    if length == 0.0:
        return weights
    return project_to_simplex(weights - step * gap / length * direction)


def project_to_simplex(values: Array) -> Array:
    """The nearest point, in Euclidean distance, with coordinates >= 0 that sum to 1."""
    ordered = np.sort(values)[::-1]
    excess = np.cumsum(ordered) - 1.0
    counts = np.arange(1, len(values) + 1)
    last = np.nonzero(ordered * counts > excess)[0][-1]
    projected: Array = np.maximum(values - excess[last] / counts[last], 0.0)
    return projected
