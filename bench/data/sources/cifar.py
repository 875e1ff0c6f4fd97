"""CIFAR-10 and CIFAR-100 as their Python archives (A. Krizhevsky, 2009), read by torchvision.

Their batches are pickles; torchvision opens them only if they match the published MD5 sums.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.core.errors import BadData
from bench.data.sources.arrays import samples_of
from bench.data.sources.download import fetching
from bench.data.sources.files import content_of, contents, entries_below, key_of
from bench.data.spec import Samples, Split

Name = Literal["cifar10", "cifar100"]
FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}


@dataclass(frozen=True)
class Cifar:
    """A CIFAR archive, extracted in the data root or in a folder of the data set's name."""

    name: Name
    downloadable: bool = True
    hint: str = "extract its Python archive there"

    def where(self, root: Path) -> Path:
        folder = FOLDERS[self.name]
        places = (root / folder, root / self.name / folder)
        return next((place for place in places if place.is_dir()), places[0])

    def found(self, root: Path) -> bool:
        return self.where(root).is_dir()

    def key(self, root: Path, split: Split) -> str:
        return key_of(entries_below(self.where(root)), split)

    def content(self, root: Path, split: Split) -> str:
        return content_of(self.where(root), entries_below(self.where(root)), split)

    def open(self, root: Path, split: Split) -> Samples:
        folder = self.where(root)
        archive = self._archive()
        self._refuse_damage(archive, folder)
        data = archive(str(folder.parent), train=split == "train")
        import numpy as np

        return samples_of(tuple(data.classes), data.data, np.asarray(data.targets, dtype=np.int64))

    def download(self, root: Path) -> None:
        with fetching(self.name, root):
            self._archive()(str(root), download=True)

    def _archive(self) -> Any:
        from torchvision import datasets

        return datasets.CIFAR10 if self.name == "cifar10" else datasets.CIFAR100

    def _refuse_damage(self, archive: Any, folder: Path) -> None:
        from torchvision.datasets.utils import check_integrity

        sums = [*archive.train_list, *archive.test_list]
        sums.append((archive.meta["filename"], archive.meta["md5"]))
        for name, md5 in sums:
            if not (folder / name).is_file():
                raise BadData(
                    f"{folder / name}: expected this batch of {self.name}, found "
                    f"{contents(folder)}; extract the whole archive"
                )
            if not check_integrity(str(folder / name), md5):
                raise BadData(
                    f"{folder / name}: expected MD5 {md5}, but the file is truncated or changed; "
                    "delete the folder and extract or download the archive again"
                )
