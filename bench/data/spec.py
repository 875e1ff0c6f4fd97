"""What a data set is: its name, shape and normalisation, and the source that its images come from.

Nothing heavy is imported here, so that names can be listed at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from bench.core.errors import BadValue

if TYPE_CHECKING:
    from PIL.Image import Image

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
WHOLE_SIDE = 256  # shorter side of whole images at 128 to 224 pixels
Stem = Literal["auto", "imagenet", "small", "wmdd-tiny"]


@dataclass(frozen=True)
class Samples:
    """The images of one split before they are stored.

    Attributes:
        classes: names, in the order of the labels.
        labels: one class id per image.
        read: index -> (image in mode "L" or "RGB", its original mode if it was converted else "").
    """

    classes: tuple[str, ...]
    labels: Sequence[int]
    read: Callable[[int], tuple["Image", str]]


class Source(Protocol):
    """Where the images of a data set come from.

    Attributes:
        downloadable: whether `download` can fetch it.
        hint: how to obtain it by hand, one phrase.
    """

    @property
    def downloadable(self) -> bool: ...

    @property
    def hint(self) -> str: ...

    def where(self, root: Path) -> Path:
        """The folder that holds it, or that is expected to."""
        ...

    def found(self, root: Path) -> bool:
        """Whether it is there (its layout may still be wrong)."""
        ...

    def key(self, root: Path, split: Split) -> str:
        """A quick key of a split: changes when a file is added, removed, replaced or touched.

        Raises:
            BadData: the layout is not the expected one.
        """
        ...

    def content(self, root: Path, split: Split) -> str:
        """A key of what the files of a split hold: stays where they are only touched or copied.

        Raises:
            BadData: the layout is not the expected one, or a file cannot be read.
        """
        ...

    def open(self, root: Path, split: Split) -> Samples:
        """The images and labels of a split.

        Raises:
            BadData: the layout is not the expected one.
        """
        ...

    def download(self, root: Path) -> None:
        """Fetches it into `root`.

        Raises:
            BadData: it cannot be downloaded.
        """
        ...


@dataclass(frozen=True)
class DatasetSpec:
    """A data set by name; equal names mean equal pixels, apart from what lies at the source.

    Attributes:
        name: by which it is asked for; a part of every address.
        num_classes: at least 2.
        channels: 1 or 3.
        source: where the images come from: `Arrays`, a folder, or a class of your own.
        licence: of the images, for people.
        resolution: side in pixels of the network's input.
        store_resolution: to what the shorter side is resized before evaluation takes the centre.
        mean, std: per-channel normalisation on the [0, 1] scale.
        flip: whether a mirrored image keeps its label (not so for digits).
        stem: which first layers a network needs at this resolution.
        margin: whether a variant at another resolution keeps a margin to crop (8/7 of its side).
        family: of which published data set this is a variant, such as "imagenette"; papers give
            single constants by it. Empty where no paper has it.
        whole: whether training crops come from whole images of their own width, as photographs
            want it; else they come from the stored square.
    """

    name: str
    num_classes: int
    channels: int
    resolution: int
    store_resolution: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: Source
    licence: str
    flip: bool = True
    stem: Stem = "auto"
    margin: bool = False
    family: str = ""
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.resolution <= self.store_resolution:
            raise BadValue(
                f"data set {self.name!r}: expected 0 < resolution <= store_resolution, "
                f"given {self.resolution} and {self.store_resolution}"
            )
        if self.channels not in (1, 3) or self.num_classes < 2:
            raise BadValue(
                f"data set {self.name!r}: expected 1 or 3 channels and at least 2 classes, "
                f"given {self.channels} and {self.num_classes}"
            )
        if not len(self.mean) == len(self.std) == self.channels or min(self.std) <= 0:
            raise BadValue(
                f"data set {self.name!r}: expected one mean and one positive std for each of "
                f"{self.channels} channels, given {self.mean} and {self.std}"
            )

    @property
    def frame_side(self) -> int:
        """Side in pixels of the stored squares: evaluation's own where whole images are kept."""
        return self.resolution if self.whole else self.store_resolution

    @property
    def whole_side(self) -> int:
        """What the shorter side of a whole image is reduced to; smaller images stay as they are.

        Twice the resolution keeps small crops sharp; from 128 pixels on 256 has to do.
        """
        return min(2 * self.resolution, max(WHOLE_SIDE, self.store_resolution))

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        return 1 / self.num_classes

    @property
    def downloadable(self) -> bool:
        return self.source.downloadable
