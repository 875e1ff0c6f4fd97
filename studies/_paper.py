"""The paper's data sets, and rows of real images that several studies have."""

from bench.plugin.recipes import AtMost
from bench.study.grid import Row

NETTE, TINY, IMAGENET = "imagenette", "tiny-imagenet@224", "imagenet-1k"
PAPER = (NETTE, TINY, IMAGENET)

# every real image instead of a few: fewer epochs, so that students get as many updates
SAME_UPDATES = {"relabel.epochs": AtMost(20), "relabel.batch": 100}

RANDOM = Row("Random real images", "random", group="references", paper="random")
FULL = Row(
    "Full real data",
    "full",
    group="references",
    overrides=SAME_UPDATES,
)
