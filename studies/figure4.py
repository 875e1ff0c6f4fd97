"""Figure 4: features of real and distilled images in one plane, SRe2L beside WMDD."""

from bench.study.grid import Grid, Row, Study
from studies._paper import PAPER

STUDY = Study(
    name="figure4",
    title="Figure 4: features of distilled images among the real ones",
    description=(
        "What the paper leaves to the eye is measured, too: coverage, precision, recall, and the "
        "Wasserstein distance to the real features. As in the paper, the features are those of a "
        "network that is trained on real and synthetic images together; those of the teacher, "
        "which WMDD optimises, stand in a second panel."
    ),
    rows=(Row("SRe2L", "sre2l"), Row("WMDD", "wmdd")),
    ipcs=(10,),
    seeds=(0,),
    evaluators=("fkd", "mixture"),
    paper_datasets=PAPER,
    grids=(Grid(("digits",), ("smoke",), ipcs=(2,)),),
    items=("figure4",),
)
