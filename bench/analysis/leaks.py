"""What must not be: test images among the distilled ones, dead images, classes out of order.

Near-duplicates are found by a difference hash (8x8 gradients of the 9x8 thumbnail, as in
dHash) and confirmed by pixels, so that alike but distinct images of a class do not count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn.functional import interpolate

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue

BITS = 64
NEAR_BITS = 6  # of 64 that may differ between copies
NEAR_PIXELS = 8.0  # root mean square difference of thumbnails, on the scale of 0 to 255
CHUNK = 4096
GAIN, AGREED = 0.3, 0.6  # accuracy that another order must gain, and reach, to be suspicious
FEW = 5  # images per class below which the best order agrees by chance


@dataclass(frozen=True)
class Pair:
    """Image `test` of the test split and image `synthetic` of the set are near-duplicates."""

    test: int
    synthetic: int
    bits: int
    rms: float


def near_duplicates(test: Tensor, synthetic: Tensor) -> list[Pair]:
    """Each test image (N, ch, H, W) that has a near-duplicate among (M, ch, H', W'), with it.

    Raises:
        BadValue: images with different numbers of channels.
    """
    if test.shape[1] != synthetic.shape[1]:
        raise BadValue(
            f"near-duplicates: expected as many channels, given {test.shape[1]} and "
            f"{synthetic.shape[1]}"
        )
    ours, thumbs = hashes(synthetic), thumbnails(synthetic)
    found = []
    for start in range(0, len(test), CHUNK):
        part = test[start : start + CHUNK]
        bits = (BITS - hashes(part) @ ours.T) / 2  # (chunk, M), the Hamming distance
        small = thumbnails(part)
        for row in torch.nonzero((bits <= NEAR_BITS).any(1)).flatten().tolist():
            rms = (thumbs - small[row]).square().flatten(1).mean(1).sqrt()
            rms = rms.masked_fill(bits[row] > NEAR_BITS, torch.inf)
            best = int(rms.argmin())
            if rms[best] <= NEAR_PIXELS:
                found.append(Pair(start + row, best, int(bits[row, best]), float(rms[best])))
    return found


def hashes(images: Tensor) -> Tensor:
    """(n, 64) of +1 and -1: whether each thumbnail pixel is brighter than its left neighbour."""
    grey = images.float().mean(1, keepdim=True)
    small = interpolate(grey, (8, 9), mode="bilinear", antialias=True, align_corners=False)
    return (small.diff(dim=-1) > 0).flatten(1).float() * 2 - 1


def thumbnails(images: Tensor) -> Tensor:
    """(n, ch, 8, 8) float, on the scale of the pixels."""
    size = (8, 8)
    return interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)


def unsound(synthetic: SyntheticSet) -> Iterator[str]:
    """One line for each thing that no sound synthetic set has."""
    flat = synthetic.images.flatten(1).float()
    dead = int((flat.std(1) == 0).sum()) if flat.shape[1] > 1 else 0
    if dead:
        yield f"{dead} of {len(flat)} images are of a single colour"
    if len(flat) > 1 and len(torch.unique(synthetic.images.flatten(1), dim=0)) == 1:
        yield f"all {len(flat)} images are equal"
    if not bool(torch.isfinite(synthetic.weights).all()):
        yield "some image weights are not finite"
    for name, values in synthetic.curve.items():
        if not bool(torch.isfinite(values).all()):
            yield f"the loss term {name!r} was not finite"


@dataclass(frozen=True)
class Order:
    """Accuracy as labelled, and under the order of classes that fits predictions best.

    Attributes:
        best: (C,) the class that each predicted index would have to mean.
    """

    accuracy: float
    permuted: float
    best: tuple[int, ...]
    count: int

    @property
    def suspicious(self) -> bool:
        enough = self.count >= FEW * len(self.best)
        return enough and self.permuted >= AGREED and self.permuted - self.accuracy > GAIN


def class_order(predicted: Tensor, labels: Tensor, num_classes: int) -> Order:
    """Whether a network's classes are in another order than the labels' (n,).

    The best order is the assignment that maximises agreement, so that it is exact for any C.
    """
    pairs = labels * num_classes + predicted
    counts: NDArray[np.int64] = pairs.bincount(minlength=num_classes**2).numpy()
    table = counts.reshape(num_classes, num_classes)  # (label, prediction)
    rows, columns = linear_sum_assignment(table, maximize=True)
    meaning = np.empty(num_classes, dtype=np.int64)
    meaning[columns] = rows
    total = max(1, len(labels))
    return Order(
        float(np.trace(table) / total),
        float(table[rows, columns].sum() / total),
        tuple(meaning.tolist()),
        len(labels),
    )
