"""Table 3: what the recover stage costs per iteration, in memory and in total."""

from bench.study.grid import Grid, Row, Study
from studies._paper import NETTE

STUDY = Study(
    name="table3",
    title="Table 3: cost of distillation",
    description=(
        "Times and memory of this machine, read from the manifests of the artifacts; the paper "
        "measured an RTX 3090. Only ratios between methods can be compared. DM and DC run under "
        "the line's ConvNet, for their own numbers of iterations; the paper says neither network "
        "nor resolution, and gave each method 2,000."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled", paper="wmdd"),
        Row("SRe2L", "sre2l", group="distilled", paper="sre2l"),
        Row("CDA", "cda", group="distilled"),
        Row("DM", "dm", group="images learned under small ConvNets", paper="dm"),
        Row("DC", "dc", group="images learned under small ConvNets", paper="dc"),
    ),
    ipcs=(1,),
    paper_datasets=(NETTE,),
    grids=(Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),),
    paper_table="table3",
    items=("table3",),
)
