"""Table 1: methods over the number of images per class.

Every registered distiller, those with a row in the paper first and a user's own last, and real
images.
"""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import FULL, PAPER, RANDOM

CONVNET = "images learned under small ConvNets"

STUDY = Study(
    name="table1",
    title="Table 1: methods over the number of images per class",
    description=(
        "All rows under one recipe for labels and students. The paper quotes its baselines from "
        "other papers, which used other networks and recipes: its margins mix methods and recipes."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled", paper="wmdd"),
        Row("SRe2L", "sre2l", group="distilled", paper="sre2l"),
        Row("CDA", "cda", group="distilled", paper="cda"),
        Row("SRe2L++", "sre2l++", group="distilled"),
        Row("CV-DD", "cv-dd", group="distilled"),
        Row("FADRM", "fadrm", group="distilled"),
        Row("DELT", "delt", group="distilled"),
        Row("G-VBSM", "g-vbsm", group="distilled", paper="g-vbsm"),
        Row("SCDD", "scdd", group="distilled", paper="scdd"),
        Row("EDC", "edc", group="distilled"),
        Row("CE + PCBN", "ce-pcbn", group="WMDD with one part replaced"),
        Row("Wass + BN", "wass-bn", group="WMDD with one part replaced"),
        Row("clean Wass + BN", "clean-bn", group="WMDD with one part replaced"),
        Row("Sliced Wasserstein", "sliced-wasserstein", group="WMDD with one part replaced"),
        Row("Sinkhorn", "sinkhorn", group="WMDD with one part replaced"),
        Row("k-means", "kmeans", group="WMDD with one part replaced"),
        Row("MMD, M1", "mmd-linear", {"reading": "m1"}, group="MMD"),
        Row("MMD, M2: without CE", "mmd-linear", {"reading": "m2"}, group="MMD"),
        Row("MMD, M3: without CE and PCBN", "mmd-linear", {"reading": "m3"}, group="MMD"),
        Row("MMD, RBF", "mmd-rbf", group="MMD"),
        Row("RDED", "rded", group="real images"),
        Row("BPS", "bps", group="real images"),
        Row("Herding", "herding", group="real images"),
        Row("k-center", "k-center", group="real images"),
        Row("DM", "dm", group=CONVNET, paper="dm"),
        Row("MTT", "mtt", group=CONVNET, paper="mtt"),
        Row("DataDAM", "datadam", group=CONVNET, paper="datadam"),
        Row("DataDAM, as its paper's table says", "datadam-paper", group=CONVNET),
        Row("DC", "dc", group=CONVNET),
        Row("DSA", "dsa", group=CONVNET),
        Row("M3D", "m3d", group=CONVNET),
        RANDOM,
        FULL,
    ),
    ipcs=(1, 10, 50, 100),
    paper_datasets=PAPER,
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(("digits",), ipcs=(1, 2, 5, 10)),
        Grid(("digits",), ("smoke",), ipcs=(1, 2)),
    ),
    contrasts=(
        Contrast("WMDD - SRe2L", "WMDD", "SRe2L"),
        Contrast("WMDD - CDA", "WMDD", "CDA"),
        Contrast("WMDD - random", "WMDD", "Random real images"),
    ),
    paper_table="table1",
    items=("table1",),
    every_distiller=True,
)
