"""Tiny ImageNet: 200 classes at 64x64, in the layout of the official zip or converted.

Official: train/<wnid>/images/*.JPEG, val/images/*.JPEG with val/val_annotations.txt, wnids.txt.
Converted: val/<wnid>/*, the usual image folder. Class ids follow the sorted WordNet ids, and the
images of a class their file names, so that both layouts give the same digest.
"""

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
from bench.data.sources.folders import ImageFolder, class_folders, refuse_other_classes
from bench.data.spec import Samples, Split

FOLDER = ImageFolder(
    places=("tiny-imagenet", "tiny-imagenet-200"),
    tests=("val",),
    hint="extract tiny-imagenet-200.zip of cs231n.stanford.edu there",
)
ANNOTATIONS = "val_annotations.txt"


@dataclass(frozen=True)
class TinyImagenet:
    """Tiny ImageNet in either layout of its validation images."""

    downloadable: bool = False
    hint: str = FOLDER.hint

    def where(self, root: Path) -> Path:
        return FOLDER.where(root)

    def found(self, root: Path) -> bool:
        return FOLDER.found(root)

    def key(self, root: Path, split: Split) -> str:
        if split == "train" or not _official(self.where(root)):
            return FOLDER.key(root, split)
        return key_of(_kept(self.where(root) / "val"), "official")

    def content(self, root: Path, split: Split) -> str:
        if split == "train" or not _official(self.where(root)):
            return FOLDER.content(root, split)
        folder = self.where(root) / "val"
        return content_of(folder, _kept(folder), "official")

    def open(self, root: Path, split: Split) -> Samples:
        folder = self.where(root)
        if (folder / "wnids.txt").is_file() and (folder / "train").is_dir():
            listed = (folder / "wnids.txt").read_text(encoding="utf-8").split()
            train = folder / "train"
            refuse_other_classes(listed, class_folders(train), folder / "wnids.txt", train)
        if split == "train" or not _official(folder):
            return FOLDER.open(root, split)
        return _annotated(folder)

    def download(self, root: Path) -> None:
        FOLDER.download(root)


def _official(folder: Path) -> bool:
    val = folder / "val"
    return (val / ANNOTATIONS).is_file() and folders_in(val) == ["images"]


def _kept(val: Path) -> list[Entry]:
    return [e for e in entries_below(val) if e.relative.startswith((ANNOTATIONS, "images/"))]


def _annotated(folder: Path) -> Samples:
    """The validation images with the labels of the annotation file."""
    classes = class_folders(folder / "train")
    ids = {name: label for label, name in enumerate(classes)}
    images, table = folder / "val" / "images", folder / "val" / ANNOTATIONS
    present = {entry.relative for entry in entries_below(images) if is_image(entry.relative)}
    rows = []
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, wnid = [*line.split("\t"), ""][:2]
        if wnid not in ids:
            raise BadData(
                f"{table}, line {number}: expected a file name, a tab and one of "
                f"{len(classes)} classes, found {line[:60]!r}; restore the official file"
            )
        if name not in present:
            raise BadData(
                f"{images / name}: expected this annotated image, found "
                f"{contents(images)}; extract the archive again"
            )
        rows.append((ids[wnid], name))
    refuse_other_classes(classes, [classes[label] for label, _ in rows], folder / "train", table)
    rows.sort()
    return samples_of(classes, [label for label, _ in rows], [f"{images}/{n}" for _, n in rows])
