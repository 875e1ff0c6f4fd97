"""The objective of a recovery, term by term."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

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
        self.per_class = budget.ipc if method.grouping == "class-major" else 1

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
