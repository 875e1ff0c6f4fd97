"""The exact transport plan between weighted atoms and equally weighted features."""

from dataclasses import dataclass

import numpy as np

from bench.errors import CellFailed
from bench.transport.cost import Array

PIVOTS = 10_000_000  # limit of the network simplex; 100 x 5000 needs about 1e5
NOTHING = 1e-12  # mass below which an atom counts as empty


@dataclass(frozen=True)
class Coupling:
    """An optimal plan with its value and its dual.

    Attributes:
        plan: (m, n), rows sum to the weights and columns to 1/n.
        cost: the transport cost, W2^2 for squared distances.
        potential: (m,) optimal dual variables of the atoms, a sub-gradient of the cost in the
            weights, defined up to a constant.
    """

    plan: Array
    cost: float
    potential: Array


def couple(cost: Array, weights: Array) -> Coupling:
    """Solves the transport problem between atoms of given weights and n features of mass 1/n.

    The atoms' potentials are the c-transform of the features', so they are feasible (and hence a
    sub-gradient) also where an atom has no mass.

    Args:
        cost: (m, n).
        weights: (m,), on the simplex.

    Raises:
        CellFailed: the network simplex stopped early.
    """
    from ot.lp import emd  # POT takes a second to import, which a listing need not pay

    masses = np.full(cost.shape[1], 1.0 / cost.shape[1])
    plan, log = emd(weights, masses, cost, numItermax=PIVOTS, log=True)
    if log["warning"] is not None:
        raise CellFailed(
            f"expected an optimal plan of {cost.shape[0]} x {cost.shape[1]}, but the network "
            f"simplex reported {log['warning']!r}: check the features for outliers"
        )
    return Coupling(plan, float(log["cost"]), (cost - log["v"]).min(axis=1))


def barycentric_projection(plan: Array, features: Array, support: Array) -> Array:
    """Moves each atom to the mean of the mass it receives; empty atoms of `support` stay.

    This is the full Newton step x_j + sum_i t_ji (z_i - x_j) / w_j of arXiv:2311.18531,
    Algorithm 2, and the fixed-point step of the released code's solver.
    """
    mass = plan.sum(axis=1)
    filled = mass > NOTHING
    moved = support.copy()
    moved[filled] = (plan[filled] @ features) / mass[filled, None]
    return moved
