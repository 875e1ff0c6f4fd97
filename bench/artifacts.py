"""The frozen values that stages take and return.

All images are NCHW. Stored images are uint8; inputs of networks are normalised floats.
Symbols: N real images, C classes, m images per class (IPC), M = C*m, d feature size,
E relabel epochs, L BatchNorm layers with ch_l channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from bench.errors import MissingArtifact

A = TypeVar("A")


@dataclass(frozen=True)
class RealSet:
    """Decoded real images of one split.

    Attributes:
        images: (N, ch, H, W) uint8, possibly memory-mapped; H and W may exceed `resolution`, which
            evaluation reaches by a centre crop and training by a random resized crop.
        labels: (N,) int64, class ids in the order of `classes`.
        resolution: side in pixels of the network's input.
        mean, std: per-channel normalisation on the [0, 1] scale.
        digest: sha256 of pixels and labels, part of every address downstream.
        stem: first layers that networks get on this data set.
    """

    name: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    resolution: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    stem: str = "auto"


@dataclass(frozen=True)
class Teacher:
    """A network trained on the real set.

    Attributes:
        state: its state dict, loaded strictly.
        top1: accuracy in [0, 1] on the real test split after the last epoch (never used to select).
    """

    arch: str
    num_classes: int
    channels: int
    resolution: int
    state: Mapping[str, Tensor]
    top1: float
    stem: str = "auto"


@dataclass(frozen=True)
class GlobalStats:
    """Statistics of every BatchNorm input over all classes.

    Attributes:
        means, variances: one (ch_l,) tensor per BatchNorm layer, in the order of `modules()`.
    """

    means: tuple[Tensor, ...]
    variances: tuple[Tensor, ...]


@dataclass(frozen=True)
class ClassStats:
    """Statistics of every BatchNorm input per class.

    Attributes:
        means, variances: one (C, ch_l) tensor per BatchNorm layer.
    """

    means: tuple[Tensor, ...]
    variances: tuple[Tensor, ...]


@dataclass(frozen=True)
class ClassFeatures:
    """Pooled features of the real set at one layer of the teacher.

    Attributes:
        features: (N, d) float32, sorted by class.
        labels: (N,) int64, ascending.
    """

    features: Tensor
    labels: Tensor


@dataclass(frozen=True)
class ClassMeans:
    """Mean pooled feature of each class at one layer of the teacher: (C, d) float32."""

    means: Tensor


@dataclass(frozen=True)
class Observation:
    """Everything that one fused pass over the real set yields.

    Attributes:
        features: layer name -> (N, d_l) float32, sorted by class.
        labels: (N,) int64, ascending.
        means: per layer (C, ch_l), class means of BatchNorm inputs.
        pooled: per layer (C, ch_l), biased variance over all pixels of all images of the class.
        within: per layer (C, ch_l), size-weighted mean of within-batch biased variances, as the
            released code computes them (see methods.md 2.5).
        nll: (N,) float32, the teacher's cross-entropy on each image.
    """

    features: Mapping[str, Tensor]
    labels: Tensor
    means: tuple[Tensor, ...]
    pooled: tuple[Tensor, ...]
    within: tuple[Tensor, ...]
    nll: Tensor


@dataclass(frozen=True)
class Barycenter:
    """A free-support Wasserstein barycenter of each class's features.

    Attributes:
        support: (C, m, d) positions.
        weights: (C, m), rows sum to 1; uniform where the solver fixes them.
        cost: (C,) squared 2-Wasserstein distance reached, empty where unknown.
        iterations: (C,) iterations used, empty where unknown.
    """

    support: Tensor
    weights: Tensor
    cost: Tensor = field(default_factory=lambda: torch.empty(0))
    iterations: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


@dataclass(frozen=True)
class SyntheticSet:
    """The distilled images.

    Attributes:
        images: (M, ch, H, W) uint8, as decoded from the storage codec.
        labels: (M,) int64, class-major (all of class 0 first).
        slots: (M,) int64 in 0..m-1, pairing an image with a barycenter point.
        weights: (M,) float32 with mean 1; all ones unless the distiller learned them.
        image_bytes: bytes that the encoded images occupy on disk.
        curve: named loss terms sampled during optimisation, each (steps_logged,); may be empty.
    """

    images: Tensor
    labels: Tensor
    slots: Tensor
    weights: Tensor
    image_bytes: int
    curve: Mapping[str, Tensor] = field(default_factory=dict)


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
    """

    order: Tensor
    crops: Tensor
    flips: Tensor
    mix: Tensor
    boxes: Tensor
    batch: int


@dataclass(frozen=True)
class SoftLabels:
    """FKD labels: the teacher's logits on augmented synthetic images, with the draws.

    Attributes:
        logits: (E, M, C) float16, position j of epoch e belongs to image draws.order[e, j].
    """

    logits: Tensor
    order: Tensor
    crops: Tensor
    flips: Tensor
    mix: Tensor
    boxes: Tensor
    batch: int

    @property
    def draws(self) -> Draws:
        return Draws(self.order, self.crops, self.flips, self.mix, self.boxes, self.batch)

    @property
    def label_bytes(self) -> int:
        """Bytes of the stored labels, logits and parameters together."""
        parts = (self.logits, self.order, self.crops, self.flips, self.mix, self.boxes)
        return sum(t.numel() * t.element_size() for t in parts)


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


@dataclass(frozen=True)
class Moments:
    """Per-image moments of one BatchNorm input.

    Attributes:
        mean: (B, ch_l) float32, mean over pixels.
        square: (B, ch_l) float32, mean of squares over pixels.
    """

    mean: Tensor
    square: Tensor


@dataclass(frozen=True)
class View:
    """The teacher's outputs on one batch of synthetic images.

    Attributes:
        logits: (B, C).
        features: (B, d) pooled features of the chosen layer.
        moments: one Moments per BatchNorm layer, in the order of `modules()`.
        labels: (B,) hard labels.
        slots: (B,) index of each image within its class.
        per_class: images of each class in this batch, which stand together.
        noise: uniform numbers in [0, 1), fresh at every step, for losses that sample.
    """

    logits: Tensor
    features: Tensor
    moments: tuple[Moments, ...]
    labels: Tensor
    slots: Tensor
    per_class: int = 1
    noise: Tensor = field(default_factory=lambda: torch.empty(0))


class Reference:
    """The artifacts that a distiller or a loss declared, looked up by their type."""

    def __init__(self, artifacts: Mapping[type, object] | None = None) -> None:
        self._by_type = dict(artifacts or {})

    @classmethod
    def of(cls, *artifacts: object) -> "Reference":
        return cls({type(a): a for a in artifacts})

    def __contains__(self, kind: type) -> bool:
        return kind in self._by_type

    def __getitem__(self, kind: type[A]) -> A:
        found = self._by_type.get(kind)
        if not isinstance(found, kind):
            have = ", ".join(sorted(t.__name__ for t in self._by_type)) or "none"
            raise MissingArtifact(
                f"{kind.__name__} is not available: declare it in `needs` (available: {have})"
            )
        return found
