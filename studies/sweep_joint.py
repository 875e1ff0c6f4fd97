"""All that WMDD declares, with the layer and the recovery's length and learning rate, at once."""

from bench.plugin.space import Choice, Integer, Uniform
from bench.study.grid import Row
from bench.study.search import Sweep

SWEEP = Sweep(
    name="joint",
    title="WMDD's own parameters and the recovery's, searched together",
    rows=(Row("WMDD", "wmdd"),),
    parameters=(
        "bn_weight",
        "ce_weight",
        "solver",
        "solver_iterations",
        "layer",
        "recover.lr",
        "recover.iterations",
    ),
    space={
        "solver": Choice(("uniform", "algorithm-2")),
        "recover.lr": Uniform(0.025, 1.0, log=True),
        "recover.iterations": Integer(50, 400, log=True),
    },
    ipc=2,
    trials=40,
)
