"""WMDD with entropic (Sinkhorn) barycenters.

Source: Cuturi and Doucet, arXiv:1310.4375, Algorithm 2 (free-support barycenters); not in the WMDD
paper. This row shows what smoothing changes; the exact solve is faster at these sizes.
"""

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


@distiller("sinkhorn", space={"bn_weight": Uniform(0.1, 1000.0, log=True)})
def sinkhorn(
    bn_weight: BnWeight = 10.0,
    ce_weight: CeWeight = 1.0,
    form: RecipeForm = "norm",
    layer: str = "penultimate",
    iterations: int = 20,
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Entropic barycenter matching with per-class BatchNorm statistics."""
    return wmdd(
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        form=form,
        layer=layer,
        solver="sinkhorn",
        solver_iterations=iterations,
        recover=recover,
    )
