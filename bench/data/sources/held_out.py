"""A source whose test split is held out of another source's training split.

A search scores its trials on it, so that neither a trial nor its teacher sees the real test split.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bench.data.spec import DatasetSpec, Samples, Source, Split

MARK = "#val"  # the end of a data set's name that asks for this variant
EVERY = 5


@dataclass(frozen=True)
class HeldOut:
    """The training split of `source`: of each class, every fifth image stands as a test image.

    The order is that of the source, so no seed is needed: the 5th, 10th, ... image of a class is
    held out, the others are the training split. The source's own test split is never opened.
    """

    source: Source
    every: int = EVERY

    @property
    def downloadable(self) -> bool:
        return self.source.downloadable

    @property
    def hint(self) -> str:
        return self.source.hint

    def where(self, root: Path) -> Path:
        return self.source.where(root)

    def found(self, root: Path) -> bool:
        return self.source.found(root)

    def key(self, root: Path, split: Split) -> str:
        return self._marked(self.source.key(root, "train"), split)

    def content(self, root: Path, split: Split) -> str:
        return self._marked(self.source.content(root, "train"), split)

    def _marked(self, given: str, split: Split) -> str:
        return sha256(f"held-out-1\0{self.every}\0{split}\0{given}".encode()).hexdigest()

    def open(self, root: Path, split: Split) -> Samples:
        whole = self.source.open(root, "train")
        chosen = members(whole.labels, split, self.every)
        labels = [whole.labels[i] for i in chosen]
        return Samples(whole.classes, labels, lambda index: whole.read(chosen[index]))

    def download(self, root: Path) -> None:
        self.source.download(root)


def members(labels: Sequence[int], split: Split, every: int) -> list[int]:
    """Indices of the images of a split, in the order of the source."""
    seen: dict[int, int] = {}
    chosen = []
    for index, label in enumerate(labels):
        rank = seen[label] = seen.get(label, -1) + 1
        if (rank % every == every - 1) == (split == "test"):
            chosen.append(index)
    return chosen


def held_out(spec: DatasetSpec) -> DatasetSpec:
    """A data set whose test split is held out of its training split: `digits` -> `digits#val`."""
    return replace(spec, name=f"{spec.name}{MARK}", source=HeldOut(spec.source))
