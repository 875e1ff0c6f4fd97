"""The exact transport plan between weighted atoms and equally weighted features."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from bench.core.errors import CellFailed
from bench.transport.cost import Array

PIVOTS = 10_000_000  # limit of the network simplex; 100 x 5000 needs about 1e5
NOTHING = 1e-12  # mass below which an atom counts as empty


@dataclass(frozen=True)
class Coupling:
    """An optimal plan with its value and its dual.

    Attributes:
        plan: (m, n) with at most m + n - 1 entries; rows sum to the weights, columns to 1/n.
        cost: the transport cost, W2^2 for squared distances.
        dual: (n,) optimal dual variables of the features, defined up to a constant.
    """

    plan: csr_array
    cost: float
    dual: Array

    def potential(self, cost: Array) -> Array:
        """(m,) dual variables of the atoms: a sub-gradient of the cost in their weights.

        The c-transform of `dual`, so they are feasible also where an atom has no mass.
        """
        potential: Array = (cost - self.dual).min(axis=1)
        return potential


def couple(cost: Array, weights: Array) -> Coupling:
    """Solves the transport problem between atoms of given weights and n features of mass 1/n.

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
    return Coupling(csr_array(plan), float(log["cost"]), log["v"])


def barycentric_projection(plan: Array | csr_array, features: Array, support: Array) -> Array:
    """Moves each atom to the mean of the mass it receives; empty atoms of `support` stay.

    This is the full Newton step x_j + sum_i t_ji (z_i - x_j) / w_j of arXiv:2311.18531,
    Algorithm 2, and the fixed-point step of the released code's solver.
    """
    mass = plan.sum(axis=1)[:, None]  # (m, 1)
    means = (plan @ features) / np.maximum(mass, NOTHING)
    return np.where(mass > NOTHING, means, support)
