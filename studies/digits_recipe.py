"""How the digits recipe was chosen: images per class, and updates of the student.

Real digits under soft labels reach the teacher from a few images per class on, so that every row
saturates; with a fifth of the updates every row drowns in the noise of under-training. The default
of the ablation lies between. The runs are in reports/measured/digits-recipe.
"""

from bench.study.grid import Row, Study

SHORT = {"relabel.epochs": 60}

STUDY = Study(
    name="digits-recipe",
    title="Choosing the digits recipe: images per class and student updates",
    description="300 epochs are the recipe's, 60 are a fifth of them.",
    rows=(
        Row("WMDD, 300 epochs", "wmdd", group="300 epochs"),
        Row("CE + BN, 300 epochs", "sre2l", group="300 epochs"),
        Row("Random, 300 epochs", "random", group="300 epochs"),
        Row("WMDD, 60 epochs", "wmdd", group="60 epochs", overrides=SHORT),
        Row("CE + BN, 60 epochs", "sre2l", group="60 epochs", overrides=SHORT),
        Row("Random, 60 epochs", "random", group="60 epochs", overrides=SHORT),
    ),
    ipcs=(1, 2, 5, 10),
    seeds=(0, 1, 2),
)
