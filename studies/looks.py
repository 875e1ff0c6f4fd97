"""The look audit: what choosing an epoch is worth, for the same students at three of their epochs.

Last epoch, the epoch chosen on real training images, and the best on the test images, which is an
oracle: asked for here by name, reported as `oracle (test)`, and no score of any row.
"""

from bench.study.grid import Grid, Row, Study
from studies._paper import PAPER

STUDY = Study(
    name="looks",
    title="The look audit: last epoch, validation-selected, and best on the test images",
    description=(
        "Every student is trained once, as under fkd, and judged at 30 epochs. Rows are compared "
        "by the last epoch alone; the table of looks says what the other choices would have added."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled"),
        Row("SRe2L", "sre2l", group="distilled"),
        Row("RDED", "rded", group="real"),
        Row("Random real images", "random", group="real"),
    ),
    ipcs=(1, 10, 50),
    evaluators=("looks",),
    paper_datasets=PAPER,
    grids=(Grid(("digits",), ipcs=(1, 10)), Grid(("digits",), ("smoke",), ipcs=(2,))),
)
