"""The built-in data sets, their variants at other resolutions, and folders given by path.

`NAME@R` is the set NAME at R x R pixels. A path (with a slash, or starting with "." or "~") is an
image folder with train/ and val/ or test/, by default at 224 pixels: `/data/birds@64`.

Normalisation: ImageNet's for photographs; for Tiny ImageNet at 64 pixels and for both CIFARs the
constants of SRe2L's released code (arXiv:2306.13092; it uses CIFAR-10's for CIFAR-100, too); WMDD
(arXiv:2311.18531) runs Tiny ImageNet at 224 pixels with ImageNet's constants and a stem of its own.
Those of the digits are the mean and standard deviation of its 1442 training images.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from statistics import median_low

from bench.core.errors import BadData, BadValue, UnknownName
from bench.data.sources.cifar import Cifar
from bench.data.sources.digits import SOURCE as DIGITS
from bench.data.sources.files import folders_in
from bench.data.sources.folders import ImageFolder, sizes_seen
from bench.data.sources.idx import Idx, idx_file
from bench.data.sources.imagenette import IMAGEWOOF, Imagenette
from bench.data.sources.tiny_imagenet import TinyImagenet
from bench.data.spec import DatasetSpec

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
TINY_MEAN, TINY_STD = (0.4802, 0.4481, 0.3975), (0.2302, 0.2265, 0.2262)
DIGITS_MEAN, DIGITS_STD = (0.3052,), (0.3760,)
IMAGENET_TERMS = "images of ImageNet: non-commercial research only (image-net.org/download)"
CIFAR_TERMS = "no licence stated; cite A. Krizhevsky (2009)"
MNIST_MEAN, MNIST_STD = (0.1307,), (0.3081,)
RESOLUTIONS = range(4, 1025)
USUAL = (32, 64, 128, 224)  # resolutions of folders whose files have several sizes


def stored_side(resolution: int) -> int:
    """Side of stored photographs, such as 256 for 224: evaluation crops the centre of them."""
    return round(resolution * 8 / 7)


def _photographs(name: str, num_classes: int, source: ImageFolder | Imagenette) -> DatasetSpec:
    terms = IMAGENET_TERMS if not Path(name).is_absolute() else "see its owner"
    return DatasetSpec(
        name, num_classes, 3, 224, stored_side(224), IMAGENET_MEAN, IMAGENET_STD, source, terms,
        margin=True, whole=True, family="" if Path(name).is_absolute() else name,
    )  # fmt: skip


def _cifar(source: Cifar, num_classes: int) -> DatasetSpec:
    return DatasetSpec(
        source.name, num_classes, 3, 32, 32, CIFAR_MEAN, CIFAR_STD, source, CIFAR_TERMS,
        family=source.name,
    )  # fmt: skip


_TINY = DatasetSpec(
    "tiny-imagenet", 200, 3, 64, 64, TINY_MEAN, TINY_STD, TinyImagenet(), IMAGENET_TERMS,
    family="tiny-imagenet",
)  # fmt: skip
_SPECS = (
    DatasetSpec(
        "digits",
        10,
        1,
        8,
        8,
        DIGITS_MEAN,
        DIGITS_STD,
        DIGITS,
        "CC BY 4.0 (UCI)",
        flip=False,
        family="digits",
    ),
    _cifar(Cifar("cifar10"), 10),
    _cifar(Cifar("cifar100"), 100),
    _photographs("imagenette", 10, Imagenette()),
    _TINY,
    replace(
        _TINY,
        name="tiny-imagenet@224",
        resolution=224,
        store_resolution=256,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        stem="wmdd-tiny",
        whole=True,
    ),
    _photographs("imagewoof", 10, IMAGEWOOF),
    _photographs(
        "imagenet-1k",
        1000,
        ImageFolder(
            ("imagenet-1k", "imagenet"),
            tests=("val",),
            hint="arrange ILSVRC2012 as train/<wnid>/* and val/<wnid>/* there",
        ),
    ),
)
BUILTIN: dict[str, DatasetSpec] = {spec.name: spec for spec in _SPECS}


def dataset_names() -> list[str]:
    """Names of the built-in data sets."""
    return sorted(BUILTIN)


def get_dataset(name: str) -> DatasetSpec:
    """The specification behind a name, a name with a resolution, or a path.

    Raises:
        UnknownName: no built-in set has that name; the message holds the nearest.
        BadValue: the resolution after "@" is out of range.
        BadData: the path is no image folder.
    """
    if name in BUILTIN:
        return BUILTIN[name]
    match = re.fullmatch(r"(.+)@(\d{1,9})", name)
    base, side = (match[1], int(match[2])) if match else (name, None)
    spec = _folder(base) if _is_path(base) else BUILTIN.get(base)
    if spec is None:
        raise UnknownName.of("dataset", base, BUILTIN)
    return spec if side is None else at_resolution(spec, side)


def at_resolution(spec: DatasetSpec, resolution: int) -> DatasetSpec:
    """A set at another resolution; its own resolution gives back the set itself."""
    if resolution not in RESOLUTIONS:
        raise BadValue(
            f"data set {spec.name!r}: expected a resolution from {RESOLUTIONS[0]} to "
            f"{RESOLUTIONS[-1]} pixels after '@', given {resolution}"
        )
    if resolution == spec.resolution:
        return spec
    margin = spec.margin and (spec.whole or resolution < spec.resolution)
    return replace(
        spec,
        name=f"{spec.name}@{resolution}",
        resolution=resolution,
        store_resolution=stored_side(resolution) if margin else resolution,
        whole=spec.whole or margin,
    )


def _is_path(name: str) -> bool:
    return name.startswith((".", "~")) or "/" in name or os.sep in name


def _folder(name: str) -> DatasetSpec:
    """A folder that the user names; it must exist, because its classes are counted.

    Its resolution is that of its files where no "@" says another: their own where they are all
    squares of one side, which then have no margin, else the largest usual one that they fill.
    """
    path = Path(os.path.abspath(os.path.expanduser(name)))
    if os.path.expanduser(name).startswith("~"):
        raise BadData(f"data set {name!r}: expected the home of a user, but there is no such user")
    if idx_file(path, "train", "images"):
        return _idx(path)
    classes = folders_in(path / "train")
    if len(classes) < 2:
        state = "does not exist" if not path.is_dir() else f"has {len(classes)} of them"
        raise BadData(
            f"data set {name!r}: expected an image folder with at least two class folders in "
            f"{path / 'train'}, but {path} {state}; arrange the images as train/<class>/*"
        )
    spec = _photographs(str(path), len(classes), ImageFolder((str(path),), tests=("test", "val")))
    seen = sizes_seen(path / "train", classes)
    if len(seen) == 1 and (side := squares(seen)) in RESOLUTIONS:
        return replace(spec, resolution=side, store_resolution=side, whole=False)
    shorter = median_low([min(size) for size in seen] or [USUAL[-1]])
    return at_default(spec, max((side for side in USUAL if side <= shorter), default=USUAL[0]))


def at_default(spec: DatasetSpec, side: int) -> DatasetSpec:
    """A folder whose own resolution is `side`; its name stays, as it says no other."""
    return replace(spec, resolution=side, store_resolution=stored_side(side))


def squares(sizes: set[tuple[int, int]]) -> int:
    """The side of a single square size, else 0."""
    ((width, height),) = sizes
    return width if width == height else 0


def _idx(path: Path) -> DatasetSpec:
    """Raw IDX files of grey images with labels from 0; normalised as MNIST is, not mirrored."""
    source = Idx(str(path))
    images, labels = source.array("train", "images", 3), source.array("train", "labels", 1)
    side = int(images.shape[1])
    return DatasetSpec(
        str(path), int(labels.max()) + 1, 1, side, side, MNIST_MEAN, MNIST_STD, source,
        "see its owner", flip=False,
    )  # fmt: skip
