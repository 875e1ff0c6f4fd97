"""What a distiller or a loss is shown: artifacts by their type, and the teacher's outputs.

Symbols: B images of a batch, C classes, d feature size, ch_l channels of BatchNorm layer l.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

import torch
from torch import Tensor

from bench.core.errors import MissingArtifact

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


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


class Wanted(Protocol[A_co]):
    """A request for an artifact: a frozen value that a reference is looked up by."""

    @property
    def made(self) -> type: ...

    def make(self, have: "Reference", at: Any, run: Any) -> A_co: ...


class Reference:
    """The artifacts that were declared as needs, looked up as they were declared.

    A need is a class of artifacts (`reference[Barycenter]`) or a request by value
    (`reference[ClassStatsRequest(...)]`); it stands in the reference under just that key.
    """

    def __init__(self, artifacts: Mapping[Any, object] | None = None) -> None:
        self._found = dict(artifacts or {})

    @classmethod
    def of(cls, *artifacts: object) -> "Reference":
        return cls({type(a): a for a in artifacts})

    def __contains__(self, need: object) -> bool:
        return need in self._found

    @overload
    def __getitem__(self, need: type[A]) -> A: ...

    @overload
    def __getitem__(self, need: Wanted[A]) -> A: ...

    def __getitem__(self, need: Any) -> Any:
        found = self._found.get(need)
        if found is None:
            have = ", ".join(sorted(map(_named, self._found))) or "none"
            raise MissingArtifact(
                f"{_named(need)} is not available: declare it in `needs` (available: {have})"
            )
        return found


def _named(need: object) -> str:
    return need.__name__ if isinstance(need, type) else str(need)
