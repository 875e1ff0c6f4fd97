"""Lambda, the weight on the BatchNorm statistics: Figure 5a.

The paper varies lambda from 0.1 to 1000 on a logarithmic axis and finds accuracy flat from 10 on.
`--sampler grid` draws the figure at even distances; the default spends trials where it pays.
"""

from bench.study.grid import Row
from bench.study.search import Sweep

SWEEP = Sweep(
    name="lambda",
    title="Figure 5a: accuracy against lambda, the weight on the BatchNorm statistics",
    rows=(Row("WMDD", "wmdd"),),
    parameters=("bn_weight",),
    ipc=2,
    paper_table="figure5a",
)
