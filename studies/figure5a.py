"""Figure 5: the weight lambda of the regularizer, as a curve and as images."""

from bench.study.grid import Axis, Contrast, Grid, Row, Study
from studies._paper import PAPER

LAMBDAS = (0.1, 1.0, 10.0, 100.0, 1000.0)
# what can be read off the figure: its left end, and a flat region
READ_OFF = {0.1: "lambda-0.1", 10.0: "lambda>=10", 100.0: "lambda>=10", 1000.0: "lambda>=10"}


def label(value: float) -> str:
    return f"λ = {value:g}"


STUDY = Study(
    name="figure5a",
    title="Figure 5: the weight of the per-class statistics",
    description="WMDD with λ from 0.1 to 1000; images are those of the first seed.",
    rows=tuple(
        Row(label(x), "wmdd", {"bn_weight": x}, paper=READ_OFF.get(x, ""), level=x) for x in LAMBDAS
    ),
    ipcs=(10,),
    paper_datasets=PAPER,
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(("digits",), ipcs=(2,)),
    ),
    contrasts=(
        Contrast("λ = 10 - λ = 0.1", label(10.0), label(0.1)),
        Contrast("λ = 1000 - λ = 10", label(1000.0), label(10.0)),
    ),
    paper_table="figure5a",
    items=("figure5a", "figure5b"),
    axis=Axis("λ", log=True),
    side_by_side=True,
)
