"""A source with some of another source's classes, or with fewer training images of each class."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bench.data.spec import Samples, Source, Split


@dataclass(frozen=True)
class Subset:
    """Some classes or images of a source, in its order, so that no seed is needed.

    Attributes:
        classes: labels that are kept and renumbered in this order; empty keeps all.
        images: the first so many training images of each class are kept; 0 keeps all.
        tests: whether `images` counts for the test split, too.
    """

    source: Source
    classes: tuple[int, ...] = ()
    images: int = 0
    tests: bool = False

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
        return self._marked(self.source.key(root, split))

    def content(self, root: Path, split: Split) -> str:
        return self._marked(self.source.content(root, split))

    def _marked(self, given: str) -> str:
        kept = f"subset-1\0{self.classes}\0{self.images}\0{self.tests}\0{given}"
        return sha256(kept.encode()).hexdigest()

    def open(self, root: Path, split: Split) -> Samples:
        whole = self.source.open(root, split)
        labels = self.classes or tuple(range(len(whole.classes)))
        ids = {label: new for new, label in enumerate(labels)}
        most = (
            self.images if self.images and (self.tests or split == "train") else len(whole.labels)
        )
        counts = dict.fromkeys(labels, 0)
        chosen = []
        for index, label in enumerate(whole.labels):
            if label in counts and counts[label] < most:
                counts[label] += 1
                chosen.append(index)
        return Samples(
            tuple(whole.classes[label] for label in labels),
            [ids[whole.labels[index]] for index in chosen],
            lambda index: whole.read(chosen[index]),
        )

    def download(self, root: Path) -> None:
        self.source.download(root)
