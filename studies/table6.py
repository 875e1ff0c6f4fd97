"""Table 6: which layer's features the barycenter is made of.

The paper counts the layers of a ResNet-18, so digits get a narrow one, too; one pass over the real
set observes all six layers.
"""

from bench.study.grid import Axis, Contrast, Grid, Row, Study
from studies._paper import TINY

LAYERS = (5, 10, 15, 16, 17, 18)
ONE_PASS = {"observe.layers": tuple(f"layer-{n}" for n in LAYERS)}


def label(layer: int) -> str:
    return f"layer {layer}"


STUDY = Study(
    name="table6",
    title="Table 6: depth of the feature layer",
    description=(
        "WMDD with barycenters of the pooled features of one layer of a ResNet-18. Layer 17 is the "
        "last convolution and layer 18 the classifier: what the one gives, pooled, is what the "
        "other takes, so that their rows are one here; the paper prints 41.6 and 41.8."
    ),
    rows=tuple(
        Row(
            label(n),
            "wmdd",
            {"layer": f"layer-{n}"},
            overrides=ONE_PASS,
            paper=f"layer-{n}",
            level=float(n),
        )
        for n in LAYERS
    ),
    ipcs=(10,),
    paper_datasets=(TINY,),
    grids=(
        Grid(profiles=("quick", "paper"), seeds=(0, 1, 2)),
        Grid(
            ("digits",),
            ipcs=(2,),
            students=("convnet3-w64-bn",),
            overrides={"squeeze.arch": "resnet18-w16"},
        ),
    ),
    contrasts=(
        Contrast("layer 18 - layer 5", label(18), label(5)),
        Contrast("layer 18 - layer 15", label(18), label(15)),
    ),
    paper_table="table6",
    items=("table6",),
    axis=Axis("layer of the features"),
)
