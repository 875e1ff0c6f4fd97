"""The frozen values that stages take and return, up to the synthetic set.

All images are NCHW. Stored images are uint8; inputs of networks are normalised floats.
Symbols: N real images, C classes, m images per class (IPC), M = C*m, d feature size,
L BatchNorm layers with ch_l channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from bench.artifacts.whole import Frames, Pictures, WholeImages
from bench.core.fingerprint import LATER

_ADDED = {LATER: True}


@dataclass(frozen=True)
class RealSet:
    """Decoded real images of one split.

    Attributes:
        name: of the data set.
        classes: C names, in the order of the labels.
        images: (N, ch, H, W) uint8, possibly memory-mapped; H and W may exceed `resolution`, which
            evaluation reaches by a centre crop.
        labels: (N,) int64, class ids in the order of `classes`.
        resolution: side in pixels of the network's input.
        mean, std: per-channel normalisation on the [0, 1] scale.
        digest: sha256 of pixels and labels, part of every address downstream.
        stem: first layers that networks get on this data set.
        whole: the same images at their own width, of which training takes its random resized
            crops; None where `images` are whole themselves, or the split is for tests alone.
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
    whole: WholeImages | None = None

    @property
    def pictures(self) -> Pictures:
        """The images as training crops see them, one by one."""
        return self.whole or Frames(self.images)


@dataclass(frozen=True)
class Teacher:
    """A network trained on the real set.

    Attributes:
        arch: name of the network, such as resnet18.
        num_classes: C.
        channels, resolution: of its input, ch and the side in pixels.
        stem: first layers that the network has on its data set.
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

    @cached_property
    def runs(self) -> "Runs":
        """Where each class's features lie; counted once, since a device has to be waited for."""
        sizes = self.labels.bincount()
        return Runs(sizes.cumsum(0) - sizes, sizes, int(sizes.max()))


@dataclass(frozen=True)
class Runs:
    """Rows of each class in what is sorted by class.

    Attributes:
        starts, sizes: (C,) int64, first row and number of rows of each class.
        longest: the largest of the sizes.
    """

    starts: Tensor
    sizes: Tensor
    longest: int


@dataclass(frozen=True)
class ClassMeans:
    """Mean pooled feature of each class at one layer of the teacher.

    Attributes:
        means: (C, d) float32.
    """

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
    """The distilled images, and whatever else a student is given with them.

    Attributes:
        images: (M, ch, H, W), either uint8 pixels as decoded from the storage codec, or float32 on
            the normalised scale that networks take, which may lie outside the range of pixels.
        labels: (M,) int64, class-major (all of class 0 first).
        slots: (M,) int64 in 0..m-1, pairing an image with a barycenter point.
        weights: (M,) float32 with mean 1; all ones unless the distiller learned them.
        image_bytes: bytes that the stored images occupy on disk, four per value of float images.
        curve: named loss terms sampled during optimisation, each (steps_logged,); may be empty.
        soft: (M, C) float32 learned labels as logits; empty where the distiller learned none.
        lr: learned rate of the student; 0 where the distiller learned none.
        factor: every stored image stands for factor * factor images, its parts enlarged to the full
            size (arXiv:2205.14959, `bench.data.network_input`); 1 where it stands for itself.
    """

    images: Tensor
    labels: Tensor
    slots: Tensor
    weights: Tensor
    image_bytes: int
    curve: Mapping[str, Tensor] = field(default_factory=dict)
    soft: Tensor = field(default_factory=lambda: torch.empty(0), metadata=_ADDED)
    lr: float = field(default=0.0, metadata=_ADDED)
    factor: int = field(default=1, metadata=_ADDED)

    @property
    def label_bytes(self) -> int:
        """Bytes of the learned labels; class indices are counted as free, as in the literature."""
        return self.soft.numel() * self.soft.element_size()

    @property
    def weight_bytes(self) -> int:
        """Bytes of the learned image weights; none where all weights are one."""
        learned = bool((self.weights != 1).any())
        return self.weights.numel() * self.weights.element_size() if learned else 0

    @property
    def rate_bytes(self) -> int:
        """Bytes of the learned rate, one float32."""
        return 4 if self.lr else 0

    @property
    def stored_bytes(self) -> int:
        """Bytes of everything that was learned: images, labels, weights and rate."""
        return self.image_bytes + self.label_bytes + self.weight_bytes + self.rate_bytes
