"""The clean ablation: one objective in which exactly one factor changes at a time.

Source: our own design after arXiv:2311.18531, Table 4, whose published rows with all-class
statistics also change the cross-entropy term, the first layer's factor and the composition of
batches (`wass-bn`, `sre2l`). Here they keep WMDD's. The two cells with per-class statistics are
`wmdd` and `ce-pcbn` themselves.
"""

from typing import Literal

from bench import (
    BnWeight,
    MatchingDistiller,
    NoFeatureLoss,
    RecipeForm,
    Recover,
    Uniform,
    distiller,
)
from methods.regularizers import BatchNorm
from methods.wmdd import FORMS


@distiller("clean-bn", space={"bn_weight": Uniform(0.1, 1000.0, log=True)})
def clean_bn(
    feature_loss: Literal["wass", "none"] = "wass",
    ce_weight: float = 1.0,
    bn_weight: BnWeight = 10.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """WMDD with all-class statistics and nothing else changed; the feature loss on or off."""
    return MatchingDistiller(
        FORMS[form] if feature_loss == "wass" else NoFeatureLoss(),
        BatchNorm(first=1.0, squared=form == "squares"),
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        recover=recover,
    )
