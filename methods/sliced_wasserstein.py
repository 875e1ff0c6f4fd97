"""WMDD with sliced-Wasserstein barycenters (Table 5 of arXiv:2311.18531).

Source: the paper cites energy-based slicing (arXiv:2304.13586); no code was released. Only the
barycenter is replaced, as the nearly equal times of Table 5 suggest; `slicing` chooses uniform
directions (main) or directions weighted by their energy. Choices of ours: up to 300 gradient
steps from real features, on 128 fresh directions each.
"""

from typing import Literal

from bench import (
    BnWeight,
    CeWeight,
    MatchingDistiller,
    RecipeForm,
    Recover,
    Uniform,
    distiller,
)
from methods.wmdd import wmdd

SOLVERS = {"uniform": "sliced", "energy": "sliced-energy"}


@distiller("sliced-wasserstein", space={"bn_weight": Uniform(0.1, 1000.0, log=True)})
def sliced_wasserstein(
    slicing: Literal["uniform", "energy"] = "uniform",
    bn_weight: BnWeight = 10.0,
    ce_weight: CeWeight = 1.0,
    form: RecipeForm = "norm",
    layer: str = "penultimate",
    iterations: int = 300,
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Sliced-Wasserstein barycenter matching with per-class BatchNorm statistics."""
    return wmdd(
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        form=form,
        layer=layer,
        solver=SOLVERS[slicing],
        solver_iterations=iterations,
        recover=recover,
    )
