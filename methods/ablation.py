"""The clean ablation: one objective in which exactly one factor changes at a time.

Source: our own design after arXiv:2311.18531, Table 4, whose published rows also change the
cross-entropy term, the first layer's factor and the composition of batches (methods compared
there: `wmdd`, `ce-pcbn`, `wass-bn`, `sre2l`). Here batches, factors and weights are the same.
"""

from typing import Literal

from bench import MatchingDistiller, NoFeatureLoss, Recover, Request, Solve, Uniform, distiller
from methods.regularizers import BatchNorm, PerClassBatchNorm
from methods.wmdd import BarycenterNorm

FEATURE_LOSSES = {"wass": BarycenterNorm(), "none": NoFeatureLoss()}
REGULARIZERS = {"pcbn": PerClassBatchNorm(first=1.0), "bn": BatchNorm(first=1.0)}


@distiller("clean", space={"bn_weight": Uniform(0.1, 1000.0, log=True)})
def clean(
    feature_loss: Literal["wass", "none"] = "wass",
    regularizer: Literal["pcbn", "bn"] = "pcbn",
    ce_weight: float = 1.0,
    bn_weight: float = 10.0,
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """One cell of the clean 2x2 (x CE on/off): same batches, factors and weights throughout."""
    return MatchingDistiller(
        FEATURE_LOSSES[feature_loss],
        REGULARIZERS[regularizer],
        weight=bn_weight,
        ce_weight=ce_weight,
        recover=recover,
        request=Request(solve=Solve(), variance=recover.variance),
    )
