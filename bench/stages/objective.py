"""The objective of a recovery, term by term."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts.views import Reference, View
from bench.core.errors import CellFailed
from bench.models.taps import Tapped
from bench.plugin.contracts import Budget
from bench.stages.compute import autocast

if TYPE_CHECKING:
    from bench.stages.recover import MatchingDistiller

TERMS = ("classification", "feature", "batch_norm", "total")


class Terms(torch.nn.Module):
    """The objective's terms, stacked as (4,): classification, feature, batch norm, total."""

    def __init__(
        self, tapped: Tapped, method: "MatchingDistiller", reference: Reference, budget: Budget
    ) -> None:
        super().__init__()
        self.tapped, self.method, self.reference = tapped, method, reference
        self.fast = budget.fast
        self.per_class = 1
        self.see(budget.ipc)

    def see(self, ipc: int) -> None:
        """So many images of each class are judged from here on, where they stand together."""
        if self.method.grouping == "class-major":
            self.per_class = ipc

    def forward(self, x: Tensor, labels: Tensor, slots: Tensor, noise: Tensor) -> Tensor:
        with autocast(x.device, self.fast):
            out = self.tapped(x)
        features = out.features[self.method.layer].float()
        view = View(out.logits.float(), features, out.moments, labels, slots, self.per_class, noise)
        classification = self.method.ce_weight * cross_entropy(view.logits, labels)
        feature = self.method.feature_loss(view, self.reference)
        batch_norm = self.method.bn_weight * self.method.regularizer(view, self.reference)
        total = classification + feature + batch_norm
        return torch.stack((classification, feature, batch_norm, total))


def refuse_non_finite(values: Tensor, step: int, index: int) -> None:
    if not bool(torch.isfinite(values[-1])):
        terms: Mapping[str, float] = dict(zip(TERMS, values.tolist(), strict=True))
        shown = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
        raise CellFailed(
            f"recover: expected a finite loss, given {shown} at step {step} of batch {index}; "
            "lower recover.lr or bn_weight"
        )


class Votes(Protocol):
    """Which members of a committee judge a slot's images at a step, and with which weights."""

    def __call__(self, slot: int, step: int) -> Sequence[tuple[int, float]]: ...


def alone(slot: int, step: int) -> Sequence[tuple[int, float]]:
    """The first member, always."""
    return ((0, 1.0),)


def voted(
    terms: Sequence[Terms],
    votes: Sequence[tuple[int, float]],
    inputs: tuple[Tensor, Tensor, Tensor, Tensor],
) -> Tensor:
    """The terms (4,) of those who vote, each times its weight, summed."""
    if len(terms) == 1:
        single: Tensor = terms[0](*inputs)
        return single
    return torch.stack([weight * terms[index](*inputs) for index, weight in votes]).sum(0)
