"""A loaded set fitted to a data set: scale, channels, size, class order, class-major."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.exchange.loaded import Loaded

LARGEST = 50.0  # of normalised values; the data sets' pixels reach 5
SLACK = 1e-4  # by which values may leave [0, 1] and still count as pixels of that range


@dataclass(frozen=True)
class Target:
    """The data set that a set is fitted to: names of its classes and shape of its images."""

    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Reading:
    """How a person overrides what is recognised.

    Attributes:
        mean, std: normalisation of the floats in the file; empty means the data set's.
        class_order: names of the data set's classes in the order of the file's labels.
        factor: IDC's factor, 0 as the file says.
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    class_order: tuple[str, ...] = ()
    factor: int = 0

    def __post_init__(self) -> None:
        if not all(map(isfinite, (*self.mean, *self.std))) or any(s <= 0 for s in self.std):
            raise BadValue(
                "--mean and --std: expected finite numbers, and a --std above 0, given "
                f"{self.mean} and {self.std}"
            )
        twice = sorted({name for name in self.class_order if self.class_order.count(name) > 1})
        if twice:
            raise BadValue(f"class order: expected each name once, given twice: {twice[0]}")


def fitted(loaded: Loaded, target: Target, reading: Reading) -> tuple[SyntheticSet, list[str]]:
    """The set as the suite takes it, and what was done to it, one line each.

    Raises:
        BadValue: labels, channels or sizes do not fit the data set.
    """
    notes = list(loaded.notes)
    labels = _labels(loaded, target, reading, notes)
    images = _sized(_channels(loaded.images, target), target, notes)
    if images.dtype != torch.uint8:
        images = _scaled(images, loaded.normalised, target, reading, notes)
    order = torch.argsort(labels, stable=True)
    labels = labels[order]
    counts = labels.bincount(minlength=len(target.classes)).tolist()
    soft = loaded.soft
    if len(soft) and soft.shape[1] != len(target.classes):
        raise BadValue(
            f"soft labels: expected {len(target.classes)} classes, given {soft.shape[1]}"
        )
    ones = torch.ones(len(labels))
    made = SyntheticSet(
        images[order].contiguous(),
        labels,
        torch.cat([torch.arange(count) for count in counts]),
        loaded.weights[order] if len(loaded.weights) else ones,
        loaded.bytes,
        soft=soft[order].contiguous() if len(soft) else soft,
        lr=loaded.lr,
        factor=reading.factor or loaded.factor,
    )
    return made, notes


def _labels(loaded: Loaded, target: Target, reading: Reading, notes: list[str]) -> Tensor:
    names = reading.class_order or loaded.classes
    if not names:
        labels = loaded.labels
    elif set(names) <= set(target.classes):
        meaning = torch.tensor([target.classes.index(name) for name in names])
        if int(loaded.labels.max()) >= len(names):
            raise BadValue(
                f"class order: expected {int(loaded.labels.max()) + 1} names, given {len(names)}"
            )
        labels = meaning[loaded.labels]
    elif reading.class_order or len(names) != len(target.classes):
        strange = next(name for name in names if name not in target.classes)
        raise BadValue(
            f"class order: expected names of {', '.join(target.classes)}, given {strange!r}"
        )
    else:
        labels = loaded.labels
        notes.append("class folders have other names than the data set's; taken in sorted order")
    if len(labels) == 0 or int(labels.min()) < 0 or int(labels.max()) >= len(target.classes):
        found = f"{int(labels.min())} to {int(labels.max())}" if len(labels) else "none"
        raise BadValue(f"labels: expected 0 to {len(target.classes) - 1}, given {found}")
    return labels


def _channels(images: Tensor, target: Target) -> Tensor:
    wanted, given = target.shape[0], images.shape[1]
    if wanted == given:
        return images
    if given == 3 and wanted == 1 and bool((images == images[:, :1]).all()):
        return images[:, :1]
    if given == 1:
        return images.expand(-1, wanted, -1, -1)
    raise BadValue(f"images: expected {wanted} channels, given {given}; is it another data set?")


def _sized(images: Tensor, target: Target, notes: list[str]) -> Tensor:
    size = target.shape[1:]
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    given = f"{images.shape[-2]} x {images.shape[-1]}"
    if images.dtype != torch.uint8:
        raise BadValue(f"images: expected {size[0]} x {size[1]} pixels, given floats of {given}")
    notes.append(f"images of {given} pixels were resized to {size[0]} x {size[1]}")
    small = interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)
    return small.round().clamp(0, 255).to(torch.uint8)


def _scaled(
    images: Tensor, normalised: bool, target: Target, reading: Reading, notes: list[str]
) -> Tensor:
    """Floats on the data set's normalised scale."""
    low, high = float(images.min()), float(images.max())
    if reading.mean or reading.std:
        if not len(reading.mean) == len(reading.std) == images.shape[1]:
            raise BadValue(f"--mean and --std: expected {images.shape[1]} numbers each, given "
                           f"{len(reading.mean)} and {len(reading.std)}")  # fmt: skip
        notes.append(f"floats were read as normalised by mean {reading.mean}, std {reading.std}")
        unit = images * _wide(reading.std) + _wide(reading.mean)
    elif normalised:
        notes.append(f"floats of {low:.2f} to {high:.2f} were read as normalised by the data set")
        return images
    elif low >= -SLACK and high <= 1 + SLACK:
        notes.append("floats of 0 to 1 were read as pixels")
        unit = images
    elif low >= -SLACK and 2 < high <= 255 + SLACK:
        notes.append("floats of 0 to 255 were read as pixels")
        unit = images / 255
    elif max(-low, high) > LARGEST:
        raise BadValue(
            f"images: expected floats of 0 to 1, of 0 to 255, or normalised, given {low:.3g} to "
            f"{high:.3g}; say by --mean and --std how they were normalised"
        )
    else:
        notes.append(f"floats of {low:.2f} to {high:.2f} were read as normalised by the data set")
        return images
    return (unit - _wide(target.mean)) / _wide(target.std)


def renormalised(images: Tensor, mean: Sequence[float], std: Sequence[float], back: bool) -> Tensor:
    """Floats normalised once more, or once less (`back`)."""
    if back:
        return images * _wide(std) + _wide(mean)
    return (images - _wide(mean)) / _wide(std)


def _wide(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(1, -1, 1, 1)
