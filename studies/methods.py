"""Methods: every registered distiller under one protocol, and under that of its own paper.

The first column answers which images teach more, the second what each paper would print here. A
method joins by being registered; rows are written down only for their place and their overrides.
"""

from bench.study.grid import Grid, Row, Study
from studies._paper import FULL

GROUPS = {
    "WMDD and its variants": (
        "wmdd",
        "sliced-wasserstein",
        "sinkhorn",
        "kmeans",
        "mmd-linear",
        "mmd-rbf",
        "ce-pcbn",
        "wass-bn",
        "clean-bn",
    ),
    "images recovered from networks trained on real ones": (
        "sre2l",
        "cda",
        "g-vbsm",
        "edc",
        "scdd",
    ),
    "images learned under small ConvNets": (
        "dc",
        "dsa",
        "dm",
        "m3d",
        "datadam",
        "datadam-paper",
        "mtt",
    ),
    "real images": ("rded", "herding", "k-center"),
}

STUDY = Study(
    name="methods",
    title="Every method under one protocol, and under its own",
    description=(
        "fkd: all rows under the recipe of the study. native: each under the recipe, evaluator and "
        "student of its paper, or the study's where it has none; the cells' recipes say which. "
        "Two lines of that column differ in more than their images."
    ),
    rows=(
        *(Row(name, name, group=group) for group, names in GROUPS.items() for name in names),
        Row("Random real images", "random", group="references"),
        FULL,
    ),
    ipcs=(2,),
    seeds=(0, 1),
    evaluators=("fkd", "native"),
    grids=(Grid(profiles=("smoke",), seeds=(0,)),),
    every_distiller=True,
)
