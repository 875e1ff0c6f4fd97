"""Algorithm 2 of the paper, and a variant: weights by dual sub-gradients, Newton positions."""

import numpy as np

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import free_cost, uniform_weights, wasserstein
from bench.transport.plan import Coupling, barycentric_projection, couple
from bench.transport.solved import Solved


def algorithm_2(
    features: Array,
    init: Array,
    iterations: int = 10,
    tolerance: float = 1e-7,
    step: float = 1.0,
) -> Solved:
    """Algorithm 2 as printed: one plan serves the weight step and the Newton step.

    Source: arXiv:2311.18531, Algorithm 2 (K = 10), lines 5 to 9 and Eq. 35: the positions move
    with the plan of the old weights, so that positions and weights of a round do not fit each
    other exactly; `alternating_barycenter` mends that. The paper leaves the step size open;
    `weight_step` documents ours. From a start far away the sub-gradient hands most of the mass to
    the atoms that happen to lie closest; an atom of the plan without mass stays where it is.

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
        coupling = couple(cost, weights)
        learned = _stepped(coupling, cost, weights, step)
        moved = barycentric_projection(coupling.plan, features, support)
        change = displacement(support, moved) + displacement(weights, learned) * atoms**2
        return (moved, learned), change

    (support, weights), taken = settle(
        update, (init, uniform_weights(atoms)), iterations, tolerance
    )
    return Solved(support, weights, wasserstein(support, features, weights), taken)


def alternating_barycenter(
    features: Array,
    init: Array,
    iterations: int = 10,
    tolerance: float = 1e-7,
    step: float = 1.0,
) -> Solved:
    """Algorithm 2 with a plan of its own for the positions, after a Newton step at the start.

    Ours, after arXiv:2311.18531, Algorithm 2: the plan is solved again once the weights have
    moved, and one Newton step at uniform weights comes first, for at random positions far from the
    features the sub-gradient would hand all mass to the one atom that happens to lie closest.

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
    return _stepped(couple(cost, weights), cost, weights, step)


def _stepped(coupling: Coupling, cost: Array, weights: Array, step: float) -> Array:
    """The weight step where the coupling of the weights is known."""
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
