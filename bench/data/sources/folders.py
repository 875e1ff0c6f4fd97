"""Image folders: root/{train,val}/<class>/*, as torchvision's ImageFolder reads them."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import BadData
from bench.data.sources.files import (
    Entry,
    content_of,
    contents,
    entries_below,
    folders_in,
    is_image,
    key_of,
    samples_of,
)
from bench.data.spec import Samples, Split


@dataclass(frozen=True)
class ImageFolder:
    """A folder with one sub-folder per split and, in it, one per class.

    Attributes:
        places: candidate folders, absolute or relative to the data root; the first that exists
            is used, the first of all is named in messages.
        tests: candidate names of the test split; the first that exists is used.
        names: readable class names in the order of the sorted folders; empty: the folders' names.
        grey: whether images are read in one channel.
    """

    places: tuple[str, ...]
    tests: tuple[str, ...] = ("val", "test")
    hint: str = "put its images there"
    names: tuple[str, ...] = ()
    downloadable: bool = False
    grey: bool = False

    def where(self, root: Path) -> Path:
        places = [root / Path(place).expanduser() for place in self.places]
        return next((place for place in places if place.is_dir()), places[0])

    def found(self, root: Path) -> bool:
        return self.where(root).is_dir()

    def key(self, root: Path, split: Split) -> str:
        folder, images = self._images(root, split)
        return key_of(images, folder.name, *folders_in(self._split(root, "train")))

    def content(self, root: Path, split: Split) -> str:
        folder, images = self._images(root, split)
        return content_of(folder, images, folder.name, *folders_in(self._split(root, "train")))

    def open(self, root: Path, split: Split) -> Samples:
        train = self._split(root, "train")
        folder = self._split(root, split)
        classes = class_folders(train)
        if split == "test":
            refuse_other_classes(classes, class_folders(folder), train, folder)
        labels, paths = assign(entries_below(folder), classes, folder)
        return samples_of(self._named(classes, train), labels, paths, self.grey)

    def download(self, root: Path) -> None:
        raise BadData(f"this data set cannot be downloaded here: {self.hint}")

    def _images(self, root: Path, split: Split) -> tuple[Path, list[Entry]]:
        folder = self._split(root, split)
        return folder, [entry for entry in entries_below(folder) if is_image(entry.relative)]

    def _split(self, root: Path, split: Split) -> Path:
        folder = self.where(root)
        candidates = ("train",) if split == "train" else self.tests
        for name in candidates:
            if (folder / name).is_dir():
                return folder / name
        raise BadData(
            f"{folder}: expected a folder {' or '.join(f'{name}/' for name in candidates)} "
            f"with one folder per class, found {contents(folder)}; "
            "arrange the images as train/<class>/* and val/<class>/*"
        )

    def _named(self, classes: tuple[str, ...], train: Path) -> tuple[str, ...]:
        if not self.names:
            return classes
        if len(self.names) != len(classes):
            raise BadData(
                f"{train}: expected {len(self.names)} class folders, "
                f"found {len(classes)}; complete the extraction or remove the extra folders"
            )
        return self.names


def class_folders(folder: Path) -> tuple[str, ...]:
    """Names of the class folders, sorted.

    Raises:
        BadData: there are none.
    """
    found = tuple(folders_in(folder))
    if not found:
        raise BadData(
            f"{folder}: expected one folder per class with images, found {contents(folder)}; "
            "move the images into folders named after their classes"
        )
    return found


def sizes_seen(folder: Path, classes: Sequence[str]) -> set[tuple[int, int]]:
    """Widths and heights of the first two images of up to 64 classes; only headers are read."""
    from PIL import Image

    found = set()
    for name in classes[:: -(-len(classes) // 64)]:
        images = sorted(entry for entry in os.listdir(folder / name) if is_image(entry))
        for image in images[:2]:
            path = folder / name / image
            if not path.is_file():
                continue  # a pipe would wait for ever
            with suppress(OSError, SyntaxError, ValueError), Image.open(path) as opened:
                found.add(opened.size)
    return found


def refuse_other_classes(
    train: Sequence[str], test: Sequence[str], train_folder: Path, test_folder: Path
) -> None:
    """Raises BadData unless both splits have the same class folders."""
    missing, extra = sorted(set(train) - set(test)), sorted(set(test) - set(train))
    if missing or extra:
        raise BadData(
            f"{test_folder}: expected the {len(train)} classes of {train_folder}, "
            f"missing {_few(missing)}, unknown {_few(extra)}; give both the same class folders"
        )


def _few(names: Sequence[str], limit: int = 3) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (", ".join(names[:limit]) or "none") + more


def assign(
    entries: Sequence[Entry], classes: Sequence[str], folder: Path
) -> tuple[list[int], list[str]]:
    """Labels and paths of the images below class folders, class by class.

    Raises:
        BadData: a class folder holds no image.
    """
    ids = {name: label for label, name in enumerate(classes)}
    rows = sorted(
        (ids[name], entry.relative)
        for entry in entries
        if is_image(entry.relative) and (name := entry.relative.split("/")[0]) in ids
    )
    labels = [label for label, _ in rows]
    filled = set(labels)
    for label, name in enumerate(classes):
        if label not in filled:
            raise BadData(
                f"{folder / name}: expected images in this class folder, found "
                f"{contents(folder / name)}; add images, or remove the folder from both splits"
            )
    return labels, [f"{folder}/{relative}" for _, relative in rows]
