"""Folders of images: one folder a class, named by index (SRe2L, RDED), by wnid, or by name."""

import io
import re
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.core.errors import BadData
from bench.data.sources.decode import rgb
from bench.exchange.loaded import Layout, Loaded

GREY = ("L", "1")  # besides I, I;16 and the like
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def class_folders(path: Path) -> list[Path]:
    """Subfolders that hold images, by name."""
    if not path.is_dir():
        return []
    return [d for d in sorted(path.iterdir()) if d.is_dir() and images_of(d)]


def images_of(folder: Path) -> list[Path]:
    """Image files of a folder, by name; a pipe or a broken link is none."""
    return [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()]


def _load(path: Path, pattern: str) -> Loaded:
    folders = class_folders(path)
    numbered = [re.fullmatch(pattern, folder.name) for folder in folders]
    files: list[Path] = []
    labels: list[int] = []
    for position, (folder, number) in enumerate(zip(folders, numbered, strict=True)):
        found = images_of(folder)
        files += found
        labels += [int(number[1]) if number and number.groups() else position] * len(found)
    names = () if all(m and m.groups() for m in numbered) else tuple(f.name for f in folders)
    size = sum(file.stat().st_size for file in files)
    return Loaded(pixels(files), torch.tensor(labels), size, names)


def pixels(files: list[Path]) -> torch.Tensor:
    """Images (M, ch, H, W) uint8; grey where every file is grey.

    Raises:
        BadData: a file is no image, or they differ in size.
    """
    read = []
    for file in files:
        try:
            read.append(opened(file))
        except Exception as error:  # a damaged image fails in any way there is
            raise BadData(f"{file}: expected an image, given {error}") from None
    return stacked(read, str(files[0].parent.parent) if files else "no file")


def opened(file: Path | io.BytesIO) -> Image.Image:
    """An image in 8-bit grey or colour, read as those of data sets are: 16 bits are not clipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file) as image:
            image.load()
            made = rgb(image)
            return made.convert("L") if image.mode in GREY or image.mode[0] == "I" else made


def stacked(images: list[Image.Image], where: str) -> torch.Tensor:
    """Pillow images of one size as a tensor (M, ch, H, W)."""
    sizes = sorted({image.size for image in images})
    if len(sizes) != 1:
        raise BadData(f"{where}: expected images of one size, given {sizes[:3] or 'none'}")
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    arrays = [np.asarray(i if i.mode == mode else i.convert(mode)) for i in images]
    shaped = np.stack(arrays).reshape(len(arrays), *arrays[0].shape[:2], -1)
    return torch.from_numpy(shaped).permute(0, 3, 1, 2).contiguous()


def _layout(name: str, about: str, pattern: str) -> Layout:
    def fits(path: Path) -> bool:
        found = class_folders(path)
        return bool(found) and all(re.fullmatch(pattern, d.name) for d in found)

    return Layout(name, about, fits, lambda path, index: _load(path, pattern))


FOLDERS = (
    _layout("sre2l", "new000/class000_id000.jpg, a folder a class index", r"new(\d{3,})"),
    _layout("rded", "00000/*.jpg, a folder a class index", r"(\d{1,5})"),
    _layout("wnid", "n01440764/*, a folder a WordNet id", r"n\d{8}"),
    _layout("named", "a folder a class name", r".+"),
)
