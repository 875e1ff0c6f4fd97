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

from bench import Barycenter, ClassStats, GlobalStats, Moments, Reference, View


@dataclass(frozen=True)
class BatchNorm:
    """All-class statistics: the whole batch against the teacher's running statistics.

    Attributes:
        first: factor on the first layer; the released code uses 10 here.
    """

    first: float = 10.0
    squared: bool = False
    needs: tuple[type, ...] = (GlobalStats,)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        stats = reference[GlobalStats]
        share = view.logits.new_full((1, len(view.labels)), 1 / len(view.labels))
        terms = [
            _distance(*_statistics(moments, share), mean[None], variance[None], self.squared)[0]
            for moments, mean, variance in zip(
                view.moments, stats.means, stats.variances, strict=True
            )
        ]
        return _total(terms, self.first)


@dataclass(frozen=True)
class PerClassBatchNorm:
    """Per-class statistics (PCBN), every image of a class counting the same."""

    first: float = 1.0
    squared: bool = False
    needs: tuple[type, ...] = (ClassStats,)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        weights = torch.ones_like(view.labels, dtype=view.logits.dtype)
        return _per_class(view, reference[ClassStats], weights, self.first, self.squared)


@dataclass(frozen=True)
class WeightedPerClassBatchNorm:
    """Per-class statistics weighted by the barycenter's weights (Eq. 14).

    The released code accepts the weights and ignores them; with a uniform-weight barycenter
    this is exactly PerClassBatchNorm.
    """

    first: float = 1.0
    squared: bool = False
    needs: tuple[type, ...] = (ClassStats, Barycenter)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        weights = reference[Barycenter].weights[view.labels, view.slots]  # (B,)
        return _per_class(view, reference[ClassStats], weights, self.first, self.squared)


def _per_class(
    view: View, stats: ClassStats, weights: Tensor, first: float, squared: bool
) -> Tensor:
    member = one_hot(view.labels, stats.means[0].shape[0]).to(weights.dtype).T  # (C, B)
    present = member.sum(1) > 0  # (C,)
    share = member * weights
    share = share / share.sum(1, keepdim=True).clamp_min(torch.finfo(share.dtype).tiny)
    terms = []
    for moments, mean, variance in zip(view.moments, stats.means, stats.variances, strict=True):
        per_class = _distance(*_statistics(moments, share), mean, variance, squared, present)
        terms.append(per_class.sum() if squared else per_class.sum() / present.sum())
    return _total(terms, first)


def _statistics(moments: Moments, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (k, ch) of k groups, `share` (k, B) holding each image's weight."""
    mean = share @ moments.mean
    return mean, share @ moments.square - mean.square()


def _distance(
    mean: Tensor,
    variance: Tensor,
    target_mean: Tensor,
    target_variance: Tensor,
    squared: bool,
    present: Tensor | None = None,
) -> Tensor:
    """||mean - target|| + ||variance - target|| per group (k,), or the sum of their squares."""
    gaps = (mean - target_mean, variance - target_variance)
    if present is not None:
        gaps = (gaps[0] * present[:, None], gaps[1] * present[:, None])
    if squared:
        return gaps[0].square().sum(1) + gaps[1].square().sum(1)
    return torch.linalg.vector_norm(gaps[0], dim=1) + torch.linalg.vector_norm(gaps[1], dim=1)


def _total(terms: Sequence[Tensor], first: float) -> Tensor:
    return first * terms[0] + torch.stack(list(terms[1:])).sum() if terms[1:] else first * terms[0]
