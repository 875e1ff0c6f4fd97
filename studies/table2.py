"""Table 2: students of other architectures than the teacher's.

The last epoch, and the paper's reading: 20 % of the distilled images held out to choose the epoch.
Digits have small counterparts of the architectures; a vision transformer is none of them, since
its patches do not divide images of 8 pixels into a sequence worth the name.
"""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import IMAGENET

STUDY = Study(
    name="table2",
    title="Table 2: students of other architectures",
    description=(
        "One distilled set and one set of soft labels for every student. The paper's baselines "
        "seem not to have been evaluated under its recipe, so its margins are confounded."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled", paper="wmdd"),
        Row("SRe2L", "sre2l", group="distilled", paper="sre2l"),
        Row("CDA", "cda", group="distilled", paper="cda"),
        Row("G-VBSM", "g-vbsm", group="distilled", paper="g-vbsm"),
        Row("Random real images", "random", group="references"),
    ),
    ipcs=(50,),
    students=(
        "resnet18",
        "resnet50",
        "resnet101",
        "vit_tiny_patch16_224",
        "vit_small_patch16_224",
        "efficientnet_b0",
        "mobilenet_v2",
    ),
    evaluators=("fkd", "fkd-held-out"),
    paper_datasets=(IMAGENET,),
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(
            ("digits",),
            ipcs=(5,),
            students=("convnet3-w64-bn", "convnet2-w64-bn", "resnet18-w16", "test_efficientnet"),
        ),
        Grid(("digits",), ("smoke",), students=("convnet3-w64-bn", "convnet2-w64-bn")),
    ),
    contrasts=(
        Contrast("WMDD - SRe2L", "WMDD", "SRe2L"),
        Contrast("WMDD - CDA", "WMDD", "CDA"),
    ),
    paper_table="table2",
    items=("table2",),
)
