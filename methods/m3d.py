"""M3D: match whole distributions of embeddings, by an RBF kernel's maximum mean discrepancy.

Source: arXiv:2312.15927; its repository holds no code, so this follows the text as quoted by
re-implementations (methods.md 13): DM's loop under random ConvNets, factorised images (IDC's
decoder, factor 2), and for each class the biased squared MMD with a sum of five Gaussian kernels
whose bandwidth is the mean squared distance of the stacked embeddings, without a gradient. Numbers
of iterations, image steps for each network and the rate are ours, since no text that we have
states them. Evaluate it by `convnet-dsa`.
"""

import torch
from torch import Tensor

from bench import Integer, Uniform, distiller
from bench.stages.learned_images import ImageSteps, Start
from methods.dm import EmbeddingMatching

KERNELS = 5
MIDDLE = 2  # of the kernels, whose bandwidth is the mean squared distance itself


def rbf_discrepancy(real: Tensor, synthetic: Tensor) -> Tensor:
    """Biased squared MMD of embeddings (n, d) and (k, d) under a sum of five Gaussian kernels."""
    both, count = torch.cat((synthetic, real)), len(synthetic)
    squares = squared_distances(both)
    bandwidth = squares.detach().sum() / (len(both) * (len(both) - 1))
    scales = [2.0 ** (index - MIDDLE) for index in range(KERNELS)]
    kernel = torch.stack([torch.exp(-squares / (bandwidth * scale)) for scale in scales]).sum(0)
    own, cross, other = kernel[:count, :count], kernel[:count, count:], kernel[count:, count:]
    return own.mean() - 2 * cross.mean() + other.mean()


def squared_distances(x: Tensor) -> Tensor:
    """Squared distances (n, n) by products: no (n, n, d) tensor is made."""
    norms = x.square().sum(1)
    return (norms[:, None] + norms[None] - 2 * x @ x.T).clamp_min(0)


@distiller(
    "m3d",
    space={"lr": Uniform(0.1, 100.0, log=True), "per_network": Integer(1, 20)},
    lengths={"quick": {"iterations": 200, "batch": 64}, "smoke": {"iterations": 3, "batch": 16}},
)
def m3d(
    iterations: int = 10_000,
    lr: float = 1.0,
    batch: int = 256,
    start: Start = "real",
    dsa: bool = True,
    factor: int = 2,
    per_network: int = 10,
    arch: str = "",
) -> EmbeddingMatching:
    """Kernel distribution matching on factorised images under random ConvNets (M3D)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return EmbeddingMatching(steps, rbf_discrepancy, batch, dsa, arch, per_network)
