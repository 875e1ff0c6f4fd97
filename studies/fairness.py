"""What labels, augmentation and distilled images are worth, at equal compute and at equal bits.

Three label regimes: hard labels, one soft label per image, and soft labels of every augmented view
(knowledge distillation, `fkd`); the first two with and without crops. Without augmentation the
third is the second. At one IPC all students of a data set take the same number of updates on
batches of the same size. Random real images and the full training split stand beside the distilled
sets, so that DD-Ranking's LRS and ARS have their references.
"""

from bench.study.grid import Contrast, Grid, Row, Study
from studies._paper import PAPER, SAME_UPDATES

STUDY = Study(
    name="fairness",
    title="Labels, augmentation and images: hard, soft, soft with distillation",
    description=(
        "The same synthetic sets under hard labels, one soft label per image, and the teacher's "
        "labels of every augmented view. Bits are those of images and labels together; no set "
        "here needs a decoder, and the teacher is the recipe's."
    ),
    rows=(
        Row("WMDD", "wmdd", group="distilled"),
        Row("SRe2L", "sre2l", group="distilled"),
        Row("Random real images", "random", group="references"),
        Row("Full real data", "full", group="references", overrides=SAME_UPDATES),
    ),
    ipcs=(1, 10, 50),
    evaluators=("hard-label", "hard-label-plain", "soft-label", "soft-label-plain", "fkd"),
    paper_datasets=PAPER,
    grids=(
        Grid(("digits",), ipcs=(1, 5, 20)),
        Grid(("digits",), ("quick",), seeds=(0, 1, 2)),
        Grid(("digits",), ("smoke",), ipcs=(1, 2)),
    ),
    contrasts=(
        Contrast("WMDD - random", "WMDD", "Random real images"),
        Contrast("SRe2L - random", "SRe2L", "Random real images"),
    ),
)
