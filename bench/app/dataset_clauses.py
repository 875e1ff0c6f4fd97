"""What a data set plugin must hold: it is loaded with a few images of each class and looked at."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.load import load
from bench.data.sources.subset import Subset
from bench.data.spec import SPLITS, DatasetSpec, Samples, Split
from bench.plugin.registry import Registered

if TYPE_CHECKING:
    from bench.artifacts.values import RealSet

FEW = 4  # images of each class and split that are decoded
CACHES = ("first", "second")


@dataclass(frozen=True)
class DatasetProbe:
    """A data set plugin, the data root that its files lie in, and a folder to decode into."""

    plugin: Registered
    data_root: Path
    folder: Path

    def spec(self) -> DatasetSpec:
        """The plugin's data set with FEW images of each class in both splits."""
        whole: DatasetSpec = self.plugin.factory()
        few = Subset(whole.source, images=FEW, tests=True)
        source = _Elsewhere(few, self.data_root)
        return replace(whole, source=source)

    def real(self, split: Split, cache: str = "first") -> "RealSet":
        return load(self.spec(), split, self.folder / cache)


@dataclass(frozen=True)
class _Elsewhere:
    """A source whose files lie in another root than the cache."""

    source: Subset
    root: Path

    @property
    def downloadable(self) -> bool:
        return self.source.downloadable

    @property
    def hint(self) -> str:
        return self.source.hint

    def where(self, root: Path) -> Path:
        return self.source.where(self.root)

    def found(self, root: Path) -> bool:
        return self.source.found(self.root)

    def key(self, root: Path, split: Split) -> str:
        return self.source.key(self.root, split)

    def content(self, root: Path, split: Split) -> str:
        return self.source.content(self.root, split)

    def open(self, root: Path, split: Split) -> Samples:
        return self.source.open(self.root, split)

    def download(self, root: Path) -> None:
        self.source.download(self.root)


def _is_a_spec(probe: DatasetProbe) -> str:
    made = probe.plugin.factory()
    if not isinstance(made, DatasetSpec):
        return f"expected the factory to return a DatasetSpec, got {type(made).__name__}"
    if made.name != probe.plugin.name:
        return f"expected its name to be the registered {probe.plugin.name!r}, got {made.name!r}"
    return "" if made.licence else "expected a licence or terms of use, got none"


def _documented(probe: DatasetProbe) -> str:
    return "" if probe.plugin.doc else "expected a one-line docstring on the factory, found none"


def _found(probe: DatasetProbe) -> str:
    source = probe.plugin.factory().source
    if source.found(probe.data_root):
        return ""
    return f"expected its files in {source.where(probe.data_root)}, found none; {source.hint}"


def _well_formed(probe: DatasetProbe) -> str:
    import torch

    spec = probe.spec()
    for split in SPLITS:
        real = probe.real(split)
        shape = (spec.channels, spec.frame_side, spec.frame_side)
        if real.images.dtype != torch.uint8 or real.images.shape[1:] != shape:
            got = f"{real.images.dtype} {tuple(real.images.shape[1:])}"
            return f"expected {split} images uint8 {shape}, got {got}"
        if len(real.classes) != spec.num_classes or len(set(real.classes)) != spec.num_classes:
            return f"expected {spec.num_classes} distinct class names, got {real.classes[:5]}"
        flat = real.images.flatten(1)
        if bool((flat == flat[:, :1]).all()):
            return f"expected {split} images that are not constant"
    return ""


def _apart(probe: DatasetProbe) -> str:
    train, test = (probe.real(split) for split in SPLITS)
    known = {image.numpy().tobytes() for image in train.images}
    both = sum(image.numpy().tobytes() in known for image in test.images)
    return f"expected no test image among the training images, got {both}" if both else ""


def _same_twice(probe: DatasetProbe) -> str:
    for split in SPLITS:
        first, second = (probe.real(split, cache) for cache in CACHES)
        if first.digest != second.digest:
            return f"expected equal {split} images when decoded twice, got different ones"
    return ""


DATASET: tuple[tuple[str, Callable[[DatasetProbe], str]], ...] = (
    ("documents itself", _documented),
    ("is a specification of its own name", _is_a_spec),
    ("finds its files", _found),
    ("decodes images of every class in its shape", _well_formed),
    ("keeps its test images out of training", _apart),
    ("decodes to the same digest twice", _same_twice),
)
