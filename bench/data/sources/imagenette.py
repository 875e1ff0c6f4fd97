"""ImageNette and ImageWoof (fastai, version 2): ten easy classes of ImageNet, and ten dogs."""

from dataclasses import dataclass
from pathlib import Path

from bench.data.sources.download import fetching
from bench.data.sources.folders import ImageFolder
from bench.data.spec import Samples, Split

NAMES = (  # in the order of their WordNet ids, n01440764 to n03888257
    "tench",
    "English springer",
    "cassette player",
    "chain saw",
    "church",
    "French horn",
    "garbage truck",
    "gas pump",
    "golf ball",
    "parachute",
)
DOGS = (  # of ImageWoof, n02086240 to n02115641
    "Shih-Tzu",
    "Rhodesian ridgeback",
    "beagle",
    "English foxhound",
    "Border terrier",
    "Australian terrier",
    "golden retriever",
    "Old English sheepdog",
    "Samoyed",
    "dingo",
)
IMAGEWOOF = ImageFolder(
    places=("imagewoof", "imagewoof2", "imagewoof2-320", "imagewoof2-160"),
    hint="extract imagewoof2.tgz of fast.ai there",
    names=DOGS,
)
FOLDER = ImageFolder(
    places=("imagenette", "imagenette2", "imagenette2-320", "imagenette2-160"),
    hint="extract imagenette2.tgz of fast.ai there",
    names=NAMES,
)


@dataclass(frozen=True)
class Imagenette:
    """Folders of the fastai archive, of any of its sizes; downloads the one of 320 pixels.

    The shorter side of 320 pixels suffices for the 256 pixels kept at resolution 224.
    """

    downloadable: bool = True
    hint: str = FOLDER.hint

    def where(self, root: Path) -> Path:
        return FOLDER.where(root)

    def found(self, root: Path) -> bool:
        return FOLDER.found(root)

    def key(self, root: Path, split: Split) -> str:
        return FOLDER.key(root, split)

    def content(self, root: Path, split: Split) -> str:
        return FOLDER.content(root, split)

    def open(self, root: Path, split: Split) -> Samples:
        return FOLDER.open(root, split)

    def download(self, root: Path) -> None:
        from torchvision.datasets import Imagenette as Archive

        with fetching("imagenette", root):
            Archive(str(root), split="train", size="320px", download=True)
