"""ZCA whitening, fitted on the real training images and undone exactly.

Source: MTT (arXiv:2203.11932), which whitens some CIFAR settings by kornia's ZCAWhitening with
eps 0.1; here without that package, in float64 while it is fitted.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.artifacts.values import RealSet
from bench.core.errors import BadValue
from bench.data.augment import eval_view
from bench.data.mixing import normalize

EPS = 0.1
MOST = 4096  # values of an image: a matrix of more does not pay, and takes minutes to decompose
BATCH = 1000


@dataclass(frozen=True)
class Whitening:
    """A linear map of flattened images and its inverse.

    Attributes:
        mean: (d,), of the training images.
        matrix, inverse: (d, d), symmetric.
        shape: (ch, H, W) of an image.
    """

    mean: Tensor
    matrix: Tensor
    inverse: Tensor
    shape: tuple[int, int, int]

    def __call__(self, images: Tensor) -> Tensor:
        """Whitened images (n, ch, H, W) of normalised ones."""
        mean, matrix = self.mean.to(images.device), self.matrix.to(images.device)
        return ((images.flatten(1) - mean) @ matrix).reshape(images.shape)

    def undo(self, images: Tensor) -> Tensor:
        """Normalised images (n, ch, H, W) of whitened ones."""
        mean, inverse = self.mean.to(images.device), self.inverse.to(images.device)
        return (images.flatten(1) @ inverse + mean).reshape(images.shape)


def whitening(real: RealSet, eps: float = EPS, device: torch.device | None = None) -> Whitening:
    """The whitening of a real set's images as networks take them, normalised.

    Args:
        eps: added to every eigenvalue of the covariance; 0 makes the covariance the identity.

    Raises:
        BadValue: images of more than 4,096 values, or fewer than two of them.
    """
    size = real.images.shape[1] * real.resolution**2
    if size > MOST or len(real.images) < 2:
        raise BadValue(
            f"zca: expected at least 2 images of at most {MOST} values, given {len(real.images)} "
            f"of {size}; leave whitening off at this resolution"
        )
    device = device or torch.device("cpu")
    total = torch.zeros(size, dtype=torch.float64, device=device)
    products = torch.zeros(size, size, dtype=torch.float64, device=device)
    for start in range(0, len(real.images), BATCH):
        flat = _views(real, slice(start, start + BATCH), device).flatten(1).double()
        total += flat.sum(0)
        products += flat.T @ flat
    count = len(real.images)
    mean = total / count
    covariance = (products - count * torch.outer(mean, mean)) / (count - 1)
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp_min(0) + eps
    matrix = (vectors * values.rsqrt()) @ vectors.T
    inverse = (vectors * values.sqrt()) @ vectors.T
    shape = (real.images.shape[1], real.resolution, real.resolution)
    return Whitening(mean.float(), matrix.float(), inverse.float(), shape)


def _views(real: RealSet, chosen: slice, device: torch.device) -> Tensor:
    pixels = eval_view(real.images[chosen].to(device), real.resolution)
    return normalize(pixels, real.mean, real.std)


class Whitened(nn.Module):
    """A network that takes normalised images and sees them whitened."""

    def __init__(self, model: nn.Module, whiten: Whitening) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", whiten.mean)
        self.register_buffer("matrix", whiten.matrix)

    def forward(self, images: Tensor) -> Tensor:
        mean, matrix = self.get_buffer("mean"), self.get_buffer("matrix")
        logits: Tensor = self.model(((images.flatten(1) - mean) @ matrix).reshape(images.shape))
        return logits
