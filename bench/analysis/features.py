"""What the teacher sees in images: pooled features and logits, batch by batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.artifacts.values import Teacher
from bench.data.augment import eval_view
from bench.data.network_input import decode, normalised
from bench.models.taps import Tapped
from bench.stages.teacher import network

BATCH = 250


@dataclass(frozen=True)
class Seen:
    """Pooled features (n, d) and logits (n, C) of images, float32 on the CPU."""

    features: Tensor
    logits: Tensor


@torch.no_grad()
def seen_by(
    teacher: Teacher,
    images: Tensor,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    layer: str = "penultimate",
    factor: int = 1,
) -> Seen:
    """The teacher's features and logits on images (n, ch, H, W), on centre crops.

    Images are uint8 pixels or normalised floats; with a factor, each is decoded to factor**2.
    """
    model = network(teacher)
    device = next(model.parameters()).device
    features, logits = [], []
    with Tapped(model, layers=(layer,)) as tapped:
        for part in images.split(BATCH):
            view = normalised(eval_view(part.to(device), teacher.resolution), mean, std)
            out = tapped(decode(view, factor))
            features.append(out.features[layer].float().cpu())
            logits.append(out.logits.float().cpu())
    return Seen(torch.cat(features), torch.cat(logits))
