"""What a solver returns."""

from dataclasses import dataclass

from bench.transport.cost import Array


@dataclass(frozen=True)
class Solved:
    """A discrete measure near the features of one class.

    Attributes:
        support: (m, d) positions of the atoms.
        weights: (m,) masses that sum to 1; an atom may have none.
        cost: squared 2-Wasserstein distance to the features, each of mass 1/n.
        iterations: position updates that were made.
    """

    support: Array
    weights: Array
    cost: float
    iterations: int
