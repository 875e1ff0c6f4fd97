"""WMDD with k-means barycenters: a local optimum where the weights are free too.

Source: with free weights the problem of arXiv:2311.18531, Algorithm 2, is k-means (each point goes
to its nearest atom, the weight of an atom is its share of points); our observation, not the
paper's. Lloyd's iterations from k-means++ end in a local optimum, which another start may improve.
The weights are used in the per-class statistics (Eq. 14) and in the FKD loss, there relative to
their mean over the set (`fkd`) or over each batch (`fkd-batch-weights`, as released).
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


@distiller("kmeans", space={"bn_weight": Uniform(0.1, 1000.0, log=True)})
def kmeans(
    bn_weight: BnWeight = 10.0,
    ce_weight: CeWeight = 1.0,
    form: RecipeForm = "norm",
    layer: str = "penultimate",
    iterations: int = 100,
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """k-means centroid matching with weighted per-class BatchNorm statistics."""
    return wmdd(
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        form=form,
        layer=layer,
        solver="k-means",
        solver_iterations=iterations,
        recover=recover,
    )
