"""The free-support barycenter with uniform weights under entropic transport (Sinkhorn)."""

import numpy as np

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import uniform_weights, wasserstein
from bench.transport.plan import barycentric_projection
from bench.transport.solved import Solved

SCALINGS = 200  # Sinkhorn iterations per plan; the potentials are carried over to the next plan
MARGINAL = 1e-9  # violation of the marginals at which a plan is taken as solved


Potentials = tuple[Array, Array]


def sinkhorn_barycenter(
    features: Array,
    init: Array,
    iterations: int = 100,
    tolerance: float = 1e-7,
    regularization: float = 0.02,
) -> Solved:
    """Alternates an entropic plan and the barycentric projection until the atoms rest.

    Tends to `uniform_barycenter` as `regularization` tends to 0; large values draw all atoms to
    the class mean. Solved in the log domain, so small values are slow but do not underflow.

    Args:
        features: (n, d).
        init: (m, d) positions to start from.
        iterations: most position updates.
        tolerance: stop once the summed squared displacement is at most this.
        regularization: entropy's weight in units of the mean cost at the current positions.
    """

    def update(
        state: tuple[Array, Potentials], taken: int
    ) -> tuple[tuple[Array, Potentials], float]:
        support, potentials = state
        cost = squared_distances(support, features)
        plan, potentials = entropic_plan(cost, regularization * cost.mean(), potentials)
        moved = barycentric_projection(plan, features, support)
        return (moved, potentials), displacement(support, moved)

    start = init, (np.zeros(len(init)), np.zeros(len(features)))
    (support, _), taken = settle(update, start, iterations, tolerance)
    return Solved(support, uniform_weights(len(init)), wasserstein(support, features), taken)


def entropic_plan(cost: Array, entropy: float, potentials: Potentials) -> tuple[Array, Potentials]:
    """The entropic plan at uniform masses and its potentials, started from given potentials."""
    from ot.bregman import sinkhorn_log  # imported late, see bench.transport.plan

    entropy = entropy or 1.0  # all costs zero: every plan is optimal
    plan, log = sinkhorn_log(
        uniform_weights(cost.shape[0]),
        uniform_weights(cost.shape[1]),
        cost,
        entropy,
        numItermax=SCALINGS,
        stopThr=MARGINAL,
        warmstart=(potentials[0] / entropy, potentials[1] / entropy),
        warn=False,
        log=True,
    )
    return plan, (log["log_u"] * entropy, log["log_v"] * entropy)
