"""What a distiller or a loss is shown: artifacts by their type, and the teacher's outputs.

Symbols: B images of a batch, C classes, d feature size, ch_l channels of BatchNorm layer l.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from bench.errors import MissingArtifact

A = TypeVar("A")


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
