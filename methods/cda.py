"""CDA: SRe2L with a curriculum of crops, from whole images down to small ones.

Source: arXiv:2311.18838 and its released code. The lower bound of the crop's area falls from 1 to
its final value by a cosine over `milestone` of the iterations (1 in every published command; the
code's default 0 is plain SRe2L).
"""

from dataclasses import replace
from typing import Literal

from bench import MatchingDistiller, RecipeForm, Recover, Sre2lBnWeight, Uniform, distiller
from bench.stages.schedule import Curriculum
from methods.sre2l import sre2l


@distiller("cda", space={"bn_weight": Uniform(0.001, 1000.0, log=True)})
def cda(
    bn_weight: Sre2lBnWeight = 0.01,
    first_bn: float = 10.0,
    shape: Literal["cosine", "linear", "step"] = "cosine",
    milestone: float = 1.0,
    form: RecipeForm = "norm",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """SRe2L with crops that shrink over the iterations."""
    plain = sre2l(bn_weight, first_bn, form, recover)
    return replace(plain, curriculum=Curriculum(shape, milestone))
