"""SRe2L: cross-entropy with BatchNorm statistics, and its per-class variant.

Source: arXiv:2306.13092 (objective of the recover stage); arXiv:2311.18531, Table 4 for the rows
CE + BN and CE + PCBN. Differs from the official SRe2L scripts where a recipe of this suite says so
(iterations, resolution, evaluation batch); the losses are the same.
"""

from bench import (
    BnWeight,
    MatchingDistiller,
    NoFeatureLoss,
    RecipeForm,
    Recover,
    Sre2lBnWeight,
    Uniform,
    distiller,
)
from methods.regularizers import BatchNorm, PerClassBatchNorm

SPACE = {"bn_weight": Uniform(0.001, 1000.0, log=True)}


@distiller("sre2l", space=SPACE)
def sre2l(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Cross-entropy with all-class statistics; each batch holds one image per class."""
    return MatchingDistiller(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        grouping="one-per-class",
        recover=recover,
    )


@distiller("ce-pcbn", space=SPACE)
def ce_pcbn(
    bn_weight: BnWeight = 10.0,
    first_bn: float = 1.0,
    ce_weight: float = 1.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Cross-entropy with per-class statistics; each batch holds all images of its classes."""
    return MatchingDistiller(
        NoFeatureLoss(),
        PerClassBatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        recover=recover,
    )
