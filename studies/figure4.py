"""Figure 4: where the features of distilled images lie among the real ones, SRe2L and WMDD."""

from bench.study import Grid, Row, Study
from studies._paper import PAPER

STUDY = Study(
    name="figure4",
    title="Figure 4: real and distilled images as the teacher sees them",
    description=(
        "t-SNE of the teacher's features with what the paper leaves to the eye: precision, "
        "recall, coverage, and the Wasserstein distance to the real features. One seed."
    ),
    rows=(Row("SRe2L", "sre2l"), Row("WMDD", "wmdd")),
    ipcs=(10,),
    seeds=(0,),
    paper_datasets=PAPER,
    grids=(Grid(("digits",), ipcs=(5,)),),
    items=("figure4",),
)
