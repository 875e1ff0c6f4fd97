"""A source that already holds its images as one array."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BadData
from bench.data.spec import Samples, Split

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


@dataclass(frozen=True)
class Arrays:
    """Images from a function, with no files to look after.

    Attributes:
        downloadable: always False.
        hint: how to obtain the images, one phrase.
        classes: names in the order of the labels.
        read: split -> (images (N, H, W) or (N, H, W, 3) uint8, labels (N,) integers).
        version: changes when `read` would return something else.
    """

    classes: tuple[str, ...]
    read: Callable[[Split], tuple["np.ndarray", "np.ndarray"]]
    version: str
    downloadable: bool = False
    hint: str = "it is bundled"

    def where(self, root: Path) -> Path:
        return root

    def found(self, root: Path) -> bool:
        return True

    def key(self, root: Path, split: Split) -> str:
        return sha256(f"{self.version}\0{split}".encode()).hexdigest()

    def content(self, root: Path, split: Split) -> str:
        return self.key(root, split)

    def open(self, root: Path, split: Split) -> Samples:
        return samples_of(self.classes, *self.read(split))

    def download(self, root: Path) -> None:
        raise BadData(f"nothing to download: {self.hint}")


def samples_of(classes: tuple[str, ...], images: "np.ndarray", labels: "np.ndarray") -> Samples:
    """Samples of an array (N, H, W) or (N, H, W, 3) of uint8."""
    from PIL.Image import fromarray

    def read(index: int) -> tuple["Image", str]:
        return fromarray(images[index]), ""

    return Samples(classes, labels.tolist(), read)
