"""The free-support barycenter with uniform weights under entropic transport (Sinkhorn)."""

import numpy as np
from scipy.special import logsumexp

from bench.transport.cost import Array, displacement, squared_distances
from bench.transport.fixed_point import settle
from bench.transport.objective import uniform_weights, wasserstein
from bench.transport.plan import barycentric_projection
from bench.transport.solved import Solved

SCALINGS = 1000  # Sinkhorn iterations per plan; the potentials are carried over to the next plan
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
    the class mean.

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
    """The entropic plan at uniform masses and its potentials, started from given potentials.

    One half step for each side in the log domain comes first: after it no row or column of the
    kernel is empty, so that POT's scaling does not underflow, however small the entropy.
    """
    from ot.bregman import sinkhorn_stabilized  # imported late, see bench.transport.plan

    entropy = entropy or 1.0  # all costs zero: every plan is optimal
    rows, columns = uniform_weights(cost.shape[0]), uniform_weights(cost.shape[1])
    first = entropy * (np.log(rows) - logsumexp((potentials[1] - cost) / entropy, axis=1))
    second = entropy * (np.log(columns) - logsumexp((first[:, None] - cost) / entropy, axis=0))
    plan, log = sinkhorn_stabilized(
        rows,
        columns,
        cost,
        entropy,
        numItermax=SCALINGS,
        stopThr=MARGINAL,
        warmstart=(first, second),
        warn=False,
        log=True,
    )
    return plan, (log["alpha"], log["beta"])
