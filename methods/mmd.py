"""MMD in WMDD's pipeline: mean matching (linear kernel) in three readings, and an RBF kernel.

Source: arXiv:2311.18531, Appendix B (Eq. 23-26) and sections 5.5-5.6 name the linear and RBF
kernels without saying how they enter the pipeline; no code was released. The linear loss is the
norm of the stacked differences of class means, so that its gradient has the scale of WMDD's.
Readings: m1 keeps cross-entropy and PCBN, m2 drops cross-entropy, m3 drops both (our candidate
explanation of the paper's "near-random" remark). At IPC 1, m1's target is exactly WMDD's. The RBF
kernel follows M3D's five bandwidths, on the trained teacher instead of random networks.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from bench import (
    BnWeight,
    CeWeight,
    ClassFeatures,
    ClassMeans,
    MatchingDistiller,
    RecipeForm,
    Recover,
    Reference,
    Uniform,
    View,
    distiller,
)
from bench.plugin.recipes import require_weight
from methods.regularizers import PerClassBatchNorm

REAL = 256  # real features of a class that one step compares with
LARGEST_CLASS = 8192  # images of a class that can be drawn from


@dataclass(frozen=True)
class MeanMatch:
    """Norm of the stacked differences between synthetic and real class means, or its square."""

    squared: bool = False
    needs: tuple[type, ...] = (ClassMeans,)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        means = reference[ClassMeans].means  # (C, d)
        member = one_hot(view.labels, len(means)).to(view.features.dtype).T  # (C, B)
        count = member.sum(1, keepdim=True)
        gaps = (member @ view.features / count.clamp_min(1) - means) * (count > 0)
        distance: Tensor = torch.linalg.vector_norm(gaps)
        return gaps.square().sum() if self.squared else distance


@dataclass(frozen=True)
class KernelMatch:
    """sqrt of the summed squared MMD of each class under five RBF bandwidths, or the sum itself.

    Real features are drawn anew at every step, without replacement, min(n, 256) of each class
    (of its first 8192 images, where it has more).
    """

    factor: float = 10.0
    squared: bool = False
    needs: tuple[type, ...] = (ClassFeatures,)

    def __post_init__(self) -> None:
        require_weight("factor", self.factor)

    def __call__(self, view: View, reference: Reference) -> Tensor:
        real, present = draw_real(reference[ClassFeatures], view)  # (k, r, d), (k, r)
        synthetic = view.features.unflatten(0, (-1, view.per_class))  # (k, m, d)
        discrepancy = squared_mmd(synthetic, real, present).sum()
        if self.squared:
            return self.factor * discrepancy
        return self.factor * discrepancy.clamp_min(torch.finfo(real.dtype).tiny).sqrt()


def draw_real(features: ClassFeatures, view: View) -> tuple[Tensor, Tensor]:
    """Fresh real features (k, r, d) of the k classes of a batch, from the view's noise.

    A class with fewer than r images has all of them; `present` (k, r) tells them from padding.
    """
    starts, sizes = features.runs.starts, features.runs.sizes
    chosen = view.labels[:: view.per_class]  # (k,)
    count = min(REAL, features.runs.longest)
    order = view.noise.expand(len(chosen), -1)  # (k, LARGEST_CLASS)
    index = torch.arange(order.shape[1], device=order.device)
    outside = index >= sizes[chosen][:, None]
    drawn = order.masked_fill(outside, torch.inf).topk(count, dim=1, largest=False).indices
    present = drawn < sizes[chosen][:, None]
    return features.features[starts[chosen][:, None] + drawn.where(present, 0)], present


def squared_mmd(a: Tensor, b: Tensor, present: Tensor | None = None) -> Tensor:
    """Biased squared MMD (k,) of k pairs of samples (k, m, d) and (k, r, d), kernels summed.

    K(x, y) = sum over i = 0..4 of exp(-|x - y|^2 / (h 2^(i-2))), h the mean squared distance of
    the pooled sample, detached. Rows of b that are not `present` (k, r) do not count.
    """
    (k, m, _), r = a.shape, b.shape[1]
    if present is None:
        present = torch.ones(k, r, dtype=torch.bool, device=b.device)
    counted = torch.cat((present.new_ones(k, m), present), dim=1).to(a.dtype)  # (k, n)
    pairs = counted[:, :, None] * counted[:, None]  # (k, n, n)
    distance = squared_distances(torch.cat((a, b), dim=1))
    total = counted.sum(1)
    bandwidth = (distance.detach() * pairs).sum((1, 2)) / (total * total - total)
    bandwidth = bandwidth[:, None, None].clamp_min(torch.finfo(distance.dtype).tiny)
    kernel = sum(torch.exp(-distance / (bandwidth * 2.0 ** (i - 2))) for i in range(5)) * pairs
    sizes = total - m  # of b
    within_a = kernel[:, :m, :m].sum((1, 2)) / m**2
    within_b = kernel[:, m:, m:].sum((1, 2)) / sizes**2
    return within_a - 2 * kernel[:, :m, m:].sum((1, 2)) / (m * sizes) + within_b


def squared_distances(points: Tensor) -> Tensor:
    """Between all rows of each sample (k, n, d): (k, n, n), in the memory of the result."""
    points = points - points.detach().mean(1, keepdim=True)  # smaller numbers lose fewer digits
    products = points @ points.mT
    squares = products.diagonal(dim1=1, dim2=2)
    return (squares[:, :, None] + squares[:, None] - 2 * products).clamp_min(0)


READINGS = {"m1": (1.0, 1.0), "m2": (0.0, 1.0), "m3": (0.0, 0.0)}  # factors on CE and PCBN
SPACE = {"bn_weight": Uniform(0.1, 1000.0, log=True)}


@distiller("mmd-linear", space=SPACE)
def mmd_linear(
    reading: Literal["m1", "m2", "m3"] = "m1",
    bn_weight: BnWeight = 10.0,
    ce_weight: CeWeight = 1.0,
    form: RecipeForm = "norm",
    layer: str = "penultimate",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Matching of class means (linear-kernel MMD) in place of the barycenter."""
    classification, statistics = READINGS[reading]
    return MatchingDistiller(
        MeanMatch(form == "squares"),
        PerClassBatchNorm(squared=form == "squares"),
        bn_weight=bn_weight * statistics,
        ce_weight=ce_weight * classification,
        recover=recover,
        layer=layer,
    )


@distiller("mmd-rbf", space={**SPACE, "factor": Uniform(1.0, 100.0, log=True)})
def mmd_rbf(
    factor: float = 10.0,
    bn_weight: BnWeight = 10.0,
    ce_weight: CeWeight = 1.0,
    form: RecipeForm = "norm",
    layer: str = "penultimate",
    recover: Recover = Recover(),  # noqa: B008
) -> MatchingDistiller:
    """Multi-bandwidth RBF MMD to resampled real features in place of the barycenter."""
    return MatchingDistiller(
        KernelMatch(factor, form == "squares"),
        PerClassBatchNorm(squared=form == "squares"),
        bn_weight=bn_weight,
        ce_weight=ce_weight,
        recover=recover,
        layer=layer,
        draws=LARGEST_CLASS,
    )
