"""Table 3: what the recover stage costs per iteration, in memory and in total."""

from bench.study.grid import Grid, Row, Study
from studies._paper import NETTE, only_in_the_paper

STUDY = Study(
    name="table3",
    title="Table 3: cost of distillation",
    description=(
        "Times and memory of this machine, read from the manifests of the artifacts; the paper "
        "measured an RTX 3090. Only ratios between methods can be compared."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled", paper="wmdd"),
        Row("SRe2L", "sre2l", group="distilled", paper="sre2l"),
        Row("CDA", "cda", group="distilled"),
        *only_in_the_paper(("DM", "dm"), ("DC", "dc")),
    ),
    ipcs=(1,),
    paper_datasets=(NETTE,),
    grids=(Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),),
    paper_table="table3",
    items=("table3",),
)
