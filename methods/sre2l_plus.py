"""SRe2L++: SRe2L from real patches, the strong baseline of the paper on committee voting.

Source: arXiv:2501.07575 and the released code of CV-DD (`recover.py`, model setting 0; methods.md
10): the losses, batches and augmentation of SRe2L, started from real patches of medium difficulty;
4000 iterations at rate 0.25 with weight 0.01. The teacher is in evaluation mode while images are
optimised. It labels in training mode, by the statistics of small batches, and students are trained
on those batches: that is the evaluator `fkd-bssl` and the recipe `sre2l++`.
Differs: patches are made here (methods/starts.py), and each image starts from another one, where
the code draws them with replacement; float32 instead of mixed precision.
"""

from bench import (
    MatchingDistiller,
    NoFeatureLoss,
    RecipeForm,
    Recover,
    Sre2lBnWeight,
    Uniform,
    distiller,
)
from methods.regularizers import BatchNorm
from methods.starts import SHORT, Patches

SPACE = {"bn_weight": Uniform(0.001, 1000.0, log=True)}


@distiller("sre2l++", space=SPACE, lengths=SHORT)
def sre2l_plus(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    pool: int = 300,
    crops: int = 5,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """SRe2L that starts from real patches (SRe2L++)."""
    return MatchingDistiller(
        NoFeatureLoss(),
        BatchNorm(first=first_bn, squared=form == "squares"),
        bn_weight=bn_weight,
        grouping="one-per-class",
        recover=recover,
        start=Patches(pool, crops),
    )
