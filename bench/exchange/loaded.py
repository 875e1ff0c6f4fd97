"""A synthetic set as a file holds it, before it is fitted to a data set."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor


@dataclass(frozen=True)
class Loaded:
    """What a layout yields.

    Attributes:
        images: (M, ch, H, W), uint8 pixels or floats on whatever scale the file has.
        labels: (M,) int64, indices in the order of `classes`, or of the data set where it is empty.
        classes: names of the class folders, in the order of the labels; empty for mere numbers.
        soft: (M, C) logits of learned labels, empty without.
        weights: (M,) image weights, empty where all are one.
        bytes: that the images occupy on disk.
        lr: learned rate of the student, 0 without.
        normalised: whether floats are known to be on the networks' scale, whatever their range.
        notes: what a reader should be told, one line each.
    """

    images: Tensor
    labels: Tensor
    bytes: int
    classes: tuple[str, ...] = ()
    soft: Tensor = field(default_factory=lambda: torch.empty(0))
    weights: Tensor = field(default_factory=lambda: torch.empty(0))
    lr: float = 0.0
    factor: int = 1
    normalised: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A way in which people keep synthetic sets.

    Attributes:
        about: one phrase that a person can recognise it by.
        fits: whether a path looks like it; opens as little as possible.
        load: reads set number `index` of a path.
    """

    name: str
    about: str
    fits: Callable[[Path], bool]
    load: Callable[[Path, int], Loaded]
