"""Figure 3: MMD against Wasserstein, both without augmentation and with hard labels.

The paper does not define "vanilla": here images are recovered without crops, flips and rolls, and
students learn class indices, with and without crops and flips. Its MMD bars are DM, which matches
features of random networks: here without its augmentation, under the line's ConvNet and for its own
number of iterations. The readings of MMD stay in WMDD's pipeline (methods/mmd.py).
"""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import TINY

UNAUGMENTED = {"recover.crop_min": 1.0, "recover.flip": 0.0, "recover.roll": 0}

STUDY = Study(
    name="figure3",
    title="Figure 3: MMD against Wasserstein without augmentation",
    description=(
        "At one image per class the barycenter is the mean, so that WMDD and the first reading of "
        "MMD have one target."
    ),
    rows=(
        Row(
            "Wasserstein, vanilla",
            "wmdd",
            overrides=UNAUGMENTED,
            group="CE and PCBN",
            paper="wmdd-vanilla",
        ),
        Row(
            "MMD, vanilla",
            "mmd-linear",
            {"reading": "m1"},
            UNAUGMENTED,
            group="CE and PCBN",
        ),
        Row(
            "Wasserstein alone",
            "wmdd",
            {"ce_weight": 0.0, "bn_weight": 0.0},
            UNAUGMENTED,
            group="feature loss alone",
        ),
        Row(
            "MMD alone",
            "mmd-linear",
            {"reading": "m3"},
            UNAUGMENTED,
            group="feature loss alone",
        ),
        Row(
            "DM (the paper's MMD)",
            "dm",
            {"dsa": False},
            group="images learned under small ConvNets",
            paper="dm",
        ),
        Row("Random real images", "random", group="references"),
    ),
    ipcs=(1, 10, 50),
    evaluators=("hard-label", "hard-label-plain"),
    paper_datasets=(TINY,),
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(("digits",), ipcs=(1, 2, 5)),
        Grid(("digits",), ("smoke",), ipcs=(1, 2)),
    ),
    contrasts=(
        Contrast("Wasserstein - MMD", "Wasserstein, vanilla", "MMD, vanilla"),
        Contrast("Wasserstein - DM", "Wasserstein, vanilla", "DM (the paper's MMD)"),
        Contrast("Wasserstein - MMD (alone)", "Wasserstein alone", "MMD alone"),
    ),
    paper_table="figure3",
    items=("figure3",),
)
