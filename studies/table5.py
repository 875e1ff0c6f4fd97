"""Table 5: what the barycenter is solved with, exactly or by its rivals."""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import TINY

SLICED = "sliced-wasserstein"
EXACT = {"solver": "uniform", "solver_iterations": 100}  # under `wmdd-paper`, too
TEN = {"solver_iterations": 10}  # the paper's K

STUDY = Study(
    name="table5",
    title="Table 5: solvers of the barycenter",
    description=(
        "Only the barycenter changes. At one image per class all of them are the class mean, up "
        "to what the solvers leave."
    ),
    rows=(
        Row("Exact (WMDD)", "wmdd", EXACT, group="free positions", paper="wmdd"),
        Row("Sliced, uniform slices", SLICED, group="free positions", paper=SLICED),
        Row("Sliced, energy-based slices", SLICED, {"slicing": "energy"}, group="free positions"),
        Row("Sinkhorn", "sinkhorn", group="free positions"),
        Row("Algorithm 2", "wmdd", {**TEN, "solver": "algorithm-2"}, group="free weights too"),
        Row(
            "Algorithm 2, plan solved again",
            "wmdd",
            {**TEN, "solver": "alternating"},
            group="free weights too",
        ),
        Row("k-means", "kmeans", group="free weights too"),
    ),
    ipcs=(1, 10, 50),
    paper_datasets=(TINY,),
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(("digits",), ipcs=(1, 2, 5)),
        Grid(("digits",), ("smoke",), ipcs=(1, 2)),
    ),
    contrasts=(
        Contrast("exact - sliced", "Exact (WMDD)", "Sliced, uniform slices"),
        Contrast("exact - Sinkhorn", "Exact (WMDD)", "Sinkhorn"),
        Contrast("exact - k-means", "Exact (WMDD)", "k-means"),
    ),
    paper_table="table5",
    items=("table5",),
)
