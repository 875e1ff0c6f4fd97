"""The flip study: the same synthetic sets under the recipes of several papers.

Which method is better is decided by how students are trained as much as by the images. Sets are
made once, by the study's recipe; students are labelled for, trained and judged by each protocol.
The contrasts are published conclusions. RD3 (arXiv:2509.19743) found that 27.3 points of spread on
ImageNet-1K become 6.7 under one recipe.
"""

from bench.study.grid import Contrast, Grid, Protocol, Row, Study
from studies._paper import PAPER

STUDY = Study(
    name="flip",
    title="The flip study: the same sets under the recipes of several papers",
    description=(
        "Ranks of methods under each protocol, how far two protocols agree, and which published "
        "conclusions turn over."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled"),
        Row("SRe2L", "sre2l", group="distilled"),
        Row("CDA", "cda", group="distilled"),
        Row("DM", "dm", group="distilled"),
        Row("RDED", "rded", group="real"),
        Row("Random real images", "random", group="real"),
    ),
    ipcs=(10,),
    protocols=(
        Protocol("wmdd-code"),
        Protocol("wmdd-paper"),
        Protocol("sre2l"),
        Protocol("rded"),
        Protocol("hard-300", "hard-label"),
        Protocol("convnet-dc", "convnet-dc"),
    ),
    paper_datasets=PAPER,
    grids=(
        Grid(("digits",), ipcs=(2,)),
        Grid(("digits",), ("quick",), seeds=(0, 1, 2)),
    ),
    contrasts=(
        Contrast("WMDD - SRe2L", "WMDD", "SRe2L"),
        Contrast("CDA - SRe2L", "CDA", "SRe2L"),
        Contrast("RDED - SRe2L", "RDED", "SRe2L"),
        Contrast("WMDD - RDED", "WMDD", "RDED"),
        Contrast("SRe2L - DM", "SRe2L", "DM"),
        Contrast("WMDD - random", "WMDD", "Random real images"),
    ),
)
