"""BatchNorm regularizers: pull the statistics of synthetic batches onto those of real data.

Source: arXiv:2311.18531, Eq. 13 and 14; arXiv:2306.13092 (SRe2L) for the all-class form.
The paper sums squared norms; the released code takes unsquared norms and averages over the
classes of the batch. `squared` chooses between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from bench import Barycenter, ClassStats, GlobalStats, Reference, View
from bench.models.moments import batch_moments, class_moments
from bench.plugin.recipes import require_weight


@dataclass(frozen=True)
class BatchNorm:
    """All-class statistics: the whole batch against the teacher's running statistics.

    Attributes:
        first: factor on the first layer; the released code uses 10 here.
    """

    first: float = 10.0
    squared: bool = False
    needs: tuple[type, ...] = (GlobalStats,)

    def __post_init__(self) -> None:
        require_weight("first_bn", self.first)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        stats = reference[GlobalStats]
        terms = []
        for moments, *target in zip(view.moments, stats.means, stats.variances, strict=True):
            mean, variance = batch_moments(moments)
            gaps = torch.stack((mean - target[0], variance - target[1]))  # (2, ch)
            terms.append(_length(gaps, self.squared).sum())
        return _total(terms, self.first)


@dataclass(frozen=True)
class PerClassBatchNorm:
    """Per-class statistics (PCBN), every image of a class counting the same."""

    first: float = 1.0
    squared: bool = False
    needs: tuple[type, ...] = (ClassStats,)

    def __post_init__(self) -> None:
        require_weight("first_bn", self.first)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        return _per_class(view, reference[ClassStats], None, self.first, self.squared)


@dataclass(frozen=True)
class WeightedPerClassBatchNorm:
    """Per-class statistics weighted by the barycenter's weights (Eq. 14).

    The released code accepts the weights and ignores them; with a uniform-weight barycenter
    this is exactly PerClassBatchNorm.
    """

    first: float = 1.0
    squared: bool = False
    needs: tuple[type, ...] = (ClassStats, Barycenter)

    def __post_init__(self) -> None:
        require_weight("first_bn", self.first)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        weights = reference[Barycenter].weights[view.labels, view.slots]  # (B,)
        return _per_class(view, reference[ClassStats], weights, self.first, self.squared)


def _per_class(
    view: View, stats: ClassStats, weights: Tensor | None, first: float, squared: bool
) -> Tensor:
    """Gaps of the classes in the batch: unsquared and averaged, or squared and summed (Eq. 13)."""
    count = len(stats.means[0])
    present = one_hot(view.labels, count).sum(0) > 0  # (C,)
    terms = []
    for moments, *target in zip(view.moments, stats.means, stats.variances, strict=True):
        mean, variance = class_moments(moments, view.labels, count, weights)
        gaps = torch.stack((mean - target[0], variance - target[1])) * present[:, None]
        lengths = _length(gaps, squared).sum()
        terms.append(lengths if squared else lengths / present.sum())
    return _total(terms, first)


def _length(gaps: Tensor, squared: bool) -> Tensor:
    """Norms, or squared norms, over the channels in the last dimension."""
    return gaps.square().sum(-1) if squared else torch.linalg.vector_norm(gaps, dim=-1)


def _total(terms: Sequence[Tensor], first: float) -> Tensor:
    """Sum over layers, the first one times `first`."""
    return (first - 1) * terms[0] + torch.stack(list(terms)).sum()
