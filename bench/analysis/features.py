"""What the teacher sees in images: pooled features and logits, batch by batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.artifacts.values import Teacher
from bench.data.augment import eval_view
from bench.data.mixing import normalize
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
) -> Seen:
    """The teacher's features and logits on uint8 images (n, ch, H, W), on centre crops."""
    model = network(teacher)
    device = next(model.parameters()).device
    features, logits = [], []
    with Tapped(model, layers=(layer,)) as tapped:
        for part in images.split(BATCH):
            out = tapped(normalize(eval_view(part.to(device), teacher.resolution), mean, std))
            features.append(out.features[layer].float().cpu())
            logits.append(out.logits.float().cpu())
    return Seen(torch.cat(features), torch.cat(logits))
