"""The paper's data sets, and its methods that are not built here but keep their rows."""

from bench.plugin.recipes import AtMost
from bench.study.grid import Row

NETTE, TINY, IMAGENET = "imagenette", "tiny-imagenet@224", "imagenet-1k"
PAPER = (NETTE, TINY, IMAGENET)
ONLY = "paper only"

# every real image instead of a few: fewer epochs, so that students get as many updates
SAME_UPDATES = {"relabel.epochs": AtMost(20), "relabel.batch": 100}

RANDOM = Row("Random real images", "random", group="references", paper="random")
FULL = Row(
    "Full real data",
    "full",
    group="references",
    overrides=SAME_UPDATES,
)


def only_in_the_paper(*methods: tuple[str, str]) -> tuple[Row, ...]:
    """Rows (label, key in the published numbers) that are shown but not run."""
    return tuple(Row(label, "", group=ONLY, paper=key) for label, key in methods)
