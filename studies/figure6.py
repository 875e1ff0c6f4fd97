"""Figures 6 to 10: distilled images of every class, the methods side by side."""

from bench.study.grid import Grid, Row, Study
from studies._paper import PAPER

STUDY = Study(
    name="figure6",
    title="Figures 6 to 10: distilled images, method by method",
    description="The first image of each class; every method starts from the same noise.",
    rows=(
        Row("Random real images", "random", group="real"),
        Row("RDED", "rded", group="real"),
        Row("WMDD", "wmdd", group="distilled"),
        Row("CE + PCBN", "ce-pcbn", group="distilled"),
        Row("MMD", "mmd-linear", group="distilled"),
        Row("SRe2L", "sre2l", group="distilled"),
        Row("CDA", "cda", group="distilled"),
    ),
    ipcs=(10,),
    seeds=(0,),
    paper_datasets=PAPER,
    grids=(Grid(("digits",), ipcs=(2,)),),
    items=("figure6", "figure7", "figure8", "figure9", "figure10"),
    side_by_side=True,
)
