"""The frozen values of the evaluation: replayable augmentation, stored soft labels, scores.

Symbols: C classes, M synthetic images, E relabel epochs, B batches of an epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bench.core.fingerprint import LATER


def no_patches() -> Tensor:
    """The draws of images that are not cut into patches."""
    return torch.empty(0, dtype=torch.int8)


@dataclass(frozen=True)
class Draws:
    """Augmentation parameters that were drawn once and can be replayed bit for bit.

    Attributes:
        order: (E, M) int64, the images of each epoch in the order of their batches.
        crops: (E, M, 4) float32, (top, left, height, width) as fractions of the image.
        flips: (E, M) bool.
        mix: (E, M) int64, position within the epoch of the CutMix partner (itself if none).
        boxes: (E, B, 4) int64, (top, left, bottom, right) pixels of the CutMix box per batch.
        batch: images per batch; the last one of an epoch may be smaller.
        patches: (E, M, 2, f) int8, new order of the f rows and columns of patches that an image is
            cut into before it is cropped; empty where images stay as they are.
    """

    order: Tensor
    crops: Tensor
    flips: Tensor
    mix: Tensor
    boxes: Tensor
    batch: int
    patches: Tensor = field(default_factory=no_patches, metadata={LATER: True})

    @property
    def nbytes(self) -> int:
        """Bytes of all parameters together."""
        parts = (self.order, self.crops, self.flips, self.mix, self.boxes, self.patches)
        return sum(part.nbytes for part in parts)


@dataclass(frozen=True)
class SoftLabels:
    """FKD labels: the teacher's logits on augmented synthetic images, with the draws.

    Attributes:
        order, crops, flips, mix, boxes, batch, patches: those of `Draws`, which `draws`
            returns.
        logits: (E, M, C) float16, position j of epoch e belongs to image draws.order[e, j]; too
            large for a device at times, so they stay where they lie and are read epoch by epoch.
    """

    logits: Tensor = field(metadata={"streamed": True})
    order: Tensor
    crops: Tensor
    flips: Tensor
    mix: Tensor
    boxes: Tensor
    batch: int
    patches: Tensor = field(default_factory=no_patches, metadata={LATER: True})

    @property
    def draws(self) -> Draws:
        return Draws(
            self.order, self.crops, self.flips, self.mix, self.boxes, self.batch, self.patches
        )

    @property
    def label_bytes(self) -> int:
        """Bytes of the stored labels, logits and parameters together."""
        return self.logits.nbytes + self.draws.nbytes


@dataclass(frozen=True)
class Score:
    """What one student achieved on the real test split, at the last epoch unless named.

    Attributes:
        top1: accuracy in [0, 1].
        predicted, labels: (n_test,) int16, the class that the student gives each test image, and
            its own.
        updates: optimiser steps taken.
        label_bytes: bytes of soft labels that the protocol stores; 0 where it stores none.
        extra: further named numbers in [0, 1] or plain counts (top5, held_out_top1, ...).
    """

    top1: float
    predicted: Tensor
    labels: Tensor
    updates: int
    label_bytes: int
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def correct(self) -> Tensor:
        """(n_test,) bool, which test images the student classifies correctly."""
        return self.predicted == self.labels

    @property
    def confusion(self) -> Tensor:
        """(C, C) int64, test images by their class (rows) and the student's (columns)."""
        classes = int(torch.stack((self.labels, self.predicted)).max()) + 1
        pairs = self.labels.long() * classes + self.predicted.long()
        return torch.bincount(pairs, minlength=classes**2).view(classes, classes)
