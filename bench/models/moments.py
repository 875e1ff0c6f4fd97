"""First and second moments of BatchNorm inputs: per image, per group of images, and pooled.

The moments of a group are weighted means of those of its images, so that groups may differ in size
and images in weight (arXiv:2311.18531, Eq. 14). Variances are biased (divided by n).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

from bench.artifacts.values import GlobalStats
from bench.artifacts.views import Moments
from bench.core.errors import BadValue


def image_moments(x: Tensor) -> Moments:
    """Mean and mean square over the pixels of each image and channel of (B, ch, H, W).

    Accumulates in float32 whatever the input. Not by `torch.var`, which once compiled is 100 times
    slower on CPUs; nor by autograd's own backward pass, which takes 2 to 3 times as long in eager
    mode as the one written out here.
    """
    mean, square = _ImageMoments.apply(x)
    return Moments(mean, square)


class _ImageMoments(Function):
    """d mean / d x = 1 / HW and d square / d x = 2 x / HW, in one pass and in the type of x."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x)
        values = x.float()
        return values.mean((2, 3)), values.square().mean((2, 3))

    @staticmethod
    def backward(ctx: Any, grad_mean: Tensor, grad_square: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        pixels = x.shape[2] * x.shape[3]
        constant = (grad_mean / pixels)[:, :, None, None].to(x.dtype)
        slope = (grad_square * (2 / pixels))[:, :, None, None].to(x.dtype)
        return torch.addcmul(constant, x, slope)


def group_moments(moments: Moments, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (k, ch) of k groups; `share` (k, B) weighs images, rows sum to 1."""
    mean = share @ moments.mean
    return mean, (share @ moments.square - mean.square()).clamp_min(0)


def batch_moments(moments: Moments) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (ch,) over all pixels of all images."""
    mean = moments.mean.mean(0)
    return mean, (moments.square.mean(0) - mean.square()).clamp_min(0)


def class_moments(
    moments: Moments, labels: Tensor, num_classes: int, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (C, ch) of each class; zeros for classes without images.

    `labels` (B,) are class ids, `weights` (B,) count relative to those of the same class.
    """
    member = torch.arange(num_classes, device=labels.device)[:, None] == labels  # (C, B)
    share = member.to(moments.mean.dtype)
    if weights is not None:
        share = share * weights.to(share.dtype)
    total = share.sum(1, keepdim=True)
    return group_moments(moments, share / torch.where(total > 0, total, 1))


def pooled(
    means: Sequence[Tensor], variances: Sequence[Tensor], counts: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of a union of parts, from theirs and their sizes."""
    share = torch.tensor(counts, dtype=torch.float64, device=means[0].device)
    share = share / share.sum()
    stacked = torch.stack(tuple(means)).double()
    mean = torch.tensordot(share, stacked, 1)
    spread = torch.stack(tuple(variances)).double() + (stacked - mean).square()
    dtype = means[0].dtype
    return mean.to(dtype), torch.tensordot(share, spread, 1).to(dtype)


def bn_running_stats(model: nn.Module) -> GlobalStats:
    """Running means and variances of every BatchNorm2d layer, in the order of `modules()`.

    Raises:
        BadValue: there is none, or one that keeps no running statistics.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    means = [norm.running_mean for norm in norms]
    variances = [norm.running_var for norm in norms]
    if not norms or any(mean is None for mean in means):
        raise BadValue(
            "expected a network whose BatchNorm layers keep running statistics, given "
            f"{len(norms)} BatchNorm layers; choose a teacher with BatchNorm"
        )
    return GlobalStats(
        tuple(mean.clone() for mean in means if mean is not None),
        tuple(variance.clone() for variance in variances if variance is not None),
    )
