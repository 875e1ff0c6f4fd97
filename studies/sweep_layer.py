"""The layer whose features meet the barycenter: Table 6.

The layers are those of Table 6 where the teacher has them, else all of its own. The paper counts
the layers of a ResNet-18, so digits get a narrow one, too. Every layer is run in turn, four times
with other seeds: a search would spend its trials on the first layer that was lucky.
"""

from bench.study.grid import Row
from bench.study.search import Sweep

SWEEP = Sweep(
    name="layer",
    title="Table 6: accuracy against the layer whose features are matched",
    rows=(Row("WMDD", "wmdd", overrides={"squeeze.arch": "resnet18-w16"}),),
    parameters=("layer",),
    ipc=2,
    sampler="grid",
    trials=24,
    student="convnet3-w64-bn",
    paper_table="table6",
)
